"""Files in the language of ldirectord.cf by the thousand: valid ones, and ones with mistakes.

The values are those that people write, and the borders of what the daemon takes. Host names do
not resolve where tests run, so hosts are addresses, and `localhost`.
"""

import functools
import json
import string
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

Text = st.SearchStrategy[str]
ROOT = Path(__file__).parents[2]


@functools.lru_cache
def texts(count: int, number: int) -> tuple[bytes, ...]:
    """`count` different files, the same ones for the same `number`.

    They are made by a process of their own: hypothesis takes values from the modules that are
    loaded, and would make other files whenever the project changes.
    """
    command = [sys.executable, "-m", __name__, str(count), str(number)]
    made = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT).stdout
    return tuple(text.encode("latin-1") for text in json.loads(made))


def _made(count: int, number: int) -> tuple[bytes, ...]:
    found: dict[bytes, None] = {}
    turn = 0
    while len(found) < count:

        @seed(number + turn)
        @settings(
            max_examples=count,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(FILES)
        def collect(text: str) -> None:
            if len(found) < count:
                found.setdefault(text.encode("utf-8", "surrogateescape"))

        collect()
        turn += 1_000_003
    return tuple(found)


def _words(*values: str) -> Text:
    return st.sampled_from(values)


def _joined(*parts: Text | str) -> Text:
    """The parts one behind the other."""
    whole = [part if isinstance(part, st.SearchStrategy) else st.just(part) for part in parts]
    return st.tuples(*whole).map("".join)


def _rarely(bad: Text, good: Text, *, odds: int = 150) -> Text:
    """One of `odds` is a mistake."""
    return st.integers(0, odds - 1).flatmap(lambda turn: bad if turn == odds // 2 else good)


def _maybe(part: Text, *, odds: int = 2) -> Text:
    """The part, or nothing in all but one of `odds` cases."""
    return _rarely(part, st.just(""), odds=odds)


NUMBERS = _words(
    "1", "2", "3", "5", "10", "30", "007", "99999", "2s", "1.5", "abc5", " 7 ", "12 # x"
)
BAD_NUMBERS = _words("0", "", "x", "-1", "-", "00", "a0b")
YES_NO = _words("yes", "no")
BAD_YES_NO = _words("yes ", "no\r", "Yes", "yess", "true", "1", "", '"yes"', "no # not", "on")
IPV4 = _words("10.0.0.1", "10.0.0.2", "192.0.2.1", "192.0.2.2", "198.51.100.7", "127.0.0.1")
NAMED = st.one_of(IPV4, IPV4, _words("localhost", "10.1", "10.1.1.01", "0x7f.1", "167772161"))
BAD_HOSTS = _words(
    "10.0.0.256", "10.0.0.1.", "nosuch.invalid", "", "::1", "[::1]", "10.0.0.1/24", "-"
)
PLAIN6 = _words("[2001:db8::1]", "[2001:db8::2]", "[::1]", "[2001:DB8:0:0::3]")
IPV6 = st.one_of(PLAIN6, PLAIN6, PLAIN6, _words("[::ffff:10.0.0.1]"))
PORTS = _words("80", "81", "443", "25", "53", "3306", "1812", "8080", "5060", "21", "389", "65535")
SERVICES = _words("http", "domain", "https", "smtp", "ftp", "mysql", "imaps", "pop3", "sip")
BAD_PORTS = _words("0", "65536", "nosuch", "-1", "8o", "80x", "http2", "")
ANY_PORT = st.one_of(PORTS, PORTS, PORTS, SERVICES)
METHODS = _words("gate", "masq", "ipip", "gate", "masq")
BAD_METHODS = _words("gatee", "GATE", "nat", "", "gate,", "dr", "g")
TEXTS = _words(
    "index.html", "/index.html", "/a b", "x=1&y=2", "select 1", "a,b", "/", "é", "%20", "it's"
)
PATTERNS = _words(
    "OK", "Test Page", "OK web[0-9]+", "^2\\d\\d", "(a|b)", "a.b", "\\.", "ok$", "\\w+", "é"
)
PATHS = _words("/bin/true", "/bin/false", "./check.sh", "/bin/true -x", "true")
MAILS = _words(
    "root", "a@example.com", "a@example.com,b@example.com", "a@example.com, b@example.com"
)
STATES = _words(
    "all",
    "none",
    "starting",
    "running",
    "stopping,reloading",
    "running, stopping",
    "starting,running,stopping,reloading",
)
BAD_STATES = _words("all,none", "none,running", "never", "", "running,,stopping", "Running")


def _quoted(text: Text) -> Text:
    return _rarely(
        st.one_of(text, _joined('"', text), _joined("'", text, "'"), st.just('""')),
        _joined('"', text, '"'),
    )


def _loosely(text: Text) -> Text:
    """In quotes or without them."""
    return st.one_of(_joined('"', text, '"'), text)


NUMBER = _rarely(BAD_NUMBERS, NUMBERS)
FLAG = _rarely(BAD_YES_NO, YES_NO)
HOST = _rarely(BAD_HOSTS, NAMED)
PORT = _rarely(BAD_PORTS, ANY_PORT)
METHOD = _rarely(BAD_METHODS, METHODS)
EQUALS = _words("=", "=", "=", " = ", "= ", " =", "  =  ")


def _setting(name: str, value: Text) -> Text:
    return _joined(name, EQUALS, value)


FALLBACK = _joined(HOST, _maybe(_joined(":", PORT)), _maybe(_joined(" ", METHOD)))
FALLBACK6 = _joined(PLAIN6, _maybe(_joined(":", PORT)), _maybe(_joined(" ", METHOD)))
FREQUENCY = _rarely(BAD_NUMBERS, _words("0", "1", "3600", "1800"))

BOTH: Sequence[Text] = [
    _setting("checktimeout", NUMBER),
    _setting("negotiatetimeout", NUMBER),
    _setting("checkinterval", NUMBER),
    _setting("checkcount", NUMBER),
    _setting("failurecount", NUMBER),
    _setting("quiescent", FLAG),
    _setting("cleanstop", FLAG),
    _setting("fallbackcommand", _loosely(PATHS)),
    _setting("emailalert", _loosely(MAILS)),
    _setting("emailalertfreq", FREQUENCY),
    _setting("emailalertstatus", _rarely(BAD_STATES, STATES)),
    _setting("smtp", _words("127.0.0.1", "localhost", "mail.example.com", "127.0.0.1 ")),
]
GLOBAL = st.one_of(
    *BOTH,
    _setting("fallback", FALLBACK),
    _setting("fallback6", FALLBACK6),
    _setting("autoreload", FLAG),
    _setting("fork", FLAG),
    _setting("supervised", FLAG),
    _setting("readdquiescent", FLAG),
    _setting("callback", _quoted(PATHS)),
    _setting("logfile", _quoted(_words("/var/log/l.log", "local0", "daemon"))),
    _setting("emailalertfrom", MAILS),
    _setting("execute", _words("web", "www.cf", "a b")),
    _setting("maintenancedir", _words("/tmp", "maintenance", "/etc/ha.d/m/")),
    _rarely(
        _words(
            "supervised",
            "timeout=3",
            "connecttimeout = 3",
            "nosuch=1",
            "autoreload",
            "=1",
            "checktimeout 5",
            "service=http",
        ),
        _words("# a comment", "  # indented", "\t", ""),
        odds=8,
    ),
)
PAIR = _joined(
    ' "',
    TEXTS,
    '"',
    _words(", ", ",", " ", "  ,  "),
    '"',
    PATTERNS,
    '"',
)
LIMITS = _rarely(
    _words(" u:20 l:10", " l:x", " u:"),
    _words(" l:1 u:2", " l:10 u:20", " u:5", " l:0", " l:5", " u:0"),
    odds=12,
)
WEIGHT = _words(" 1", " 5", " 0", " 100", "  7", " 65535", " -1", " 1.5", " w", " 1 2", " 01")
TARGET = st.one_of(
    HOST,
    HOST,
    HOST,
    HOST,
    HOST,
    _rarely(
        _words("10.0.0.3->10.0.0.1", "10.0.0.1-> 10.0.0.2"),
        _words(
            "10.0.0.1->10.0.0.3",
            "10.0.0.254->10.0.1.1",
            "10.0.0.2->10.0.0.2",
            "localhost->127.0.0.3",
        ),
        odds=20,
    ),
)
REAL = _joined(
    TARGET,
    _maybe(_joined(":", PORT), odds=4),
    _words(" ", " ", " ", "  ", "\t"),
    METHOD,
    _maybe(_rarely(WEIGHT, _words(" 1", " 5", " 0", " 100"), odds=12)),
    _maybe(PAIR, odds=4),
    _maybe(LIMITS, odds=5),
    _maybe(_words(" ", " x", "\t"), odds=60),
)
REAL6 = _joined(
    _rarely(_words("::1", "10.0.0.1", "[::g]", "[::1"), IPV6),
    _maybe(_joined(":", PORT)),
    " ",
    METHOD,
    _maybe(_words(" 1", " 5", " 0")),
    _maybe(PAIR, odds=4),
    _maybe(LIMITS, odds=5),
)
CHECKTYPES = _rarely(
    _words("none", "0", "-1", "Ping", "connected", "1x", "", "http", "negotiate2"),
    _words("connect", "negotiate", "external", "external-perl", "ping", "on", "off", "1", "5"),
)
SERVICE = _rarely(
    _words("HTTP", "httpx", "", "www", "tcp"),
    _words(
        "dns",
        "ftp",
        "http",
        "https",
        "http_proxy",
        "imap",
        "imaps",
        "ldap",
        "ldaps",
        "mysql",
        "nntp",
        "none",
        "oracle",
        "pgsql",
        "pop",
        "pops",
        "radius",
        "simpletcp",
        "sip",
        "smtp",
        "submission",
    ),
)
SECTION: Sequence[Text] = [
    *BOTH,
    _setting("checktype", CHECKTYPES),
    _setting("checktype", CHECKTYPES),
    _setting("service", SERVICE),
    _setting("service", SERVICE),
    _setting("checkcommand", _loosely(PATHS)),
    _setting("checkport", _rarely(BAD_PORTS, PORTS)),
    _setting("request", _quoted(TEXTS)),
    _setting("receive", _quoted(PATTERNS)),
    _setting(
        "httpmethod",
        _rarely(_words("POST", "", '"GET"', "GETS"), _words("GET", "HEAD", "get", "Head")),
    ),
    _setting("virtualhost", _loosely(_words("www.example.com", "a b", "x:80", "w_w"))),
    _setting("login", _quoted(_words("user", "a b", "ü"))),
    _setting("passwd", _quoted(_words("secret", "p@ss w0rd", "a'b"))),
    _setting("database", _quoted(_words("db", "mysql"))),
    _setting("secret", _quoted(_words("s3", "a=b"))),
    _setting("load", _quoted(_words("x", "1"))),
    _setting(
        "scheduler",
        _rarely(
            _words("RR", "", "1", "w-r", "Wlc"),
            _words("rr", "wrr", "wlc", "sh", "mh", "sed", "rr1", "lc "),
        ),
    ),
    _setting("persistent", NUMBER),
    _setting(
        "netmask",
        _rarely(
            _words("255.255.255", "300.0.0.0", "x", "33", "0", "129"),
            _words("255.255.255.0", "255.255.255.255", "255.0.0.0", "64", "24"),
        ),
    ),
    _setting("schedflags", _loosely(_words("sh-port", "sh-fallback,sh-port", "flag-1", "mh-port"))),
    _setting(
        "protocol",
        _rarely(_words("TCP", "sctp", "", "icmp"), _words("tcp", "udp", "tcp", "udp", "fwm")),
    ),
    _setting("ops", FLAG),
    _setting("monitorfile", _loosely(_words("monitor.log", "/nosuch/monitor"))),
    _setting("servicename", _loosely(_words("Web Site", "x"))),
    _setting("comment", _loosely(_words("for tests", "y"))),
    _rarely(
        _words("timeout=3", "nosuch=1", "autoreload=yes", "real=10.0.0.1 gate", "service"),
        _words("# a comment", "   # another"),
        odds=8,
    ),
]
_OWN4, _OWN6 = _setting("fallback", FALLBACK), _setting("fallback6", FALLBACK6)
SETTING4 = st.one_of(*SECTION, _rarely(_OWN6, _OWN4, odds=20))
SETTING6 = st.one_of(*SECTION, _rarely(_OWN4, _OWN6, odds=20))
MARK = _rarely(_words("0", "-1", "x", "1x", "007"), _words("1", "2", "3", "7", "4294967295"))
PLACE4 = st.one_of(
    _joined(HOST, ":", PORT), _joined(HOST, ":", PORT), _joined(IPV4, ":", PORTS), MARK
)
PLACE6 = st.one_of(_joined(IPV6, ":", PORT), _joined(IPV6, ":", PORTS), MARK)
INDENT = _rarely(
    _words("   ", "", "  ", " \t"),
    _words("    ", "    ", "        ", "\t", "\t\t", "     "),
    odds=400,
)
TRAIL = _rarely(_words(" # why", "  ", "\r", "#", '"', " x"), st.just(""), odds=200)


def _line(setting: Text) -> Text:
    return _joined(INDENT, setting, TRAIL)


def _section(head: str, place: Text, real: Text, setting: Text) -> Text:
    lines = st.lists(st.one_of(_line(setting), _line(setting), _line(real)), max_size=8)
    return st.builds(
        lambda first, inner, last: "\n".join([first, *inner]) + last,
        _joined(head, EQUALS, place, _maybe(_words(" ", " x", "\r", "#"), odds=60)),
        lines,
        _words("\n", "\n", "\n\n", "\n\n"),
    )


FOUR = _section("virtual", PLACE4, _setting("real", REAL), SETTING4)
SIX = _section("virtual6", PLACE6, _setting("real6", REAL6), SETTING6)
WHOLE = st.builds(
    lambda before, sections, after: "\n".join([*before, "".join(sections)]) + after,
    st.lists(_joined(GLOBAL, _maybe(_words(" ", "# x", "\r"), odds=120)), max_size=5),
    st.lists(st.one_of(FOUR, FOUR, FOUR, SIX), min_size=1, max_size=3),
    _maybe(_joined(GLOBAL, _words("\n", ""))),
)


@st.composite
def _mutated(draw: st.DrawFn, whole: Text) -> str:
    """A file with up to three slips of the hand."""
    text = draw(whole)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        width = draw(st.integers(1, 4))
        extra = draw(st.one_of(st.sampled_from(string.printable), st.sampled_from(STRANGE)))
        kind = draw(st.integers(0, 3))
        if kind == 0:
            text = text[:at] + text[at + width :]
        elif kind == 1:
            text = text[:at] + extra + text[at:]
        elif kind == 2:
            text = text[:at] + extra + text[at + 1 :]
        else:
            lines = text.split("\n")
            number = draw(st.integers(0, len(lines) - 1))
            lines.insert(draw(st.integers(0, len(lines))), lines[number])
            text = "\n".join(lines)
    return text


STRANGE = [
    '"',
    '""',
    "#",
    " ",
    "    ",
    "\t",
    "\n",
    "\r\n",
    ",",
    "->",
    ":",
    "=",
    "[",
    "]",
    "\\",
    "é",
]
FILES: st.SearchStrategy[Any] = st.one_of(WHOLE, WHOLE, _mutated(WHOLE))

if __name__ == "__main__":
    print(
        json.dumps([text.decode("latin-1") for text in _made(int(sys.argv[1]), int(sys.argv[2]))])
    )
