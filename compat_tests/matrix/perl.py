"""One check by the Perl daemon, which runs as a black box with an ipvsadm that does nothing."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import attrs

LIMIT = 10.0  # seconds after which a check of 2 s is taken to hang for ever
STARTED = 15.0  # seconds that the daemon has to come to its check, on a busy machine
VERDICT = re.compile(r"\[(up|down)\] ?(.*)")


@attrs.frozen
class Seen:
    """A verdict, "up", "down", "hangs" or "dies", with the seconds that it took."""

    verdict: str
    seconds: float
    message: str = ""


async def seen_by_perl(section: str) -> Seen:
    """What the Perl daemon makes of the one real server of a virtual service."""
    with tempfile.TemporaryDirectory(prefix="ldirpy-matrix-") as name:
        folder = Path(name)
        # It takes the one of its working directory before any other.
        (folder / "ipvsadm").write_text("#!/bin/sh\nexit 0\n")
        (folder / "ipvsadm").chmod(0o755)
        monitor = folder / "monitor"
        config = folder / "matrix.cf"
        config.write_text(f"{section}    monitorfile={monitor}\n")
        log = folder / "log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *("ldirectord", "-d", str(config), "start"),
                cwd=folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            return await _verdict(process, monitor, log)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _verdict(process: asyncio.subprocess.Process, monitor: Path, log: Path) -> Seen:
    begun, born = 0.0, time.monotonic()
    while True:
        await asyncio.sleep(0.02)
        now = time.monotonic()
        if not begun and "Checking " in _text(log):
            begun = now
        if found := VERDICT.search(_text(monitor)):
            return Seen(found[1], now - (begun or now), found[2].strip())
        if process.returncode is not None:
            return Seen("dies", now - (begun or now))
        if begun and now - begun > LIMIT:
            return Seen("hangs", now - begun)
        assert now - born < STARTED + LIMIT, f"no check: {_text(log)}"


def _text(file: Path) -> str:
    return file.read_text(errors="replace") if file.exists() else ""
