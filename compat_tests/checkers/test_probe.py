"""`ldirpy probe`: what a configuration says, checked once."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from compat_tests.checkers.peers import free_port, wide_listener


def probed(*words: object) -> "subprocess.CompletedProcess[str]":
    """The command, run as people run it."""
    command = [sys.executable, "-m", "ldirpy", "probe", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """Two virtual services, with servers that are up, refuse, and are not checked."""
    path = tmp_path / "director.cf"
    with wide_listener() as well:
        path.write_text(
            f"""checktimeout=2
virtual=127.0.0.10:80
    real=127.0.0.1:{well} masq
    real=127.0.0.2:{free_port()} masq
    checktype=connect

virtual=127.0.0.11:80
    real=127.0.0.1:{well} masq
    checktype=connect

virtual=7
    real=127.0.0.3:1 gate
    checktype=off
"""
        )
        yield path


def test_table(config: Path) -> None:
    """Every real server has a line with state, milliseconds and message, in the file's order."""
    done = probed(config)
    head, *lines, total = done.stdout.splitlines()

    assert done.returncode == 1
    assert head.split() == ["VIRTUAL", "REAL", "STATE", "MS", "MESSAGE"]
    expected = [
        r"tcp 127\.0\.0\.10:80  127\.0\.0\.1:\d+ +up +\d+\.\d  connected",
        r"tcp 127\.0\.0\.10:80  127\.0\.0\.2:\d+ +down +\d+\.\d  connection refused",
        r"tcp 127\.0\.0\.11:80  127\.0\.0\.1:\d+ +up +\d+\.\d  connected",
        r"fwm 7 +127\.0\.0\.3:1 +off +-  not checked: checktype=off",
    ]
    assert len(lines) == len(expected)
    assert all(map(re.fullmatch, expected, lines))
    assert total == "4 real servers: 2 up, 1 down, 1 off"
    assert done.stderr == ""


def test_json(config: Path) -> None:
    """--json tells the same to scripts."""
    done = probed(config, "--json", "127.0.0.10")
    told = json.loads(done.stdout)

    assert done.returncode == 1
    assert (told["up"], told["down"]) == (1, 1)
    first, second = told["results"]
    assert 0 < first.pop("seconds") < 1
    port = first.pop("real").rpartition(":")[2]
    assert port.isdigit()
    assert first == {
        "virtual": "127.0.0.10:80", "protocol": "tcp", "state": "up", "message": "connected",
    }  # fmt: skip
    assert (second["state"], second["message"]) == ("down", "connection refused")


@pytest.mark.parametrize(
    ("words", "count", "code"),
    [
        (["127.0.0.11"], 1, 0),
        (["127.0.0.11:80"], 1, 0),
        (["127.0.0.10:80"], 2, 1),
        (["127.0.0.10", "127.0.0.1"], 1, 0),
        (["127.0.0.10", "127.0.0.2"], 1, 1),
        (["7"], 1, 0),
    ],
)
def test_a_part_of_the_file(config: Path, words: list[str], count: int, code: int) -> None:
    """A virtual service, and a real server of it, can be chosen, with and without port."""
    done = probed(config, *words)

    assert len(done.stdout.splitlines()) == count + 2
    assert done.returncode == code


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["127.0.0.99"],
            "no virtual service 127.0.0.99; there are 127.0.0.10:80, 127.0.0.11:80, 7",
        ),
        (
            ["127.0.0.11", "127.0.0.9"],
            "no real server 127.0.0.9 in 127.0.0.11; there are 127.0.0.1:",
        ),
    ],
)
def test_a_part_that_is_not_there(config: Path, words: list[str], message: str) -> None:
    """What the file does not have is told with what it has."""
    done = probed(config, *words)

    assert done.returncode == 2
    assert done.stderr.startswith(f"{config}: {message}")


def test_configuration_errors(tmp_path: Path) -> None:
    """A file that is missing or wrong is exit code 2, with one clear message."""
    broken = tmp_path / "broken.cf"
    broken.write_text("virtual=127.0.0.1:80\n    real=127.0.0.1:80 nonsense\n")
    wrong, missing = probed(broken), probed(tmp_path / "none.cf")

    assert (wrong.returncode, missing.returncode) == (2, 2)
    assert f"{broken}:2:" in wrong.stderr
    assert missing.stderr == f"{tmp_path}/none.cf: No such file or directory\n"
    assert "Traceback" not in wrong.stderr


def half_hang(folder: Path, well: int, hole: int) -> Path:
    """500 real servers, every second one swallows packets."""
    lines = ["checktimeout=3", "virtual=127.0.0.10:80", "    checktype=connect"]
    for number in range(250):
        where = f"{number // 200}.{number % 200 + 1}"
        lines += [f"    real=127.1.{where}:{well} masq", f"    real=127.2.{where}:{hole} masq"]
    path = folder / "half.cf"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_half_of_500_hang(tmp_path: Path) -> None:
    """The servers that hang are waited for side by side: 500 of them take one time-out."""
    with wide_listener() as well, wide_listener(deaf=True) as hole:
        started = time.monotonic()
        done = probed(half_hang(tmp_path, well, hole), "--json")
        took = time.monotonic() - started
    told = json.loads(done.stdout)

    assert (told["up"], told["down"]) == (250, 250)
    assert [one["state"] for one in told["results"]] == ["up", "down"] * 250
    assert {one["message"] for one in told["results"]} == {"connected", "no answer in 3 s"}
    # 5 s on a machine that is not busy; one after the other they would take 750 s.
    assert took < 15


def test_progress_on_a_terminal(tmp_path: Path) -> None:
    """On a terminal a bar shows after a second, and is gone at the end."""
    ours, theirs = pty.openpty()
    with wide_listener() as well, wide_listener(deaf=True) as hole:
        process = subprocess.Popen(
            [sys.executable, "-m", "ldirpy", "probe", str(half_hang(tmp_path, well, hole))],
            stdout=subprocess.PIPE,
            stderr=theirs,
        )
        os.close(theirs)
        output, _ = process.communicate(timeout=60)
    shown = b""
    while select.select([ours], [], [], 0)[0]:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        shown += piece
    os.close(ours)

    assert b"] 250 of 500 checked, 0 down" in shown
    assert shown.endswith(b"\r\x1b[K")
    assert b"\r" not in output
