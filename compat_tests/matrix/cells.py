"""Every service in every condition: what a cell of the matrix is."""

from collections.abc import Mapping

import attrs

from compat_tests.checkers.servers import ADMIN_DN, BASE_DN, PASSWORD, SECRET, USER
from compat_tests.checkers.test_sql import PASSWORD as SQL_PASSWORD

TIMEOUT = 2  # seconds that each check gets

CONDITIONS = (
    "healthy",
    "wrong answer",
    "wrong password",
    "refused",
    "black hole",
    "silent",
    "drip",
    "garbage",
    "reset",
    "broken TLS",
)

Options = Mapping[str, str]


@attrs.frozen(kw_only=True)
class Service:
    """A row of the matrix: how a service is checked, and what makes its answer wrong.

    `start` is how its servers start to speak, for one that drips; `free` says whether there is a
    real server that everybody can install.
    """

    name: str
    options: Options = attrs.field(factory=dict)
    wrong: Options | None = None
    intruder: Options | None = None
    start: bytes = bytes(40)
    service: str = attrs.Factory(lambda self: self.name, takes_self=True)
    tls: bool = False
    udp: bool = False
    free: bool = True

    def section(self, condition: str, port: int) -> str:
        """The configuration for a server in this condition, for both daemons."""
        changed = {"wrong answer": self.wrong, "wrong password": self.intruder}.get(condition)
        options = {
            "service": self.service,
            "protocol": "udp" if self.udp else "tcp",
            **self.options,
            **(changed or {}),
        }
        lines = [
            f"checktimeout={TIMEOUT}",
            f"negotiatetimeout={TIMEOUT}",
            "checkinterval=60",
            "virtual=127.0.0.9:9",
            f"    real=127.0.0.1:{port} masq",
            *(f"    {name}={value}" for name, value in options.items()),
        ]
        return "\n".join(lines) + "\n"

    def has(self, condition: str) -> bool:
        """Whether a server of this kind can be in the condition."""
        match condition:
            case "healthy":
                return self.free
            case "wrong answer":
                return self.free and self.wrong is not None
            case "wrong password":
                return self.free and self.intruder is not None
            case "broken TLS":
                return self.tls
            case "black hole" | "drip" | "reset":
                return not self.udp
        return True


def _quoted(**options: str) -> Options:
    return {name: f'"{value}"' for name, value in options.items()}


LOGIN = _quoted(login=USER, passwd=PASSWORD)
INTRUDER = _quoted(passwd="wrong-pw")
PAGE = _quoted(receive="Test Page")
SORRY = _quoted(receive="Sorry")
FILE = _quoted(request="page.txt", login=USER, passwd=PASSWORD, receive="Test Page")
ENTRY = _quoted(request=BASE_DN, login=ADMIN_DN, passwd=PASSWORD, receive="dc=example")
SQL = _quoted(login="tester", passwd=SQL_PASSWORD, request="SELECT 1")
NO_ROW = _quoted(request="SELECT 1 FROM (SELECT 1) t WHERE 1 = 0")

HTTP = b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"
MAIL = b"220 mx.example.com ESMTP ready\r\n"
POP, IMAP = b"+OK Dovecot ready.\r\n", b"* OK Dovecot ready.\r\n"


def services(page: int) -> list[Service]:
    """The rows; `page` is the port of a web server, for the proxy to fetch from."""
    address = "192.0.2.1"
    return [
        Service(name="connect", options={"checktype": "connect"}, service="none"),
        Service(name="http", options=PAGE, wrong=SORRY, start=HTTP),
        Service(name="https", options=PAGE, wrong=SORRY, start=HTTP, tls=True),
        Service(
            name="http_proxy",
            options={**PAGE, **_quoted(request=f"http://127.0.0.1:{page}/")},
            wrong=SORRY,
            start=HTTP,
        ),
        Service(name="ftp", options=FILE, wrong=SORRY, intruder=INTRUDER, start=MAIL),
        Service(
            name="ftp without receive",
            service="ftp",
            options=_quoted(request="page.txt", login=USER, passwd=PASSWORD),
            wrong=_quoted(request="none.txt"),
            intruder=INTRUDER,
            start=MAIL,
        ),
        Service(name="smtp", start=MAIL),
        Service(name="submission", start=MAIL),
        Service(name="pop", options=LOGIN, intruder=INTRUDER, start=POP),
        Service(name="pops", options=LOGIN, intruder=INTRUDER, start=POP, tls=True),
        Service(name="imap", options=LOGIN, intruder=INTRUDER, start=IMAP),
        Service(
            name="imaps",
            options=LOGIN,
            intruder=INTRUDER,
            start=IMAP,
            tls=True,
        ),
        Service(name="nntp", start=b"200 Leafnode NNTP Daemon\r\n"),
        Service(name="ldap", options=ENTRY, wrong=SORRY, intruder=INTRUDER),
        Service(name="ldaps", options=ENTRY, wrong=SORRY, intruder=INTRUDER, tls=True),
        Service(
            name="dns",
            options=_quoted(request="www.example.com", receive=address),
            wrong=SORRY,
            udp=True,
        ),
        Service(
            name="dns over TCP",
            service="dns",
            options=_quoted(request="www.example.com", receive=address),
            wrong=SORRY,
        ),
        Service(
            name="mysql",
            options={**SQL, **_quoted(database="tests")},
            wrong=NO_ROW,
            intruder=INTRUDER,
        ),
        Service(
            name="pgsql",
            options={**SQL, **_quoted(database="postgres")},
            wrong=NO_ROW,
            intruder=INTRUDER,
        ),
        Service(name="oracle", options={**SQL, **_quoted(database="tests")}, free=False),
        Service(
            name="radius",
            options={**LOGIN, **_quoted(secret=SECRET)},
            intruder=INTRUDER,
            udp=True,
        ),
        Service(
            name="sip",
            options=_quoted(login="joe@example.com"),
            wrong=_quoted(login="nobody@example.com"),
            udp=True,
        ),
        Service(
            name="sip over TCP",
            service="sip",
            options=_quoted(login="joe@example.com"),
            wrong=_quoted(login="nobody@example.com"),
            start=b"SIP/2.0 200 OK\r\n\r\n",
        ),
        Service(
            name="simpletcp",
            options=_quoted(request="QUIT\\n", receive="^221 "),
            wrong=_quoted(receive="^222 "),
            start=MAIL,
        ),
    ]
