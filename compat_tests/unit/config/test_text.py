"""Config.to_text: a file that says what the Config says."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from compat_tests.unit.strategies import configs
from ldirpy import Config, Real, Virtual, loads

VIP: dict[str, Any] = {"address": "192.0.2.1", "port": 80}


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(configs())
def test_what_is_written_is_read_the_same(config: Config) -> None:
    """Whatever a Config holds, its text is parsed to an equal one, and that is written the same."""
    text = config.to_text()
    parsed = loads(text)

    assert parsed == config
    assert parsed.to_text() == text


def test_it_reads_like_a_file() -> None:
    """What has its default is left out, what is inherited too."""
    config = Config(
        checktimeout=3,
        quiescent=True,
        virtuals=[
            Virtual(
                **VIP, checktimeout=3, negotiatetimeout=3, quiescent=True, receive="OK",
                reals=[
                    Real(address="10.0.0.1", port=8080, forward="masq", weight=5),
                    Real(address="10.0.0.2", request="/a", receive="b", l_threshold=2),
                ],
                passwd="hush", fallback=Real(address="127.0.0.1"),
            ),
            Virtual(
                fwmark=7, service="http", checktimeout=3, negotiatetimeout=3,
                reals=[Real(address="2001:db8::1", port=80)], checktype="connect",
            ),
        ],
    )  # fmt: skip

    assert (
        config.to_text()
        == """\
checktimeout=3
quiescent=yes

virtual=192.0.2.1:80
    real=10.0.0.1:8080 masq 5
    real=10.0.0.2 gate "/a", "b" l:2
    protocol=tcp
    fallback=127.0.0.1:80 gate
    receive="OK"
    passwd="hush"

virtual6=7
    real6=[2001:db8::1]:80 gate
    protocol=fwm
    quiescent=no
    checktype=connect
    service=http
"""
    )


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"virtualhost": 'a"b'}, "service 192.0.2.1:80: virtualhost: cannot be written in a file"),
        ({"request": "/a#b"}, "request: must not contain a # in a file, as '/a#b' does"),
        ({"receive": "a\nb"}, "receive: must be one line without tabs and control characters"),
        ({"receive": "a\tb"}, "receive: must be one line without tabs and control characters"),
        (
            {"comment": " x"},
            "comment: must not begin or end with a blank: ' x'",
        ),
        ({"passwd": "hu#sh"}, "passwd: must not contain a # in a file, as *** does"),
        ({"scheduler": "WRR"}, "scheduler: cannot be written in a file: 'WRR'"),
        ({"service": "ftp", "login": "joe"}, "passwd: must not be empty: a line service=ftp sets"),
        ({"checkinterval": 3}, "checkinterval: must be that of the Config, 10, not 3"),
        (
            {"reals": [Real(address="10.0.0.1", request="/x")]},
            "real server 10.0.0.1:0: request and receive must both be given, or none",
        ),
        (
            {"reals": [Real(address="10.0.0.1", request="/x", receive='"OK"')]},
            "real server 10.0.0.1:0: receive: must not contain a double quote in a file",
        ),
        (
            {"fallback": Real(address="10.0.0.1", weight=2)},
            "fallback: must have weight 1 and no request, receive or thresholds of its own",
        ),
    ],
)
def test_what_a_file_cannot_say(config: dict[str, Any], words: str) -> None:
    """A value that would be read otherwise is refused, with its field; a password is not shown."""
    with pytest.raises(ValueError, match=re.escape(words)):
        Config(virtuals=[Virtual(**VIP, **config)]).to_text()


def test_what_a_file_cannot_take_back() -> None:
    """A value for all holds for every section that cannot say that it has none."""
    config = Config(virtuals=[Virtual(**VIP)], smtp="relay", emailalert="a@example.com")
    with pytest.raises(ValueError, match="emailalert: must be what the Config says"):
        config.to_text()
