"""`ldirpy show`: what a file means, for people and for machines."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from ldirpy.cli import main

FILE = """\
checktimeout=3
quiescent=yes
fallback=192.0.2.99:8080

virtual=192.0.2.10:80
    real=192.0.2.1:80 gate
    real=192.0.2.2->192.0.2.3:8080 masq 10 "a.html", "OK" l:3 u:7
    service=http
    request="health"
    receive="up"
    checktype=4
    passwd="hush"

virtual6=[2001:db8::10]:53
    real6=[2001:db8::1]:53 masq
    fallback6=[2001:db8::9] ipip
"""

PEOPLE = """\
# {path}: the line, and the value; a default has no line
      global
   1    checktimeout      3
   -    checkinterval     10
   -    checkcount        1
   -    failurecount      1
   -    autoreload        no
   3    fallback          192.0.2.99:8080 gate
   -    logfile           /var/log/ldirectord.log
   -    supervised        no
   -    fork              no
   2    quiescent         yes
   -    readdquiescent    no
   -    cleanstop         yes

   5  virtual 192.0.2.10:80 tcp
   6    real              192.0.2.1:80    gate  weight  1
   7    real              192.0.2.2:8080  masq  weight 10  l:3  u:7  request /a.html  receive OK
   7    real              192.0.2.3:8080  masq  weight 10  l:3  u:7  request /a.html  receive OK
   -    scheduler         wrr
   3    fallback          192.0.2.99:8080 gate
   2    quiescent         yes
   -    cleanstop         yes
  11    checktype         4
   8    service           http
   9    request           /health
  10    receive           up
   -    httpmethod        GET
   -    httpstatus        200-299
  12    passwd            ***
   1    checktimeout      3
   1    negotiatetimeout  3
   -    checkinterval     10
   -    failurecount      1

  14  virtual [2001:db8::10]:53 udp
  15    real              [2001:db8::1]:53  masq  weight 1
   -    scheduler         wrr
   -    ops               no
  16    fallback          [2001:db8::9]:53 ipip
   2    quiescent         yes
   -    cleanstop         yes
   -    checktype         negotiate
   -    service           dns
   -    request           /
   1    checktimeout      3
   1    negotiatetimeout  3
   -    checkinterval     10
   -    failurecount      1
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    """The file above."""
    file = tmp_path / "web.cf"
    file.write_text(FILE)
    return str(file)


def test_for_people(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every value that takes effect has its row, aligned, with the line it comes from."""
    assert main(["show", path]) == 0

    assert capsys.readouterr().out == PEOPLE.format(path=path)


def test_for_machines(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON has each directive under its name, with defaults, overrides and the number N."""
    assert main(["show", path, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)

    assert (shown["global"]["checktimeout"], shown["global"]["negotiatetimeout"]) == (3, None)
    assert shown["global"]["fallback"] == {
        "address": "192.0.2.99", "port": 8080, "forward": "gate",
    }  # fmt: skip
    web, dns = shown["virtuals"]
    assert [web[name] for name in ("protocol", "family", "address", "port", "fwmark")] == [
        "tcp", "inet", "192.0.2.10", 80, None,
    ]  # fmt: skip
    assert [dns[name] for name in ("protocol", "family", "service", "checktype")] == [
        "udp", "inet6", "dns", "negotiate",
    ]  # fmt: skip
    assert (web["checktype"], web["checktimeout"], web["negotiatetimeout"]) == (4, 3, 3)
    assert (web["quiescent"], web["failurecount"], web["scheduler"]) == (True, 1, "wrr")
    assert dns["fallback"] == {"address": "2001:db8::9", "port": 53, "forward": "ipip"}
    assert web["passwd"] == "***"
    assert web["reals"][:2] == [
        {
            "address": "192.0.2.1", "port": 80, "forward": "gate", "weight": 1,
            "request": "/health", "receive": "up", "l_threshold": 0, "u_threshold": 0,
        },
        {
            "address": "192.0.2.2", "port": 8080, "forward": "masq", "weight": 10,
            "request": "/a.html", "receive": "OK", "l_threshold": 3, "u_threshold": 7,
        },
    ]  # fmt: skip


def test_secrets_on_demand(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """passwd and secret are shown with --secrets, and only then."""
    for words in (["show", path], ["show", path, "--json"]):
        main(words)
        assert "hush" not in capsys.readouterr().out
        main([*words, "--secrets"])
        assert "hush" in capsys.readouterr().out


def test_what_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A directive that is there and says nothing is shown as none."""
    path = tmp_path / "a.cf"
    path.write_text("virtual=192.0.2.1:80\n    persistent=0\n")

    assert main(["show", str(path)]) == 0
    assert "   2    persistent        none\n" in capsys.readouterr().out


def test_a_fault_is_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file with a fault is not shown; one that is not there is exit 1."""
    bad = tmp_path / "bad.cf"
    bad.write_text("nosuch=1\n")

    assert main(["show", str(bad)]) == 2
    assert capsys.readouterr().err.startswith(f"{bad}:1:")
    assert main(["show", str(tmp_path / "none.cf")]) == 1


def test_odd_characters_do_no_harm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Bytes that are no text, or move a cursor, are shown as escapes."""
    path = tmp_path / "odd.cf"
    path.write_bytes(b'virtual=192.0.2.1:80\n    receive="\xfc\x1b"\n')

    assert main(["show", str(path)]) == 0
    assert r"receive           \udcfc\x1b" in capsys.readouterr().out


def test_colour_is_for_terminals(path: str) -> None:
    """On a terminal headlines are bold; with NO_COLOR they are not."""
    assert "\x1b[1mvirtual" in on_a_terminal(path)
    assert "\x1b[" not in on_a_terminal(path, NO_COLOR="1")


def on_a_terminal(path: str, **environment: str) -> str:
    """The output of `ldirpy show` where stdout is a terminal."""
    ours, theirs = pty.openpty()
    variables = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = subprocess.Popen(
        [sys.executable, "-m", "ldirpy", "show", path],
        stdout=theirs,
        env={**variables, "TERM": "xterm", **environment},
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(ours)
    assert process.wait() == 0
    return seen.decode()


def test_a_closed_pipe(tmp_path: Path) -> None:
    """A reader that goes away (`| head`) makes no traceback."""
    path = tmp_path / "long.cf"
    path.write_text("virtual=192.0.2.1:80\n    real=10.0.0.1->10.0.20.0:80 gate\n")
    command = f"{sys.executable} -m ldirpy show {path} | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)

    assert done.stdout.startswith("# ")
    assert done.stderr == ""
