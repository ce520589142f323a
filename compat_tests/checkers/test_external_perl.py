"""checktype=external-perl: scripts that do what Perl lets them; the Perl daemon is the judge."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from ipaddress import ip_address
from pathlib import Path

import pytest

from compat_tests.checkers.peers import HERE, judged, nothing_left
from compat_tests.checkers.test_external import runs
from ldirpy.checkers.base import CheckResult, run_check
from ldirpy.checkers.external_perl import ExternalPerlChecker
from ldirpy.config.model import Real, Virtual

# A script, what ldirpy says of it, and what its verdict is in the Perl daemon if that is another.
SCRIPTS: dict[str, tuple[str, str, bool | None]] = {
    "exit 0": ("exit 0;", "exit status 0", None),
    "exit": ("exit;", "exit status 0", None),
    "exit with text": ("exit '0';", "exit status 0", None),
    "exit 3": ("exit 3;", "exit status 3", None),
    "exit 256": ("exit 256;", "exit status 256", None),
    "exit -1": ("exit -1;", "exit status -1", None),
    "exit from an eval": ("eval { exit 0 }; exit 1;", "exit status 0", None),
    "exit 1 from an eval": ("eval { exit 1 }; exit 0;", "exit status 1", None),
    "exit from a function": ("sub leave { exit 2 } leave(); exit 0;", "exit status 2", None),
    "no exit": ("0;", "exit status 0", None),
    "return": ("return 1;", "exit status 0", None),
    "die": ('die "oh no\\nmore\\n";', "oh no", None),
    "die with a place": ("\n\ndie 'here';", r"here at .*/check\.pl line 3\.", None),
    "die with an object": ("die [1];", r"ARRAY\(.*\)", None),
    "die in an eval": ("eval { die 'well' }; exit 0;", "exit status 0", None),
    "says why": ("print STDERR qq(disk full\\nmore\\n); exit 1;", "disk full", None),
    "prints": ("$| = 1; print qq(0 all well\\n) x 9; exit 1;", "exit status 1", None),
    "prints to all it finds": (
        "for (3 .. 9) { open(my $f, '>&=', $_) or next; } exit 0;", "exit status 0", None),
    "@ARGV": ("exit(@ARGV == 4 && $ARGV[1] == 80 ? 0 : 1);", "exit status 0", None),
    "shift": ("my $vip = shift; exit($vip =~ /^127/ && @_ == 3 ? 0 : 1);", "exit status 0", None),
    "strict": ("use strict; use warnings; my $x = 1; exit($x - 1);", "exit status 0", None),
    "a function": ("sub three { return 3 } exit(three() == 3 ? 0 : 1);", "exit status 0", None),
    "a function of a lexical": (
        "my $x = 1; sub x { return $x } exit(x() ? 0 : 1);", "exit status 1", None),
    "BEGIN": ("BEGIN { our $b = 5 } our $b; exit($b == 5 ? 0 : 1);", "exit status 0", None),
    "other separators": ("$/ = undef; $\\ = 'x'; $, = 'y'; exit 0;", "exit status 0", None),
    "a command": ("exit(system('/bin/false') ? 0 : 1);", "exit status 0", None),
    "not Perl": ("this is not (;", r"syntax error at .*/check\.pl line 1.*", None),
    "a module that is not there": (
        "use No::Such::Module;", "Can't locate No/Such/Module.pm.*", None),
    "hangs": ("sleep 60; exit 0;", "no answer in 1 s", None),
    # Better than in Perl's daemon: deviation external-perl-text.
    "not strict": ("$x = 1; exit($x - 1);", "exit status 0", False),
    "__END__": ("exit 0;\n__END__\nthis is not (;", "exit status 0", False),
}  # fmt: skip

# What would end the Perl daemon, or changes it for the other checks.
DANGEROUS: dict[str, tuple[str, str]] = {
    "reads": ("exit(defined(<STDIN>) ? 0 : 1);", "exit status 1"),
    "_exit": ("use POSIX; POSIX::_exit(0);", r"the script has ended its worker \(exit status 0\)"),
    "kills itself": (
        "kill 'KILL', $$; sleep 5;", r"the script has ended its worker \(killed by SIGKILL\)"),
    "becomes another": ("exec '/bin/true';", r"the script has ended its worker .*"),
    "forks and exits": (
        "my $p = fork; exit 7 unless $p; waitpid $p, 0; exit($? >> 8);", "exit status 7"),
    "forks and dies": ("my $p = fork; die unless $p; waitpid $p, 0; exit 0;", "exit status 0"),
    "ignores TERM": ("$SIG{TERM} = 'IGNORE'; sleep 60;", "no answer in 1 s"),
    "spins": ("1 while 1;", "no answer in 1 s"),
    "hangs in BEGIN": ("BEGIN { sleep 60 }", "no answer in 1 s"),
    "an alarm left": ("alarm 1; exit 0;", "exit status 0"),
    "chdir": ("chdir '/'; exit 0;", "exit status 0"),
}  # fmt: skip


def checker(text: str, folder: Path, port: int = 81) -> ExternalPerlChecker:
    path = folder / "check.pl"
    if not path.exists():
        path.write_text(text)
    return ExternalPerlChecker.from_config(
        Virtual(address=HERE, port=80, checkcommand=str(path)),
        Real(address=ip_address("10.0.0.2"), port=port),
    )


ALL = {name: script[:2] for name, script in SCRIPTS.items()} | DANGEROUS


@pytest.mark.parametrize("name", ALL)
def test_scripts(name: str, tmp_path: Path) -> None:
    """Every script gets its verdict, twice, and its worker goes with the last of its checkers."""
    text, message = ALL[name]

    async def run() -> list[CheckResult]:
        one = checker(text, tmp_path)
        return [await judged(one, 1.0) for _ in range(2)]

    async def leaving_nothing() -> list[CheckResult]:
        async with nothing_left():
            return await run()

    for result in asyncio.run(leaving_nothing()):
        assert result.up is (message == "exit status 0")
        assert re.fullmatch(message, result.message)


def test_globals_stay_and_the_script_is_compiled_once(tmp_path: Path) -> None:
    """What one call leaves behind the next one finds, and another real server's too."""
    text = "BEGIN { print STDERR 'compiled ' } our $n; $n++; print STDERR qq($n $$\\n); exit 1;"

    async def run() -> list[str]:
        ports = (81, 82, 81, 83)
        return [(await judged(checker(text, tmp_path, port))).message for port in ports]

    one = checker(text, tmp_path)  # keeps the worker
    said = [message.split() for message in asyncio.run(run())]
    del one

    assert [words[-2] for words in said] == ["1", "2", "3", "4"]
    assert len({words[-1] for words in said}) == 1
    assert sum("compiled" in words for words in said) == 0


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    """A worker that somebody kills while it is idle costs no verdict."""
    one = checker("print STDERR $$; exit 1;", tmp_path)

    async def run() -> tuple[str, str]:
        first = (await judged(one)).message
        os.kill(int(first), signal.SIGKILL)
        await asyncio.sleep(0.1)
        return first, (await judged(one)).message

    first, second = asyncio.run(run())

    assert first != second
    assert second.isdigit()


def test_one_that_hangs_delays_no_other(tmp_path: Path) -> None:
    """While the checks of ten servers hang, the others have their verdicts at once."""
    text = "sleep 60 if $ARGV[3] < 10; exit 0;"
    checkers = [checker(text, tmp_path, port) for port in range(30)]

    async def run() -> list[CheckResult]:
        return await asyncio.gather(*(run_check(one, 2.0) for one in checkers))

    results = asyncio.run(run())

    assert [result.up for result in results] == [False] * 10 + [True] * 20
    assert max(result.seconds for result in results[10:]) < 1.5


def test_a_changed_script_is_another_check(tmp_path: Path) -> None:
    """After a change of its file a reload makes another check, which has the new text."""
    one = checker("exit 0;", tmp_path)
    path = tmp_path / "check.pl"
    path.write_text("exit 4;")
    os.utime(path, ns=(1, 1))
    other = checker("", tmp_path)

    assert one != other
    assert asyncio.run(judged(other)).message == "exit status 4"


def test_a_script_that_is_not_there(tmp_path: Path) -> None:
    """A script that is not there is down with its name, as with ldirectord."""
    service = Virtual(address=HERE, port=80, checkcommand=str(tmp_path / "none.pl"))
    one = ExternalPerlChecker.from_config(service, Real(address=HERE, port=81))

    assert asyncio.run(judged(one)).message == f"{tmp_path}/none.pl: No such file or directory"


def test_no_perl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without perl the configuration is refused with the reason."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ValueError, match="needs perl, which is not installed"):
        checker("exit 0;", tmp_path)


def test_workers_end_with_the_daemon(tmp_path: Path) -> None:
    """Workers that are idle are gone when the process that started them is killed."""
    program = (
        "import asyncio, sys, pathlib\n"
        "from compat_tests.checkers.test_external_perl import checker, judged\n"
        "one = checker('print STDERR $$; exit 1;', pathlib.Path(sys.argv[1]))\n"
        "print(asyncio.run(judged(one)).message, flush=True)\n"
        "sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    worker = int(process.stdout.readline())
    assert runs(worker)
    process.kill()
    process.communicate()
    until = time.monotonic() + 2
    while runs(worker) and time.monotonic() < until:
        time.sleep(0.02)

    assert not runs(worker)


@pytest.mark.perl
def test_the_perl_daemon_agrees(tmp_path: Path) -> None:
    """The Perl daemon has the verdicts of ldirpy, but for those that are named."""
    folder = tmp_path / "scripts"
    folder.mkdir()
    # It looks for ipvsadm in its own directory as well; this one agrees to everything.
    fake = tmp_path / "ipvsadm"
    fake.write_text("#!/bin/sh\n")
    fake.chmod(0o755)
    lines = ["checktimeout=1", "checkinterval=60"]
    for number, (text, _, _) in enumerate(SCRIPTS.values()):
        (folder / f"{number}").mkdir()
        (folder / f"{number}" / "check.pl").write_text(text)
        lines += [
            f"virtual=127.0.1.{number + 1}:80",
            f"    real=10.0.0.{number + 1}:81 masq",
            "    checktype=external-perl",
            f'    checkcommand="{folder}/{number}/check.pl"',
            f"    monitorfile={tmp_path}/monitor",
            "",
        ]
    (tmp_path / "director.cf").write_text("\n".join(lines))
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(
            ["/usr/sbin/ldirectord", "-d", str(tmp_path / "director.cf"), "start"],
            cwd=tmp_path,
            env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            verdicts = _told(tmp_path / "output", len(SCRIPTS))
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    ours = [message == "exit status 0" for _, message, _ in SCRIPTS.values()]
    expected = [
        up if other is None else other
        for up, (_, _, other) in zip(ours, SCRIPTS.values(), strict=True)
    ]
    assert dict(zip(SCRIPTS, verdicts, strict=True)) == dict(zip(SCRIPTS, expected, strict=True))


def _told(log: Path, count: int) -> list[bool | None]:
    """The verdicts of the first round in the Perl daemon's log."""
    until = time.monotonic() + 30
    verdicts: dict[int, bool] = {}
    while time.monotonic() < until and len(verdicts) < count:
        time.sleep(0.2)
        text = log.read_text(errors="replace")
        for word, number in re.findall(r"(Activated|Deactivated) service 10\.0\.0\.(\d+):81", text):
            verdicts[int(number)] = word == "Activated"
    return [verdicts.get(number + 1) for number in range(count)]
