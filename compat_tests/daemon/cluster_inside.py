"""Cluster managers' ways to run ldirpy, in namespaces of their own; the verdicts are JSON lines.

Arguments: `own`, `clusterlabs` or `heartbeat`. The table is in memory: the kernel's is looked at
in the tests that run in a kernel.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGING = Path(__file__).resolve().parents[2] / "packaging"
WORK = Path("/run/cluster")
CONFIG = "/etc/ha.d/site.cf"
PID_FILE = Path("/var/run/ldirectord.site.cf.pid")
MANAGER = "/usr/share/heartbeat/ResourceManager"

TEXT = """\
checkinterval=1
quiescent=no
virtual=192.0.2.1:80
    real=192.0.2.2:80 masq
    checktype=on
"""


def furnish() -> None:
    """A /run, a /var/log and an /etc/ha.d of our own, and a program with its table in memory."""
    for place in ("/run", "/var/log"):
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
    WORK.mkdir()
    Path("/run/resource-agents").mkdir()
    shutil.copytree("/etc/ha.d", WORK / "ha.d", symlinks=True)
    subprocess.run(["mount", "--bind", str(WORK / "ha.d"), "/etc/ha.d"], check=True)
    Path(CONFIG).write_text(TEXT)
    program = Path(sys.executable).with_name("ldirpy")
    script(WORK / "ldirpy", f'#!/bin/sh\nexec {program} --ipvs memory "$@"\n')
    for source, target in (("ocf/ldirpy", WORK / "agent"), ("resource.d/ldirpy", RESOURCE)):
        text = (PACKAGING / source).read_text().replace("@SBINDIR@", str(WORK))
        script(target, text)


RESOURCE = Path("/etc/ha.d/resource.d/ldirpy")


def script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def run(*words: str) -> None:
    """Run a program, and tell what came of it."""
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL
    )
    record = {
        "words": words[1:],
        "code": done.returncode,
        "output": done.stdout + done.stderr,
        "pid_file": PID_FILE.exists(),
    }
    print(json.dumps(record), flush=True)


def main() -> None:
    furnish()
    match sys.argv[1]:
        case "own":
            parameters = ("-o", f"configfile={CONFIG}", "-o", f"ldirpy={WORK / 'ldirpy'}")
            run("ocf-tester", "-n", "director", *parameters, str(WORK / "agent"))
        case "clusterlabs":
            agent = "/usr/lib/ocf/resource.d/heartbeat/ldirectord"
            parameters = ("-o", f"configfile={CONFIG}", "-o", f"ldirectord={WORK / 'ldirpy'}")
            run("ocf-tester", "-n", "director", *parameters, agent)
        case "heartbeat":
            node = subprocess.run(["uname", "-n"], capture_output=True, text=True).stdout.strip()
            Path("/etc/ha.d/haresources").write_text(f"{node} ldirpy::site.cf\n")
            Path("/etc/ha.d/ha.cf").write_text(f"node {node}\n")
            run(MANAGER, "listkeys", node)
            for action in ("status", "takegroup", "status", "takegroup", "givegroup", "givegroup"):
                run(MANAGER, action, "ldirpy::site.cf")


if __name__ == "__main__":
    main()
