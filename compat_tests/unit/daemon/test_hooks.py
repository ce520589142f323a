"""Programs of the operator: how they are called, when, and what becomes of them."""

import asyncio
import logging
import time
from collections.abc import Sequence
from pathlib import Path

import attrs
import pytest

from compat_tests.jumploop import run_jumping
from compat_tests.unit.daemon.scripted import Stage
from compat_tests.unit.daemon.stories import WEB, StrictTable, directing, virtual
from ldirpy.config.model import CheckType, Config, Virtual
from ldirpy.daemon import hooks
from ldirpy.daemon.hooks import FallbackCommands, command_words, run_hook
from ldirpy.desired import wanted
from ldirpy.net import Protocol
from ldirpy.reconcile import plan

VIP = "198.51.100.1:80"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/bin/x", ["/bin/x", "start", "a b"]),
        ("/bin/x -v  2", ["/bin/x", "-v", "2", "start", "a b"]),
        ('"/bin/my script" -v', ["/bin/my script", "-v", "start", "a b"]),
        ("/bin/x >/dev/null", ["/bin/sh", "-c", '/bin/x >/dev/null "$@"', "sh", "start", "a b"]),
        ("A=1 /bin/x", ["/bin/sh", "-c", 'A=1 /bin/x "$@"', "sh", "start", "a b"]),
        ('/bin/x "', ["/bin/sh", "-c", '/bin/x " "$@"', "sh", "start", "a b"]),
    ],
)
def test_the_words_of_a_call(text: str, expected: list[str]) -> None:
    """There is a shell only for shell syntax, and it never reads the arguments."""
    assert command_words(text, ["start", "a b"]) == expected


def told(config: Config, table: StrictTable, stage: Stage, *steps: tuple[set[str], float]) -> str:
    """The fallback commands of a life in which these are down for so long, as one text."""
    calls: list[str] = []

    async def run(words: Sequence[str]) -> None:
        calls.append(" ".join(words[1:]))

    async def life() -> None:
        async with directing(config, table, [FallbackCommands(run)]) as director:
            for down, seconds in steps:
                stage.fail(down)
                await asyncio.sleep(seconds)
            director.reload(config)
            await asyncio.sleep(1)

    run_jumping(life())
    return ", ".join(calls)


COMMANDED = virtual(fallbackcommand="/bin/x", fallback=None)
BOTH = {"192.0.2.1", "192.0.2.2"}


def test_a_day(stage: Stage, table: StrictTable) -> None:
    """start while none is up yet, stop with the first, and then only on a change."""
    calls = told(
        Config(virtuals=[COMMANDED]),
        table,
        stage,
        *((set(), 5), ({"192.0.2.1"}, 30), (BOTH, 30), ({"192.0.2.2"}, 30), (set(), 30)),
    )

    assert calls == ", ".join(f"{word} {VIP} tcp" for word in ("start", "stop", "start", "stop"))


def test_started_while_servers_serve(stage: Stage, table: StrictTable) -> None:
    """Over a table in which servers serve, stop is told once, as the last daemon may have died."""
    table.apply(plan([wanted(WEB, set(WEB.reals), readd=True)], {}))

    assert told(Config(virtuals=[COMMANDED]), table, stage, (set(), 50)) == f"stop {VIP} tcp"


def test_a_firewall_mark(stage: Stage, table: StrictTable) -> None:
    """A firewall mark is told by its number; with checktype=off nobody ever comes up."""
    mark = Virtual(
        fwmark=7,
        protocol=Protocol.FWM,
        reals=WEB.reals,
        checktype=CheckType.OFF,
        fallbackcommand="/bin/x",
    )

    assert told(Config(virtuals=[mark]), table, stage, (set(), 50)) == "start 7 fwm"


def test_calls_do_not_overtake_each_other(stage: Stage, table: StrictTable) -> None:
    """The next call of a virtual service waits for the last, and no check waits for either."""
    log: list[str] = []

    async def slow(words: Sequence[str]) -> None:
        log.append(f"{words[1]} begins")
        await asyncio.sleep(100)
        log.append(f"{words[1]} ends")

    async def life() -> None:
        commands = FallbackCommands(slow)
        async with directing(Config(virtuals=[COMMANDED]), table, [commands]):
            await asyncio.sleep(150)
            assert log == ["start begins", "start ends", "stop begins"]
            assert len(stage.checks["192.0.2.1"]) == 15
            await asyncio.sleep(60)
        assert log[-1] == "stop ends"

    run_jumping(life())


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    logging.getLogger("ldirpy").propagate = True
    caplog.set_level(logging.INFO, "ldirpy")
    return caplog


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_what_it_writes_is_logged(tmp_path: Path, heard: pytest.LogCaptureFixture) -> None:
    """Both streams go to the log, and so does an exit status that is not 0."""
    hook = script(tmp_path / "hook", 'echo "got $*"; echo oops >&2; exit 3')

    asyncio.run(run_hook([hook, "start", "x; y"]))

    assert sorted(heard.messages) == [
        "got start x; y",
        "oops",
        f"system({hook} start 'x; y') failed: exit status 3",
    ]


def test_one_that_is_not_there(heard: pytest.LogCaptureFixture) -> None:
    """A program that cannot be started is told, and nothing else happens."""
    asyncio.run(run_hook(["/nonexistent/hook", "start"]))

    assert heard.messages == ["system(/nonexistent/hook start) failed: No such file or directory"]


def test_one_that_hangs(
    tmp_path: Path, heard: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its time it is ended with all it started, also if it does not listen to TERM."""
    monkeypatch.setattr(hooks, "HOOK_TIMEOUT", 0.5)
    monkeypatch.setattr(hooks, "GRACE", 0.2)
    pids = tmp_path / "pids"
    hook = script(
        tmp_path / "hook", f"trap '' TERM; sleep 600 & echo $$ $! > {pids}; wait; sleep 600"
    )

    asyncio.run(run_hook([hook]))

    assert heard.messages == [f"system({hook}) failed: no end in 0.5 s"]
    for pid in pids.read_text().split():
        end = time.monotonic() + 5
        while running(int(pid)) and time.monotonic() < end:
            time.sleep(0.05)
        assert not running(int(pid))


def running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_without_fallbackcommand(stage: Stage, table: StrictTable) -> None:
    """A virtual service without one calls nothing."""
    plain = attrs.evolve(COMMANDED, fallbackcommand=None)
    assert told(Config(virtuals=[plain]), table, stage, (BOTH, 30), (set(), 30)) == ""
