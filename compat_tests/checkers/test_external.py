"""checktype=external: commands that behave, and that do not."""

import asyncio
import os
import re
import time
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import pytest

from compat_tests.checkers.peers import HERE, descriptors, judged, nothing_left
from ldirpy.checkers.base import CheckResult, run_check
from ldirpy.checkers.external import ExternalChecker, arguments_for
from ldirpy.config.model import CheckType, Real, Virtual
from ldirpy.net import Family, Protocol

VIRTUAL = Virtual(address=HERE, port=80, checktype=CheckType.EXTERNAL)
REAL = Real(address=ip_address("10.0.0.2"), port=81)
Script = Callable[[str], Path]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Write an executable script."""

    def written(text: str) -> Path:
        path = tmp_path / "check"
        path.write_text(text)
        path.chmod(0o755)
        return path

    return written


def runs(pid: int) -> bool:
    """Whether a process runs; one that waits for init to take note of its end does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")


def checker(command: Path | str) -> ExternalChecker:
    service = Virtual(
        address=ip_address("10.0.0.1"), port=80, checkcommand=str(command), checkport=99
    )
    return ExternalChecker.from_config(service, REAL)


def check(command: Path | str, timeout: float = 1.0) -> CheckResult:
    async def run() -> CheckResult:
        async with nothing_left():
            return await judged(checker(command), timeout)

    return asyncio.run(run())


COMMANDS = {
    "well": ("#!/bin/sh\nexit 0", True, "exit status 0"),
    "ill": ("#!/bin/sh\nexit 3", False, "exit status 3"),
    "ill and says why": (
        "#!/bin/sh\necho out; echo '  disk \tfull' >&2; echo more >&2; exit 1", False,
        "disk  full"),
    "well and complains": ("#!/bin/sh\necho warning >&2; exit 0", True, "exit status 0"),
    "killed": ("#!/bin/sh\nkill -SEGV $$", False, "killed by SIGSEGV"),
    "no interpreter named": ("exit 4", False, "exit status 4"),
    "an interpreter that is not there": (
        "#!/nonexistent/sh\n", False, ".*/check: No such file or directory"),
    "closes its output": ("#!/bin/sh\nexec 2>&-; exit 5", False, "exit status 5"),
    "reads": ("#!/bin/sh\nread line || exit 6", False, "exit status 6"),
    "hangs": ("#!/bin/sh\nsleep 60", False, "no answer in 1 s"),
    "does not take TERM": ("#!/bin/sh\ntrap '' TERM; sleep 60", False, "no answer in 1 s"),
    "says too much": ("#!/bin/sh\nexec yes '' >&2", False, "no answer in 1 s"),
    "says much": (
        "#!/bin/sh\nhead -c 3000000 /dev/zero | tr '\\0' x >&2; exit 1", False, "x" * 200),
    "leaves a child that holds its output": ("#!/bin/sh\nsleep 2 &\nexit 0", True,
                                             "exit status 0"),
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_commands(name: str, script: Script) -> None:
    """Every way to end, and not to end, gets its verdict in time and leaves nothing behind."""
    text, up, message = COMMANDS[name]

    result = check(script(text))

    assert result.up is up
    assert re.fullmatch(message, result.message)


def test_arguments_are_not_for_a_shell(tmp_path: Path) -> None:
    """The command gets VIP VPORT RIP RPORT as four words, whatever its own name holds."""
    path = tmp_path / "a check; exit 1 #"
    path.write_text('#!/bin/sh\necho "$# $*" > "$0.seen"')
    path.chmod(0o755)

    assert check(path).up
    assert Path(f"{path}.seen").read_text() == "4 10.0.0.1 80 10.0.0.2 81\n"


def test_arguments_of_marks_and_of_ipv6() -> None:
    """A firewall mark comes with port 0, an IPv6 address in brackets, as with ldirectord."""
    mark = Virtual(fwmark=7, protocol=Protocol.FWM)
    six = Virtual(address=ip_address("fd00::1"), port=80, family=Family.IPV6)

    assert arguments_for(mark, Real(address=ip_address("10.0.0.2"))) == ("7", "0", "10.0.0.2", "0")
    assert arguments_for(six, Real(address=ip_address("fd00::2"), port=81)) == (
        "[fd00::1]", "80", "[fd00::2]", "81",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("/nonexistent/check", "/nonexistent/check: No such file or directory"),
        ("/etc/passwd", "/etc/passwd: Permission denied"),
        ("/etc", "/etc: Permission denied"),
    ],
)
def test_a_command_that_cannot_be_run(command: str, message: str) -> None:
    """A command that cannot be run is down with its name and the reason."""
    assert check(command).message == message


def test_children_go_as_well(script: Script, tmp_path: Path) -> None:
    """At the time-out the command's children go too. Deviation: external-children."""
    path = script(f"#!/bin/sh\nsleep 61 & echo $! > {tmp_path}/pid\nwait")

    assert not check(path).up
    assert not runs(int((tmp_path / "pid").read_text()))


def test_term_comes_before_kill(script: Script, tmp_path: Path) -> None:
    """A command that is stopped at the time-out can put its things in order."""
    assert not check(
        script(f"#!/bin/sh\ntrap 'touch {tmp_path}/orderly; exit' TERM; sleep 9 & wait")
    ).up
    assert (tmp_path / "orderly").exists()


def test_many_wait_without_threads(script: Script) -> None:
    """Fifty commands that hang are stopped together, with no thread for any of them."""
    path = script("#!/bin/sh\nexec sleep 60")

    async def run() -> None:
        before, threads = descriptors(), len(os.listdir("/proc/self/task"))
        started = time.monotonic()
        async with nothing_left():
            checks = [asyncio.create_task(run_check(checker(path), 1)) for _ in range(50)]
            await asyncio.sleep(0.8)
            assert len(os.listdir("/proc/self/task")) - threads < 10
            assert {(await one).message for one in checks} == {"no answer in 1 s"}
        assert descriptors() == before
        assert time.monotonic() - started < 15

    asyncio.run(run())
