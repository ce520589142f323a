"""What takes effect: defaults, what is inherited, numbers and names in the end."""

import attrs
import pytest

from ldirpy import Config, ConfigError, Protocol, Real, Virtual, loads
from ldirpy.checkers.registry import SERVICES as CHECKED
from ldirpy.config.directives import DIRECTIVES, SERVICES, Scope
from ldirpy.net import Family

SECTION = "virtual=192.0.2.1:80\n    {}\n\n"


def test_leading_zeros() -> None:
    """They change no number, but a service is not known by a port that is written with them."""
    with pytest.raises(ConfigError, match="is there already, in line 1"):
        loads("virtual=4\n\nvirtual=04\n\n")

    (virtual,) = loads("virtual=192.0.2.1:080\n    real=192.0.2.2:0080 gate 007\n").virtuals
    assert (virtual.port, virtual.service, virtual.protocol) == (80, "none", Protocol.TCP)
    assert virtual.reals == (Real(address="192.0.2.2", port=80, weight=7),)


def test_an_empty_receive() -> None:
    """A real server with an empty receive has none of its own."""
    (virtual,) = loads(SECTION.format('real=192.0.2.2:80 gate "a", ""')).virtuals

    assert virtual.reals == (Real(address="192.0.2.2", port=80, request="/a"),)


@pytest.mark.parametrize(
    ("text", "timeouts"),
    [
        ("", (5, 30)),
        ("checktimeout=1", (1, 1)),
        ("negotiatetimeout=2", (2, 2)),
        ("checktimeout=1\nnegotiatetimeout=2", (1, 2)),
        ("V checktimeout=3", (3, 3)),
        ("V negotiatetimeout=4", (4, 4)),
        ("V checktimeout=3\nV negotiatetimeout=4", (3, 4)),
        ("checktimeout=1\nV negotiatetimeout=4", (4, 4)),
        ("negotiatetimeout=2\nV checktimeout=3", (3, 3)),
        ("checktimeout=1\nnegotiatetimeout=2\nV checktimeout=3", (3, 3)),
    ],
)
def test_the_chains_of_timeouts(text: str, timeouts: tuple[int, int]) -> None:
    """Each of the two stands in for the other, within the section first."""
    rows = text.split("\n")
    inside = [f"    {row[2:]}" for row in rows if row.startswith("V ")]
    outside = [row for row in rows if not row.startswith("V ")]
    whole = "\n".join([*outside, "virtual=192.0.2.1:80", *inside, ""])
    (virtual,) = loads(whole).virtuals

    assert (virtual.checktimeout, virtual.negotiatetimeout) == timeouts


@pytest.mark.parametrize(
    ("text", "interval", "line"),
    [
        ("checkinterval=3", 3, 1),
        ("fork=yes\ncheckinterval=3\nvirtual=1\n    checkinterval=4\n", 4, 4),
        ("fork=no\ncheckinterval=3\nvirtual=1\n    checkinterval=4\n", 3, 2),
        ("fork=no\nvirtual=1\n    checkinterval=4\n", 10, None),
        ("virtual=1\n    checkinterval=4\nfork=yes\n", 4, 2),
    ],
)
def test_checkinterval(text: str, interval: int, line: int | None) -> None:
    """A virtual service has its own with fork=yes only, wherever that stands."""
    if "virtual" not in text:
        text += "\nvirtual=1\n\n"
    (virtual,) = loads(text).virtuals

    assert (virtual.checkinterval, virtual.places.get("checkinterval")) == (interval, line)


@pytest.mark.parametrize(
    ("lines", "login", "passwd"),
    [
        ("service=ftp", "anonymous", "ldirectord@here"),
        ('login="me"|service=ftp', "me", "ldirectord@here"),
        ('service=ftp|login="me"|passwd="p"', "me", "p"),
        ("service=ftp|service=http", "anonymous", "ldirectord@here"),
        ("service=sip", "ldirectord@here", ""),
        ("service=http", "", ""),
    ],
)
def test_logins_that_a_service_brings(
    monkeypatch: pytest.MonkeyPatch, lines: str, login: str, passwd: str
) -> None:
    """service=ftp and service=sip bring a login, if there is none."""
    monkeypatch.setenv("HOSTNAME", "here")
    (virtual,) = loads(SECTION.format(lines.replace("|", "\n    "))).virtuals

    assert (virtual.login, virtual.passwd) == (login, passwd)


EVERYTHING = """\
checkcount=2
callback="/bin/callback" # it
fallback=127.0.0.1
fallback6=:80 masq
fallbackcommand=/bin/fall back
logfile="local0"
emailalert="a@example.com, b@example.com"
emailalertfrom=Me <me@example.com>
emailalertfreq=60 s
emailalertstatus=starting ,running
smtp=mail.example.com
execute=one
execute=two
execute=one
supervised=yes
fork=yes
readdquiescent=yes
cleanstop=no
maintenancedir=/tmp
httpheader="X-A: 1"
verify=yes
virtual=192.0.2.1:http
    fallbackcommand="/bin/other" x
    emailalert=c@example.com
    emailalertfreq=0
    emailalertstatus=none
    smtp=other
    checkcommand="/bin/check"
    checktype=external-python
    login="me"
    passwd="p"
    database="d"
    secret="s"
    load="l"
    monitorfile=/dev/null
    servicename=The web\t
    comment=Call "me"
    httpstatus=200-299,401
    httpheader=X-B: 2
    httpheader=X-C: 3
    cafile="/ca.pem"
    checksource=192.0.2.9
    quiescent=yes
    cleanstop=yes
    persistent=0
virtual6=7
    real6=[::1] gate

"""


def test_every_directive_reaches_the_model() -> None:
    """What is for all, what a virtual service says, and what it inherits."""
    config = loads(EVERYTHING)
    web, mark = config.virtuals

    assert (config.checkcount, config.callback, config.logfile) == (2, "/bin/callback", "local0")
    assert config.fallback == Real(address="127.0.0.1")
    assert config.fallback6 == mark.fallback == Real(address="::1", port=80, forward="masq")
    assert (config.emailalertfrom, config.execute) == ("Me <me@example.com>", ("one", "two"))
    assert (config.supervised, config.fork, config.readdquiescent) == (True, True, True)
    assert config.maintenancedir == "/tmp"
    assert web == Virtual(
        address="192.0.2.1", port=80, fallback=Real(address="127.0.0.1", port=80),
        fallbackcommand="/bin/other", emailalert="c@example.com", emailalertfreq=0,
        emailalertstatus="none", smtp="other", checkcommand="/bin/check",
        checktype="external-python", login="me", passwd="p", database="d", secret="s", load="l",
        monitorfile="/dev/null", servicename="The web", comment='Call "me"',
        httpstatus=[(200, 299), 401], httpheader={"X-B": "2", "X-C": "3"}, cafile="/ca.pem",
        checksource="192.0.2.9", quiescent=True, cleanstop=True, checkcount=2, verify=True,
    )  # fmt: skip
    assert mark == Virtual(
        fwmark=7, family=Family.IPV6, reals=[Real(address="::1")], fallback=config.fallback6,
        fallbackcommand="/bin/fall back", emailalert=["a@example.com", "b@example.com"],
        emailalertfreq=60, emailalertstatus=["starting", "running"], smtp="mail.example.com",
        cleanstop=False, checkcount=2, httpheader={"X-A": "1"}, verify=True,
    )  # fmt: skip
    assert {name: web.places[name] for name in ("smtp", "checkcount", "fallback", "verify")} == {
        "smtp": 27, "checkcount": 1, "fallback": 3, "verify": 21,
    }  # fmt: skip


def test_the_table_of_directives() -> None:
    """Each row names a field of the model, for each place where the directive may stand."""
    for row in DIRECTIVES.values():
        inside, outside = Scope.VIRTUAL in row.scope, Scope.GLOBAL in row.scope
        assert row.doc
        if inside:
            assert row.field.removesuffix("6") in attrs.fields_dict(Virtual), row.name
        if outside and not row.extension:
            assert row.field in attrs.fields_dict(Config), row.name


def test_services() -> None:
    """Those that the language knows are those that have a checker."""
    assert sorted(SERVICES) == sorted(CHECKED)
