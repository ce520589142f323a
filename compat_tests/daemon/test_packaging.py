"""The files for the system: units, scripts and manual page, judged by their own tools."""

import os
import subprocess
from pathlib import Path

import pytest

PACKAGING = Path(__file__).resolve().parents[2] / "packaging"
SCRIPTS = ["install", "ldirpy.init", "ocf/ldirpy", "resource.d/ldirpy"]


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts(name: str) -> None:
    """shellcheck has nothing to say about our shell scripts, and they can be run."""
    path = PACKAGING / name
    done = subprocess.run(["shellcheck", str(path)], capture_output=True, text=True)

    assert done.stdout == ""
    assert done.returncode == 0
    assert os.access(path, os.X_OK)


def test_unit(tmp_path: Path) -> None:
    """systemd-analyze verifies the unit, and rates what it gives to the daemon as OK."""
    program = tmp_path / "ldirpy"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / "ldirpy@www.cf.service"
    text = (PACKAGING / "ldirpy@.service").read_text().replace("@SBINDIR@", str(tmp_path))
    unit.write_text(text)

    def analyze(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["systemd-analyze", *words, str(unit)], capture_output=True, text=True
        )

    verified = analyze("verify", "--man=no")
    # It looks at other units of this machine as well, and has something to say about some.
    of_ours = [line for line in verified.stderr.splitlines() if "ldirpy" in line]
    assert (verified.returncode, of_ours) == (0, [])
    rated = analyze("security", "--offline=yes", "--threshold=45")
    assert rated.returncode == 0, rated.stdout


def test_manual_page() -> None:
    """man formats the page without a warning, and it has what it must have."""
    done = subprocess.run(
        ["man", "--warnings", "--local-file", str(PACKAGING / "ldirpy.8")],
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"},
    )

    assert (done.returncode, done.stderr) == (0, "")
    for heading in ("NAME", "SYNOPSIS", "COMMANDS", "OPTIONS", "EXIT STATUS", "SIGNALS", "FILES"):
        assert heading in done.stdout


def test_logrotate(tmp_path: Path) -> None:
    """logrotate understands the rule, moves the log away, and makes no new one."""
    log = tmp_path / "ldirectord.log"
    log.write_text("[Mon Nov 23 11:10:22 2026|www.cf|1] Added virtual server: 192.0.2.1:80\n")
    rule = tmp_path / "rule"
    text = (PACKAGING / "ldirpy.logrotate").read_text()
    rule.write_text(text.replace("/var/log/ldirectord.log", str(log)))
    state = ["--state", str(tmp_path / "state")]

    done = subprocess.run(
        ["logrotate", "--force", *state, str(rule)], capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert log.with_name("ldirectord.log.1").exists()
    assert not log.exists()
