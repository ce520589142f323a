"""Network namespaces as the tests' machines: make them, be in them, run programs in them."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

CLONE_NEWNET = 0x40000000  # <linux/sched.h>

_libc = ctypes.CDLL(None, use_errno=True)


class CommandFailed(Exception):
    """A program that has to succeed did not; the message has what it printed."""


def add(name: str) -> None:
    """Makes a namespace with only the loopback interface, which is up."""
    run("ip", "netns", "add", name)
    run("ip", "-n", name, "link", "set", "lo", "up")


def batch(name: str, commands: str) -> None:
    """Runs many ip commands in a namespace, one a line, with one process."""
    run("ip", "-n", name, "-batch", "-", stdin=commands)


@contextmanager
def inside(name: str) -> Iterator[None]:
    """Puts the calling thread into a namespace: its sockets and its child processes live there.

    Other threads stay where they are, so scenarios can run side by side in one process.
    """
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        there = os.open(f"/run/netns/{name}", os.O_RDONLY)
        try:
            _setns(there)
        finally:
            os.close(there)
        try:
            yield
        finally:
            _setns(home)
    finally:
        os.close(home)


def run(*command: str, stdin: str = "") -> str:
    """Runs a program to its end and returns what it printed; raises CommandFailed."""
    done = subprocess.run(
        command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode != 0:
        raise CommandFailed(f"{' '.join(command)}: status {done.returncode}: {done.stdout}")
    return done.stdout


def run_in(name: str, *command: str) -> str:
    """Runs a program in a namespace; as run()."""
    with inside(name):
        return run(*command)


def set_sysctl(name: str, **values: int) -> None:
    """Sets net.* values of a namespace; a double underscore in a name stands for a slash."""
    with inside(name):
        for key, value in values.items():
            path = "/proc/sys/net/" + key.replace("__", "/")
            with open(path, "w") as file:
                file.write(str(value))


def _setns(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
