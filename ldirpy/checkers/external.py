"""checktype=external: a command decides, by its exit status."""

import errno
import signal
from collections.abc import Sequence
from typing import Self

import attrs

from ldirpy.checkers.base import Checker, Deadline
from ldirpy.checkers.child import Child
from ldirpy.config.model import Real, Virtual
from ldirpy.errors import CheckFailed

# What is wrong with the command itself.
UNUSABLE = (errno.ENOENT, errno.EACCES, errno.ENOTDIR, errno.EISDIR, errno.ELOOP)


@attrs.frozen(kw_only=True)
class ExternalChecker(Checker):
    """`COMMAND VIP VPORT RIP RPORT`, run without a shell; it must exit with 0."""

    command: str
    arguments: tuple[str, ...]

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        return cls(command=virtual.checkcommand, arguments=arguments_for(virtual, real))

    async def check(self, deadline: Deadline) -> str:
        async with self._started() as child:
            status = await child.exited()
            if status:
                raise CheckFailed(child.said() or ending(status))
            return "exit status 0"

    def _started(self) -> Child:
        try:
            return Child([self.command, *self.arguments])
        except OSError as error:
            if error.errno == errno.ENOEXEC:
                # A script without "#!" is the shell's, as for execvp(3).
                return Child(["/bin/sh", self.command, *self.arguments])
            if error.errno in UNUSABLE:
                raise CheckFailed(f"{self.command}: {error.strerror}") from error
            raise


def arguments_for(virtual: Virtual, real: Real) -> tuple[str, ...]:
    """The arguments of a check command: VIP VPORT RIP RPORT, or a firewall mark and 0 first.

    As with ldirectord IPv6 addresses stand in brackets, and RPORT is the real server's port,
    whatever checkport says.
    """
    if virtual.address is None:
        return (str(virtual.fwmark), "0", *_pair(real))
    return (*_pair(virtual), *_pair(real))


def _pair(place: Virtual | Real) -> Sequence[str]:
    address, _, port = str(place).rpartition(":")
    return (address, port)


def ending(status: int) -> str:
    """How a process has ended, by its exit status; negative: by a signal."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
