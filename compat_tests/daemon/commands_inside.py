"""An operator who gives each command in each state, in namespaces of his own.

Arguments: whose commands are given (`perl` or `ldirpy`), whose daemon runs, and the states. Each
case is one JSON line on stdout. The mount, pid and network namespaces are made by the caller: /run
and /var/log are emptied here, and Perl gets an ipvsadm that does nothing; ldirpy's table is in
memory.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

COMMANDS = ("status", "reload", "force-reload", "try-restart", "start", "restart", "stop")

GOOD = """\
checkinterval=1
quiescent=no
virtual=192.0.2.1:80
    real=192.0.2.2:80 masq
    checktype=on
"""
BROKEN = GOOD + "nosuch=1\n"

WORK = Path("/run/operator")
CONFIG = WORK / "site.cf"
PID_FILE = Path("/var/run/ldirectord.site.cf.pid")
BOUND = 30.0  # seconds for a daemon to come up or to go

IPVSADM = """\
#!/bin/sh
case "$1" in
-L) echo "IP Virtual Server version 1.2.1 (size=4096)"
    echo "Prot LocalAddress:Port Scheduler Flags"
    echo "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn" ;;
esac
"""


def furnish() -> None:
    """A /run and a /var/log of our own, and an ipvsadm for Perl."""
    for place in ("/run", "/var/log"):
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
    WORK.mkdir()
    (WORK / "ldirectord").symlink_to(Path(sys.executable).with_name("ldirpy"))
    fake = WORK / "ipvsadm"
    fake.write_text(IPVSADM)
    fake.chmod(0o755)
    subprocess.run(["mount", "--bind", str(fake), "/sbin/ipvsadm"], check=True)


def program(of: str) -> list[str]:
    """The command `ldirectord` of each: ours is called by that name through a symlink."""
    if of == "perl":
        return ["/usr/sbin/ldirectord"]
    return [str(WORK / "ldirectord"), "--ipvs", "memory"]


def wait_for(seen: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + BOUND
    while not seen():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.05)


def pid_file() -> str:
    return PID_FILE.read_text() if PID_FILE.exists() else ""


def alive(text: str) -> bool:
    """Whether the pid file's process is a live ldirectord."""
    try:
        return b"ldirectord" in Path(f"/proc/{int(text)}/cmdline").read_bytes()
    except (OSError, ValueError):
        return False


class State:
    """What the operator finds: a configuration, a pid file, perhaps a daemon."""

    def __init__(self, daemon_of: str) -> None:
        self._daemon = program(daemon_of)

    def make(self, name: str) -> None:
        """Bring it about."""
        CONFIG.write_text(GOOD)
        if name.startswith("running"):
            subprocess.run([*self._daemon, str(CONFIG), "start"], check=True, timeout=BOUND)
            wait_for(lambda: alive(pid_file()), "no running daemon")
        elif name == "stale":
            PID_FILE.write_text("99999\n")
        elif name == "foreign":  # the pid of a process that is no ldirectord
            sleeper = subprocess.Popen(["sleep", "infinity"])
            PID_FILE.write_text(f"{sleeper.pid}\n")
        if name.endswith("broken"):
            CONFIG.write_text(BROKEN)

    def clear(self) -> None:
        """Nothing runs, nothing lies about."""
        text = pid_file()
        if alive(text):
            os.kill(int(text), signal.SIGKILL)
            wait_for(lambda: not alive(text), "the daemon does not end")
        PID_FILE.unlink(missing_ok=True)


def give(words: list[str], state: str, command: str) -> dict[str, object]:
    """Give one command, and see what is then."""
    before = pid_file()
    done = subprocess.run(
        [*words, str(CONFIG), command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * BOUND,
        cwd=WORK,
    )
    starts = done.returncode == 0 and command in ("start", "restart")
    stopped = done.returncode == 0 and command == "stop" and alive(before)
    # Perl's `stop` and `start` return before they are done.
    at_once = not stopped or not PID_FILE.exists()
    if stopped:
        wait_for(lambda: not PID_FILE.exists(), "the pid file stays")
    if starts:
        wait_for(lambda: alive(pid_file()), "no daemon")
    after = pid_file()
    return {
        "code": done.returncode,
        "out": scrubbed(done.stdout),
        "err": scrubbed(done.stderr),
        "pid_file": "as before" if after == before else "gone" if not after else "written",
        "form": bool(re.fullmatch(r"[1-9][0-9]*\n", after)),
        "runs": alive(after),
        "stopped_at_return": at_once,
    }


def scrubbed(text: str) -> str:
    """Without what differs from run to run, what Perl says of itself, and the text of an error."""
    lines = []
    for line in text.splitlines():
        line = re.sub(r"\[\d+\]|(?<=pid: )\d+", "PID", line)
        line = re.sub(r"^(Error PID reading file \S+ at line \d+: ).*", r"\1TEXT", line)
        if line.strip() and not line.startswith(("Use of uninitialized value", "    ")):
            lines.append(line)
    return "\n".join(lines)


def main() -> None:
    commands_of, daemon_of, *states = sys.argv[1:]
    furnish()
    state = State(daemon_of)
    for name in states:
        for command in COMMANDS:
            state.make(name)
            record = give(program(commands_of), name, command)
            state.clear()
            print(json.dumps({"state": name, "command": command, **record}), flush=True)


if __name__ == "__main__":
    main()
