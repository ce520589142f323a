"""`ldirpy takeover`: from Perl's ldirectord to ldirpy, or back, the kernel's table untouched."""

import functools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ldirpy.commands.ldirectord import DEFAULT_CONFIG, DEFAULT_NAME, find, tell_problems
from ldirpy.commands.usage import Parser
from ldirpy.config.load import load
from ldirpy.config.model import Config
from ldirpy.daemon import detach, handover
from ldirpy.daemon.instance import AlreadyRunning, Instance, looks_like_ldirectord
from ldirpy.desired import fingerprint
from ldirpy.errors import ConfigError, LdirpyError

PERL = "/usr/sbin/ldirectord"

Starter = Callable[[str], int]  # starts the daemon of a configuration, "" the default's; exit code

Start = Callable[[], int]


class TakeoverFailed(LdirpyError):
    """Why nothing was done, or what is to be done now."""


def run(words: Sequence[str]) -> int:
    """Take over one instance, and those that its `execute` names before it."""
    parser = Parser(
        prog="ldirpy takeover",
        description="Stop the Perl ldirectord of CONFIG without cleaning its table, and go on with "
        "that table as ldirpy. With --back the other way round.",
    )
    parser.add_argument("config", metavar="CONFIG", nargs="?")
    parser.add_argument("--back", action="store_true", help="from ldirpy to Perl's ldirectord")
    parser.add_argument(
        "--perl", metavar="PATH", default=PERL, help=f"with --back: Perl's ldirectord ({PERL})"
    )
    parser.add_argument(
        "--pid",
        metavar="N",
        type=int,
        help="the process to stop, if it has no pid file (supervised=yes, -d)",
    )
    parser.add_argument(
        "--unit",
        metavar="UNIT",
        help="start the new daemon with `systemctl start UNIT` instead of in the background",
    )
    options = parser.parse_args(words)
    start: Starter = _ldirpy
    if options.unit:
        start = functools.partial(_unit, options.unit)
    elif options.back:
        if not os.access(options.perl, os.X_OK):
            parser.error(f"there is no {options.perl}: say --perl PATH")
        if Path(options.perl).resolve().name.startswith("ldirpy"):
            parser.error(f"{options.perl} is ldirpy: say --perl PATH")
        start = functools.partial(_perl, options.perl)
    if options.pid is not None and not looks_like_ldirectord(options.pid):
        parser.error(f"process {options.pid} is no ldirectord")
    try:
        return _take_over(options.config or "", options.back, start, options.pid, frozenset())
    except TakeoverFailed as error:
        print(f"ldirpy takeover: {error}", file=sys.stderr)
        return 1


def _take_over(
    config: str, back: bool, start: Starter, pid: int | None, taken: frozenset[str]
) -> int:
    path = find(config or DEFAULT_CONFIG)
    if path is None:
        raise FileNotFoundError(2, "No such file", config or DEFAULT_CONFIG)
    read = _verified(path)
    if read is None:
        return 2
    name = os.path.basename(config) or DEFAULT_NAME
    taken |= {name}
    for child in read.execute:
        if os.path.basename(child) not in taken and _take_over(child, back, start, None, taken):
            raise TakeoverFailed(f"{child}, which {config} executes, was not taken over")
    instance = Instance(name)
    begin = functools.partial(start, config)
    if back:
        return _back(instance, path, begin, pid)
    return _forth(instance, path, begin, pid, fingerprint(read))


def _verified(path: str) -> Config | None:
    """The configuration, if ldirpy can carry it out; what is wrong with it goes to stderr."""
    from ldirpy.assignments import verify

    try:
        config = load(path)
        verify(config)
        return config
    except ConfigError as error:
        tell_problems(error)
        print("Nothing was changed.", file=sys.stderr)
        return None


def _forth(instance: Instance, config: str, start: Start, pid: int | None, wants: str) -> int:
    if _is_ours(instance):
        print(f"ldirpy runs for {config} already")
        return 0
    before = _table()
    running = pid or instance.running()
    if running is None:
        print(f"No ldirectord runs for {config}")
    else:
        _end(instance, running, signal.SIGKILL)
        instance.note(wants)  # the successor goes on with this table, weights set by hand included
        print(f"Ended ldirectord for {config}, pid {running}, with SIGKILL: it did not clean up")
    return _start(instance, config, start, before)


def _back(instance: Instance, config: str, start: Start, pid: int | None) -> int:
    before = _table()
    running = pid or instance.running()
    if running is None:
        print(f"No ldirpy runs for {config}")
    elif not _is_ours(instance):
        raise TakeoverFailed(f"the daemon of {config}, pid {running}, is not ldirpy")
    else:
        _end(instance, running, signal.SIGUSR2)
        instance.note("")  # what Perl makes of the table is another story
        print(f"Ended ldirpy for {config}, pid {running}, with SIGUSR2: it did not clean up")
    return _start(instance, config, start, before)


def _start(instance: Instance, config: str, start: Start, before: Sequence[str]) -> int:
    """Start the successor, and say what has become of the table."""
    if start() != 0:
        raise TakeoverFailed(
            "the new daemon did not start. The table is as it was, and nobody checks: start one of "
            "the two"
        )
    print(f"The new daemon for {config} is running with pid: {instance.running()}")
    after = _table()
    if list(before) == after:
        print(f"The kernel's table is unchanged, {len(after)} lines")
        return 0
    print("The kernel's table has changed:")
    changes = [f"  - {line}" for line in before if line not in after]
    print("\n".join([*changes, *(f"  + {line}" for line in after if line not in before)]))
    return 0


# -- starters --------------------------------------------------------------------------------


def _ldirpy(config: str) -> int:
    return detach.start([config, "start"] if config else ["start"])


def _unit(unit: str, config: str) -> int:
    return subprocess.run(["systemctl", "start", unit], check=False).returncode


def _perl(perl: str, config: str) -> int:
    words = [perl, config, "start"] if config else [perl, "start"]
    return subprocess.run(words, stdin=subprocess.DEVNULL, check=False).returncode


# -- parts -----------------------------------------------------------------------------------


def _end(instance: Instance, pid: int, number: signal.Signals) -> None:
    """End a daemon with the table as it is, and everything that speaks of it as running."""
    unit = handover.unit_of(pid)
    instance.pid_file.unlink(missing_ok=True)  # for the `ldirectord stop` of its systemd unit
    try:
        ended = handover.end_at_once(pid, number)
    except ProcessLookupError:
        return
    except PermissionError:
        raise TakeoverFailed(f"not allowed to end process {pid}") from None
    if not ended:
        raise TakeoverFailed(f"process {pid} does not end")
    if unit and not handover.wait_for_unit(unit):
        raise TakeoverFailed(
            f"systemd keeps {unit} up. Disable it (systemctl disable --now {unit}), and try again"
        )


def _is_ours(instance: Instance) -> bool:
    """Whether ldirpy runs for this instance: it holds its lock as long as it lives."""
    try:
        os.close(instance.lock())
    except AlreadyRunning:
        return True
    return False


def _table() -> list[str]:
    """The kernel's table as lines."""
    from ldirpy.ipvs.netlink import KernelTable
    from ldirpy.ipvs.text import listing

    table = KernelTable()
    try:
        return listing(table.read()).splitlines()
    finally:
        table.close()
