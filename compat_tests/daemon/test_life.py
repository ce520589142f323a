"""The daemon's life from its start to its end, each moment in namespaces of its own."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

INSIDE = Path(__file__).with_name("life_inside.py")
UNSHARE = "unshare --net --mount --pid --fork --mount-proc --kill-child".split()

pytestmark = pytest.mark.servers


def happens(moment: str) -> None:
    """Let a moment happen; it says itself what is wrong."""
    done = subprocess.run(
        [*UNSHARE, sys.executable, str(INSIDE), moment], capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_one_of_many_starts() -> None:
    """Four starts at once make one daemon, which stays alone without its pid file."""
    happens("many_starts")


def test_start_without_ipvs() -> None:
    """A start that cannot read the kernel's table fails with a message."""
    happens("no_ipvs")


def test_a_relative_name() -> None:
    """A reload finds the file that was named by a relative path."""
    happens("relative_name")


def test_killed() -> None:
    """kill -9 leaves a stale pid file, which a start does not mind."""
    happens("killed")


def test_reload_with_an_error() -> None:
    """The log has the error in ldirectord's form, and the daemon goes on."""
    happens("broken_reload")


def test_execute() -> None:
    """Instances that `execute` names start, reload and stop with their parent."""
    happens("execute")


def test_syslog() -> None:
    """A facility as logfile: tag and facility are ldirectord's, errors have priority err."""
    happens("to_syslog")


def test_supervised() -> None:
    """supervised=yes stays in the foreground, without a pid file."""
    happens("supervised")


def test_seen_as_ldirectord() -> None:
    """The process list shows it as ldirectord."""
    happens("seen_as_ldirectord")


def test_status_is_quick(tmp_path: Path) -> None:
    """`ldirectord CONFIG status` through the symlink takes less than 0.4 s on an idle machine."""
    config = tmp_path / "quick.cf"
    config.write_text("virtual=192.0.2.1:80\n    real=192.0.2.2:80 masq\n")
    link = tmp_path / "ldirectord"
    link.symlink_to(Path(sys.executable).with_name("ldirpy"))

    def seconds() -> float:
        before = _children()
        done = subprocess.run([str(link), str(config), "status"], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (3, f"ldirectord is stopped for {config}\n")
        return _children() - before

    # Processor time, as other tests may have the rest of the machine.
    assert min(seconds() for _ in range(5)) < 0.4


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
