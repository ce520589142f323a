"""Other instances of the daemon that `execute` names: they start, reload and stop with this one."""

import logging
import os
import signal
import subprocess
import threading
from collections.abc import Iterable, Sequence

from ldirpy.daemon import detach, notify
from ldirpy.daemon.instance import Instance

log = logging.getLogger("ldirpy")

NOT_FOR_OTHERS = {notify.SOCKET, notify.WATCHDOG, notify.WATCHDOG_PID, "JOURNAL_STREAM"}


def follow(old: Iterable[str], new: Iterable[str], options: Sequence[str] = ()) -> None:
    """Start the instances that are new, stop those that are gone, and reload the others."""
    before, after = dict.fromkeys(old), dict.fromkeys(new)
    for config in before:
        if config not in after:
            _signal(config, signal.SIGTERM)
    for config in after:
        if config in before:
            _signal(config, signal.SIGHUP)
        else:
            _start(config, options)


def _signal(config: str, number: signal.Signals) -> None:
    try:
        Instance.of(config).signal(number)
    except OSError as error:
        log.error("Could not send %s to ldirectord for %s: %s", number.name, config, error)


def _start(config: str, options: Sequence[str]) -> None:
    words = [*options, *(["--"] if config.startswith("-") else []), config, "start"]
    try:
        child = subprocess.Popen(
            detach.command(words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # The service manager and the journal are connected to this process, not to that one.
            env={name: text for name, text in os.environ.items() if name not in NOT_FOR_OTHERS},
        )
    except OSError as error:
        log.error("Could not start ldirectord for %s: %s", config, error)
        return
    threading.Thread(target=_await, args=(config, child), daemon=True).start()


def _await(config: str, child: "subprocess.Popen[bytes]") -> None:
    """Say what keeps an instance from starting; it has a log of its own for everything else."""
    said, _ = child.communicate()
    if child.returncode != 0:
        text = said.decode(errors="replace").strip()
        log.error("ldirectord %s start ended with %s: %s", config, child.returncode, text)
