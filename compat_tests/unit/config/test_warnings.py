"""What is legal in a file and probably not meant."""

from pathlib import Path

import pytest

from ldirpy import load, loads
from ldirpy.config.load import read
from ldirpy.config.warnings import never, refused_by_perl

TCP = "quiescent=no\nvirtual=192.0.2.1:80\n    real=192.0.2.2:80 gate\n"
UDP = 'quiescent=no\nvirtual=192.0.2.1:53\n    real=192.0.2.2:53 masq\n    request="a.example"\n'
MARK = "quiescent=no\nvirtual=7\n    real=192.0.2.2 gate\n"


def found(text: str) -> list[str]:
    """The headlines of the warnings of a text."""
    return [problem.headline() for problem in loads(f"{text}\n", path="a.cf").warnings]


@pytest.mark.parametrize(
    ("text", "headline"),
    [
        (
            TCP.removeprefix("quiescent=no\n"),
            "1:9: virtual: quiescent is not set: it is no then, "
            "though ldirectord's manual says yes",
        ),
        ("checktimeout=5s", "1:14: checktimeout: is read as 5"),
        ("checktimeout=1.5", "1:14: checktimeout: is read as 1"),
        ("checkcount=2", "1:1: checkcount: is deprecated"),
        ("maintenancedir=/nosuch", "1:16: maintenancedir: there is no such directory"),
        ("maintenancedir=/tmp", None),
        ("supervised", "1:1: supervised: a bare supervised is deprecated"),
        ("smtp=mail", "1:1: smtp: has no effect: there is no emailalert"),
        ("fallback=:80", "1:10: fallback: names no host, which means 127.0.0.1"),
        ("autoreload=no\nautoreload=yes", "2:1: autoreload: overrides line 1"),
        (TCP + "    checkinterval=3", "4:5: checkinterval: has no effect without fork=yes"),
        ("fork=yes\n" + TCP + "    checkinterval=3", None),
        (TCP + "    ops=yes", "4:5: ops: has no effect with protocol tcp: it is for udp"),
        (UDP + "    ops=yes", None),
        (TCP + "    netmask=255.255.255.0", "4:5: netmask: has no effect without persistent"),
        (TCP + "    persistent=60\n    netmask=255.255.255.0", None),
        (TCP + "    persistent=0", "4:16: persistent: 0 is not persistent"),
        (TCP + "    checkcount=2", "4:5: checkcount: has no effect on a check other than ping"),
        (
            TCP + "    real=192.0.2.3:81 gate",
            "4:19: real: gate cannot change the port: clients come to port 80 of the real server",
        ),
        (TCP + "    real=192.0.2.3:81 masq", None),
        (MARK + "    real=192.0.2.3:81 gate", None),
        (TCP + "    real=192.0.2.2:80 ipip", "4:10: real: 192.0.2.2 is there already, in line 3"),
        (TCP + "    real=192.0.2.1->192.0.2.3:80 gate", "4:10: real: 192.0.2.2 is there already, "
         "in line 3"),
        (TCP + "    fallback=192.0.2.2", "4:14: fallback: the fallback server 192.0.2.2:80 is a "
         "real server too"),
        (TCP + '    receive="price $5"', "4:13: receive: can never match: there is text behind $, "
         "the end"),
        (TCP + '    receive="OK"\n    httpmethod=HEAD', "4:13: receive: can never match: the "
         "answer to HEAD has no page"),
        (TCP + '    servicename="a # b"', "4:20: servicename: a # starts a comment in quotes too: "
         "the value ends before it"),
        (TCP + "    checktype=connect\n    receive=\"OK\"", "5:5: receive: has no effect with "
         "checktype connect"),
        (TCP + '    service=smtp\n    virtualhost="a"', "5:5: virtualhost: has no effect with "
         "service smtp"),
        (TCP + "    checktype=external", "4:15: checktype: there is no checkcommand: all servers "
         "are up"),
        (TCP + "    service=mysql", "4:13: service: a check by mysql without login and request is "
         "always down"),
        (TCP + "    service=http-proxy", "4:13: service: is read as http"),
        (TCP + "    real=192.0.2.3:80 gate -w 3", "4:28: real: has no effect: '-w'"),
        (TCP + "    real=192.0.2.3:80 gate 3 l:5", "4:30: real: IPVS takes no l:5 above u:0"),
        ("quiescent=no\nvirtual=172.16.0.1\n    real=10.0.0.1 gate", "2:9: virtual: is read as "
         "the firewall mark 172: there is no port"),
        ("quiescent=no\nvirtual=192.0.2.1:80\n    service=http", "2:9: virtual: has no real "
         "servers"),
        (UDP, None),
    ],
)  # fmt: skip
def test_what_is_odd_is_told(text: str, headline: str | None) -> None:
    """The warning names the place and says what will happen; what is all right has none."""
    expected = [] if headline is None else [f"a.cf:{headline}"]

    assert found(text) == expected


@pytest.mark.parametrize(
    ("pattern", "matches_something"),
    [
        ("a$", True), ("a$b", False), ("a\\$b", True), ("^a", True), ("a^", False), ("a\\^b", True),
        ("a|^b", True), ("(?m)a$\\nb", True), ("[$]5", True), ("5 $ each", False), ("(a$)", True),
        ("\\Qa$b\\E", True), ("a$ ?", True), ("(?x) a $ # end", True), ("$", True),
    ],
)  # fmt: skip
def test_a_pattern_that_can_never_match(pattern: str, matches_something: bool) -> None:
    """Text behind the end, or before the beginning; in doubt there is no warning."""
    assert (never(pattern) is None) is matches_something


@pytest.mark.parametrize(
    ("mode", "words"), [(0o600, None), (0o640, None), (0o644, "read"), (0o602, "write")]
)
def test_passwords_in_the_open(tmp_path: Path, mode: int, words: str | None) -> None:
    """A file with a password that everybody may read or write is told of, without the password."""
    path = tmp_path / "a.cf"
    path.write_text(TCP + '    service=imap\n    passwd="hush"\n\n')
    path.chmod(mode)

    told = [str(problem) for problem in load(path).warnings]

    assert [f"everybody may {words} this file" in one for one in told] == ([True] if words else [])
    assert "hush" not in str(told)


def test_what_perl_does_not_know(tmp_path: Path) -> None:
    """Each directive and value of ldirpy's own is named on demand, and not otherwise."""
    path = tmp_path / "a.cf"
    path.write_text("verify=yes\n" + TCP + "    service=https\n    httpstatus=200-299,401\n\n")
    reading = read(path)

    assert reading.config.warnings == ()
    assert [problem.line for problem in refused_by_perl(reading.record)] == [1, 6]
