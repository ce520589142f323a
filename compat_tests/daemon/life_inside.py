"""Moments in the life of ldirpy's daemon, in namespaces of its own; the argument names one of them.

A moment that is not as it should be is an exception. /run and /var/log are emptied; the table is in
memory, since the host's kernel has no IPVS.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

LDIRPY = str(Path(sys.executable).with_name("ldirpy"))
WORK = Path("/run/site")
LOG = Path("/var/log/ldirectord.log")
BOUND = 30.0

TEXT = """\
checkinterval=1
quiescent=no
virtual=192.0.2.1:80
    real=192.0.2.2:80 masq
    checktype=on
"""


def give(*words: str, code: int = 0) -> str:
    """Give a command with the expected exit code; what it printed."""
    done = subprocess.run(
        [LDIRPY, *words],
        capture_output=True,
        text=True,
        timeout=BOUND,
        cwd=WORK,
        stdin=subprocess.DEVNULL,
    )
    output = done.stdout + done.stderr
    assert done.returncode == code, (words, done.returncode, output)
    return output


def start(config: str) -> str:
    return give("--ipvs", "memory", config, "start")


def pid(name: str) -> int:
    return int(Path(f"/run/ldirectord.{name}.pid").read_text())


def wait_for(seen: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + BOUND
    while not seen():
        assert time.monotonic() < end, what
        time.sleep(0.05)


# -- the moments -----------------------------------------------------------------------------


def many_starts() -> None:
    """Of many starts at once, one daemon comes, and each returns 0 when it runs."""
    command = [LDIRPY, "--ipvs", "memory", "site.cf", "start"]
    starts = [subprocess.Popen(command, cwd=WORK) for _ in range(4)]
    assert [one.wait(BOUND) for one in starts] == [0, 0, 0, 0]
    assert LOG.read_text().count("Starting Linux Director") == 1
    # Without its pid file it is still alone.
    Path("/run/ldirectord.site.cf.pid").unlink()
    output = give("--ipvs", "memory", "site.cf", "start", code=1)
    assert "another instance is running" in output, output


def no_ipvs() -> None:
    """A kernel without IPVS fails the start with a message, and leaves nothing behind."""
    output = give("site.cf", "start", code=1)
    assert "the kernel has no IPVS" in output, output
    assert list(Path("/run").glob("*.pid")) == []
    assert give("site.cf", "status", code=3) == "ldirectord is stopped for site.cf\n"


def relative_name() -> None:
    """A daemon started by a relative name leaves the directory, and still finds its file."""
    start("site.cf")
    assert os.readlink(f"/proc/{pid('site.cf')}/cwd") == "/"
    (WORK / "site.cf").write_text(TEXT.replace("192.0.2.1", "192.0.2.9"))
    give("site.cf", "reload")
    wait_for(lambda: "Added virtual server: 192.0.2.9:80" in LOG.read_text(), LOG.read_text())


def killed() -> None:
    """After kill -9 the pid file is stale, and a start is as any other."""
    start("site.cf")
    first = pid("site.cf")
    os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)  # here we are process 1, and all orphans are ours
    assert "stale pid file" in give("site.cf", "status", code=1)
    start("site.cf")
    assert pid("site.cf") != first
    assert "is running with pid" in give("site.cf", "status")


def broken_reload() -> None:
    """The log tells of an error at a reload in ldirectord's form, and the daemon goes on."""
    start("site.cf")
    (WORK / "site.cf").write_text(TEXT + "nosuch=1\n")
    os.kill(pid("site.cf"), signal.SIGHUP)
    form = f"Error [{pid('site.cf')}] reading file {WORK}/site.cf at line 6: "
    wait_for(lambda: form in LOG.read_text(), form)
    wait_for(lambda: "The old configuration stays in force" in LOG.read_text(), "the old one")
    (WORK / "site.cf").write_text(TEXT)
    give("site.cf", "stop")


def execute() -> None:
    """Instances of `execute` start, follow a reload, and are gone when `stop` returns."""
    for name in ("one.cf", "two.cf", "three.cf"):
        (WORK / name).write_text(TEXT)

    def running() -> set[str]:
        return {path.name.split(".")[1] for path in Path("/run").glob("ldirectord.*.pid")}

    def parent(*children: str) -> None:
        lines = "".join(f"execute={WORK}/{child}.cf\n" for child in children)
        (WORK / "site.cf").write_text(lines + TEXT)

    parent("one", "two")
    start("site.cf")
    wait_for(lambda: running() == {"site", "one", "two"}, f"start: {running()}")
    assert give("site.cf", "status").count("is running with pid") == 3
    parent("two", "three")
    give("site.cf", "reload")
    wait_for(lambda: running() == {"site", "two", "three"}, f"reload: {running()}")
    give("site.cf", "stop")
    assert running() == set(), running()


def to_syslog() -> None:
    """With a facility as logfile the lines go there, under ldirectord's tag, errors as errors."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.settimeout(BOUND)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/dev"], check=True)
    for name, minor in (("null", "3"), ("urandom", "9")):
        subprocess.run(["mknod", "-m", "666", f"/dev/{name}", "c", "1", minor], check=True)
    listener.bind("/dev/log")
    (WORK / "site.cf").write_text('logfile="local0"\n' + TEXT)
    start("site.cf")
    daemon = pid("site.cf")
    first = listener.recv(4096).decode()
    assert first.startswith("<134>"), first
    assert f"ldirectord[{daemon}]: Starting Linux" in first, first
    (WORK / "site.cf").write_text("nosuch=1\n")
    os.kill(daemon, signal.SIGHUP)
    while "Error [" not in (line := listener.recv(4096).decode()):
        pass
    assert line.startswith("<131>"), line


def supervised() -> None:
    """A supervised daemon stays, logs to stdout as `[date] text`, and has no pid file."""
    (WORK / "site.cf").write_text("supervised=yes\n" + TEXT)
    command = [LDIRPY, "--ipvs", "memory", "site.cf", "start"]
    daemon = subprocess.Popen(command, cwd=WORK, stdout=subprocess.PIPE, text=True)
    assert daemon.stdout is not None
    first = daemon.stdout.readline()
    assert re.match(r"\[.{24}\] Starting Linux Director", first), first
    while "Added real server" not in daemon.stdout.readline():
        pass
    assert list(Path("/run").glob("*.pid")) == []
    daemon.terminate()
    assert "terminated on signal: TERM" in daemon.communicate(timeout=BOUND)[0]
    assert daemon.returncode == 0


def seen_as_ldirectord() -> None:
    """ps and pgrep find the daemon under the name of Perl's."""
    start("site.cf")
    for command in ("ps -C ldirectord -o pid=", "pgrep -x ldirectord"):
        done = subprocess.run(command.split(), capture_output=True, text=True)
        assert done.stdout.split() == [str(pid("site.cf"))], (command, done.stdout)
    full = ["pgrep", "-f", "ldirectord --ipvs=memory site.cf start"]
    done = subprocess.run(full, capture_output=True, text=True)
    assert str(pid("site.cf")) in done.stdout.split(), done.stdout


def main() -> None:
    for place in ("/run", "/var/log"):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", place], check=True)
    WORK.mkdir()
    (WORK / "site.cf").write_text(TEXT)
    moments: dict[str, Callable[[], None]] = {
        moment.__name__: moment
        for moment in (
            *(many_starts, no_ipvs, relative_name, killed, broken_reload, execute, to_syslog),
            *(supervised, seen_as_ldirectord),
        )
    }
    moments[sys.argv[1]]()


if __name__ == "__main__":
    main()
