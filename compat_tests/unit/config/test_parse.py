"""The language of ldirectord.cf: what a file means, and what is said of a wrong one."""

from ipaddress import ip_address

import pytest

from ldirpy import (
    CheckType,
    Config,
    ConfigError,
    Forward,
    HttpMethod,
    Protocol,
    Real,
    Virtual,
    loads,
)
from ldirpy.net import Family

SAMPLE = """\
# a comment
checktimeout = 3
checkinterval=1
autoreload=yes
logfile="/var/log/ldirectord.log"
quiescent=yes
fallback=127.0.0.1:8080 gate

virtual=192.0.2.10:80
    real=192.0.2.1:80 gate
\treal=192.0.2.2->192.0.2.4:http masq 5 "a.html", "OK" l:10 u:20   # four of them
    # in between
        service=http
        request=".testpage"
        receive="test page"
        virtualhost="www.example.com"
        httpmethod=head
        scheduler=rr
        persistent=600
        netmask=255.255.255.0
        protocol=tcp
        checktype=4
        failurecount=3
virtual=7
    real=192.0.2.1 gate
    quiescent=no
    fallback=192.0.2.9 masq
virtual6=[2001:db8::10]:53
    real6=[2001:db8::1]:53 masq
    checktype=ping
    negotiatetimeout=7
"""


def test_a_whole_file() -> None:
    """Every directive of the first cut reaches its place in the model."""
    ranged = [
        Real(
            address=ip_address(f"192.0.2.{n}"), port=80, forward=Forward.MASQ, weight=5,
            request="/a.html", receive="OK", l_threshold=10, u_threshold=20,
        )
        for n in (2, 3, 4)
    ]  # fmt: skip
    web = Virtual(
        address=ip_address("192.0.2.10"), port=80,
        reals=[Real(address=ip_address("192.0.2.1"), port=80), *ranged],
        fallback=Real(address=ip_address("127.0.0.1"), port=8080),
        service="http", request="/.testpage", receive="test page",
        virtualhost="www.example.com", httpmethod=HttpMethod.HEAD, scheduler="rr",
        persistent=600, netmask="255.255.255.0", checktype=CheckType.COMBINED,
        connects_per_negotiate=4, failurecount=3, quiescent=True,
        checktimeout=3, negotiatetimeout=3, checkinterval=1,
    )  # fmt: skip
    mark = Virtual(
        fwmark=7, protocol=Protocol.FWM, reals=[Real(address=ip_address("192.0.2.1"))],
        fallback=Real(address=ip_address("192.0.2.9"), forward=Forward.MASQ), request="/",
        checktimeout=3, negotiatetimeout=3, checkinterval=1,
    )  # fmt: skip
    dns = Virtual(
        address=ip_address("2001:db8::10"), port=53, family=Family.IPV6, protocol=Protocol.UDP,
        reals=[Real(address=ip_address("2001:db8::1"), port=53, forward=Forward.MASQ)],
        checktype=CheckType.PING, service="dns", request="/", quiescent=True,
        checktimeout=7, negotiatetimeout=7, checkinterval=1,
    )  # fmt: skip

    assert loads(SAMPLE) == Config(
        virtuals=[web, mark, dns], checktimeout=3, checkinterval=1, autoreload=True, quiescent=True,
        fallback=Real(address="127.0.0.1", port=8080),
    )  # fmt: skip


def test_lines_are_remembered() -> None:
    """Each object knows the line it stands in."""
    config = loads(SAMPLE)
    assert [virtual.line for virtual in config.virtuals] == [9, 24, 28]
    assert [real.line for real in config.virtuals[0].reals] == [10, 11, 11, 11]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("nosuch=1", 1, "unknown directive"),
        ("chektimeout=1", 1, "did you mean checktimeout=?"),
        ("checktimeout=0", 1, "must be a number above 0"),
        ("quiescent=maybe", 1, "must be yes or no, not 'maybe'"),
        ("    real=192.0.2.1:80 gate", 1, "unknown command"),
        ("virtual=192.0.2.1:80\n\n    service=http", 3, "with no empty line between"),
        ("virtual=192.0.2.1:80\n    real=192.0.2.2:80", 2, "there is no forwarding method"),
        ("virtual=192.0.2.1:80\n    real=192.0.2.2:80 gatee", 2, "did you mean gate?"),
        ("virtual=192.0.2.1:80\n    real=192.0.2.2::5060 gate", 2, "cannot tell the address"),
        ("virtual=192.0.2.1:80\n    real=192.0.2.2:80 gate 1 x", 2, "cannot read 'x'"),
        ("virtual=192.0.2.1:80\n    real=192.0.2.9->192.0.2.2:80 gate", 2, "wrong way round"),
        ("virtual=192.0.2.1:80\n    real=10.0.0.0->10.255.255.255:80 gate", 2, "16,777,216"),
        ("virtual=192.0.2.1:80\n    real6=[::1]:80 gate", 2, "write real="),
        ("virtual=[2001:db8::1]:80", 1, "IPv6 has virtual6=, real6= and fallback6="),
        ("virtual6=[2001:db8::1]", 1, "has no port"),
        ("virtual=192.0.2.1:99999", 1, "99999 is no port"),
        ("virtual=192.0.2.1:80\n    receive=\"(a\"", 2, "not a regular expression"),
        ("virtual=192.0.2.1:80\n    request=index.html", 2, 'write "index.html"'),
        ("virtual=192.0.2.1:80\n    checktype=sometimes", 2, "unknown check type"),
        ("virtual=3\n    protocol=tcp", 2, "a firewall mark has the protocol fwm"),
        ("virtual=3\nvirtual=3", 2, "is there already, in line 1"),
        ("timeout=3", 1, "write checktimeout= and negotiatetimeout="),
        ("virtual=0", 1, "a firewall mark must be from 1 to 4294967295"),
        ("virtual=192.0.2.1:80\n    netmask=255.255.255.256", 2, "as 255.255.255.0"),
        ("virtual=192.0.2.1:80\n    checktimeout=00", 2, "above 0"),
        ("virtual=192.0.2.1:80\n    real=:80 gate", 2, "not a host or an address"),
        ("virtual=192.0.2.1:80\n    real=2001:db8::2 gate", 2, "in brackets"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(text: str, line: int, words: str) -> None:
    """The error has the path, the line, the text of the line, and what to write instead."""
    with pytest.raises(ConfigError) as caught:
        loads(text, path="a.cf")

    assert (caught.value.path, caught.value.line) == ("a.cf", line)
    assert words in str(caught.value)
    assert text.split("\n")[line - 1].strip() in str(caught.value)


def test_all_faults_in_one_run() -> None:
    """A file with three faults is told of all three."""
    with pytest.raises(ConfigError) as caught:
        loads("a=1\nb=2\nvirtual=192.0.2.1:80\n    real=x\n")

    assert [problem.line for problem in caught.value.problems] == [1, 2, 4]


def test_the_caret_stands_below_the_fault() -> None:
    """The excerpt marks the words that are wrong."""
    with pytest.raises(ConfigError) as caught:
        loads("virtual=192.0.2.1:80\n    real=192.0.2.2:80 gatee\n", path="a.cf")

    assert str(caught.value) == (
        "a.cf:2:23: real: unknown forwarding method 'gatee'\n"
        "        real=192.0.2.2:80 gatee\n"
        "                          ^^^^^\n"
        "    did you mean gate? It must be gate, masq or ipip"
    )


SECTION = "virtual=192.0.2.1:80\n    {}\n\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("autoreload=yes \n", 1),
        ("autoreload=yes\r\n", 1),
        ("autoreload=yes # at once\n", 1),
        ("fallback=127.0.0.1:80 gate # sorry\n", 1),
        ("fallback=127.0.0.1:http\n", 1),
        ("emailalertstatus=starting, running # x\n", 1),
        (SECTION.format("quiescent=no # x"), 2),
        (SECTION.format("netmask=255.255.255.0 "), 2),
        (SECTION.format('real=192.0.2.2:80 gate 1 "a" , "b"'), 2),
        ("checktimeout=1\nvirtual=192.0.2.1:80\n", 2),
    ],
)
def test_what_perl_refuses_is_read_with_a_warning(text: str, line: int) -> None:
    """What can only mean one thing is read, and the warning says that ldirectord refuses it."""
    refused = [one.line for one in loads(text).warnings if "ldirectord refuses this" in one.message]

    assert refused == [line]


@pytest.mark.parametrize(
    "words",
    [
        '5 "a", "b" l:1 u:2',
        '"a", "b" 5 u:2 l:1',
        'u:2 l:1 5 "a","b"',
        'l:1 "a" "b" u:2 5',
        '-w 5 "a", "b" l:1 u:2',
    ],
)
def test_the_order_behind_the_method_is_free(words: str) -> None:
    """Weight, request and receive, and thresholds are read in any order."""
    (virtual,) = loads(SECTION.format(f"real=192.0.2.2:80 gate {words}")).virtuals

    assert virtual.reals == (
        Real(
            address="192.0.2.2", port=80, weight=5, request="/a", receive="b",
            l_threshold=1, u_threshold=2,
        ),
    )  # fmt: skip


@pytest.mark.parametrize("words", ["5 x l:1 u:2", 'x 5 "a" l:1 u:2', "5 5 l:1 y u:2"])
def test_what_stands_between_has_no_effect(words: str) -> None:
    """What Perl passes over before a threshold is passed over with a warning."""
    config = loads(SECTION.format(f"real=192.0.2.2:80 gate {words}"))

    assert config.virtuals[0].reals == (
        Real(address="192.0.2.2", port=80, weight=5, l_threshold=1, u_threshold=2),
    )
    assert any("has no effect" in warning.message for warning in config.warnings)


@pytest.mark.parametrize("flags", ["sh-port,sh-fallback", '"sh-port,sh-fallback"'])
def test_scheduler_flags_in_quotes_or_not(flags: str) -> None:
    """Quotes around them are dropped."""
    (virtual,) = loads(SECTION.format(f"scheduler=sh\n    schedflags={flags}")).virtuals

    assert virtual.schedflags == "sh-port,sh-fallback"


def test_a_comment_behind_mail_addresses() -> None:
    """It is cut, and there is a warning."""
    config = loads('emailalert="a@example.com, b@example.com" # us\n')

    assert config.emailalert == ("a@example.com", "b@example.com")
    assert "part of the address" in config.warnings[0].message
