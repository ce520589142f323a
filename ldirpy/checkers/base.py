"""What a checker is, and the deadline that every check is held to.

A checker holds its own settings and nothing else: it knows no schedule, no failure count, no
weight. It is a frozen attrs class, so that equal settings mean the same check, which is then run
once for all the virtual services that want it. It either returns, with one line on what it saw,
or raises CheckFailed.
"""

import asyncio
import contextlib
import errno
import functools
import os
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import final
from weakref import WeakKeyDictionary

import attrs

from ldirpy.config.model import Real, Virtual
from ldirpy.errors import CheckFailed, NoVerdict

# Threads for blocking client libraries, and processes for one check script. A check that waits in
# one of them costs it, so the built-in checks of the common services do not use them.
POOL_SIZE = 16


class Deadline:
    """The moment by which a whole check must be over."""

    __slots__ = ("_bound", "at", "timeout")

    def __init__(self, timeout: float) -> None:
        """Start the clock: `timeout` seconds from now."""
        self.timeout = timeout
        self.at = time.monotonic() + timeout
        self._bound: asyncio.Timeout | None = None

    def bind(self, bound: asyncio.Timeout) -> None:
        """Take `bound` along when the clock is stopped."""
        self._bound = bound

    def left(self) -> float:
        """The seconds that are left, always more than 0; raises CheckFailed if none are."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise self.missed()
        return left

    def missed(self) -> CheckFailed:
        """The verdict on a server that did not answer in time."""
        return CheckFailed(f"no answer in {self.timeout:g} s")

    def spent(self) -> float:
        """The seconds for which the clock has run."""
        return self.timeout - (self.at - time.monotonic())

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Inside, the clock stands still."""
        left = self.left()
        if self._bound:
            self._bound.reschedule(None)
        try:
            yield
        finally:
            self.at = time.monotonic() + left
            if self._bound:
                self._bound.reschedule(asyncio.get_running_loop().time() + left)


class Checker(ABC):
    """One check of one real server. Subclass it as a frozen attrs class."""

    __slots__ = ()

    @classmethod
    @abstractmethod
    def from_config(cls, virtual: Virtual, real: Real) -> "Checker":
        """The checker of `real` for `virtual`, as a rule of this class.

        Raises ValueError, in words for the operator, if the configuration cannot be checked.
        """

    @property
    def queue(self) -> object:
        """What it waits for before its clock starts: POOL_SIZE checks of a queue run at a time.

        None, the rule: nothing. The real server is not to blame for the queue.
        """
        return None

    @abstractmethod
    async def check(self, deadline: Deadline) -> str:
        """Check once; return one line on what was seen, or raise CheckFailed.

        The caller cancels it when the deadline has passed, so an asynchronous checker need not
        look at it. Errors of the operating system (OSError) may escape: they mean "down" too.
        """


class BlockingChecker(Checker):
    """A check by a library that blocks; it runs in a thread of a bounded pool.

    A thread cannot be cancelled: every blocking call must be given `deadline.left()` as its
    time-out, and must be one that returns by then.
    """

    __slots__ = ()

    @property
    @final
    def queue(self) -> object:
        return BlockingChecker

    @abstractmethod
    def check_blocking(self, deadline: Deadline) -> str:
        """Check once, in a thread; return one line on what was seen, or raise CheckFailed."""

    @final
    async def check(self, deadline: Deadline) -> str:
        return await in_thread(functools.partial(self.check_blocking, deadline))


@contextlib.asynccontextmanager
async def free_thread(deadline: Deadline) -> AsyncIterator[None]:
    """Wait until a thread of the pool is free, and keep it so for `in_thread` inside.

    The clock stands still until then, since the real server is not to blame for the queue.
    """
    places = _places_of(BlockingChecker)
    with deadline.stopped():
        await places.acquire()
    try:
        yield
    finally:
        places.release()


async def in_thread(work: Callable[[], str]) -> str:
    """What `work` returns; it is done in the pool even if nobody waits for it any longer."""
    running = asyncio.get_running_loop().run_in_executor(_pool(), work)
    try:
        # The verdict is due at the deadline, even if the thread should come back late.
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        if not running.done():
            _late.add(running)
            running.add_done_callback(_came_back)
        raise


_pools: list[Executor] = []
_late: set["asyncio.Future[str]"] = set()  # threads whose check is over and who are still busy


def _pool() -> Executor:
    if not _pools:
        _pools.append(ThreadPoolExecutor(POOL_SIZE, thread_name_prefix="ldirpy-check"))
    return _pools[0]


def _came_back(work: "asyncio.Future[str]") -> None:
    _late.discard(work)
    if not work.cancelled():
        work.exception()  # nobody waits for it any more


# The places of each queue, in each event loop.
_Places = WeakKeyDictionary[object, asyncio.Semaphore]
_places: "WeakKeyDictionary[asyncio.AbstractEventLoop, _Places]" = WeakKeyDictionary()


def _places_of(queue: object) -> asyncio.Semaphore:
    places = _places.setdefault(asyncio.get_running_loop(), WeakKeyDictionary())
    return places.setdefault(queue, asyncio.Semaphore(POOL_SIZE))


@contextlib.asynccontextmanager
async def _place_for(checker: Checker) -> AsyncIterator[None]:
    queue = checker.queue
    if queue is None:
        yield
        return
    async with _places_of(queue):
        yield


@attrs.frozen(kw_only=True)
class CheckResult:
    """The outcome of one check. `seconds` is how long it took."""

    up: bool
    message: str
    seconds: float


# Shortages of this machine: no verdict on a real server follows from them.
_SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


async def run_check(checker: Checker, timeout: float) -> CheckResult:
    """Run one check, held to `timeout` seconds as a whole.

    Raises NoVerdict if this machine lacks what it takes to check, such as a free descriptor.
    """
    async with _place_for(checker):
        deadline = Deadline(timeout)
        try:
            async with asyncio.timeout(timeout) as bound:
                deadline.bind(bound)
                message, up = await checker.check(deadline), True
        except CheckFailed as failure:
            message, up = str(failure), False
        except TimeoutError as error:
            # asyncio.timeout's own has no errno; the system's (ETIMEDOUT) has one.
            message, up = (describe(error) if error.errno else str(deadline.missed())), False
        except OSError as error:
            if error.errno in _SHORTAGES:
                raise NoVerdict(describe(error)) from error
            message, up = describe(error), False
        return CheckResult(up=up, message=message, seconds=deadline.spent())


def describe(error: OSError) -> str:
    """An error of the operating system in the operator's words."""
    if error.errno == errno.ECONNREFUSED:
        return "connection refused"
    if error.errno == errno.ECONNRESET:
        return "connection reset by the server"
    if error.errno and error.errno > 0 and type(error).__module__ == "builtins":
        return os.strerror(error.errno).lower()
    return str(error) or type(error).__name__


@contextlib.contextmanager
def map_errors(*library_errors: type[Exception]) -> Iterator[None]:
    """Turn the exceptions of a client library into CheckFailed, with their cause kept."""
    try:
        yield
    except library_errors as error:
        raise CheckFailed(str(error) or type(error).__name__) from error


# The ports that are checked where neither checkport nor the real server names one
# (ldirectord(8), directive "service").
STANDARD_PORTS = {
    "dns": 53, "ftp": 21, "http": 80, "http_proxy": 3128, "https": 443, "imap": 143,
    "imaps": 993, "ldap": 389, "ldaps": 636, "mysql": 3306, "nntp": 119, "oracle": 1521,
    "pgsql": 5432, "pop": 110, "pops": 995, "radius": 1812, "sip": 5060, "smtp": 25,
    "submission": 587,
}  # fmt: skip


def check_port(virtual: Virtual, real: Real) -> int:
    """The port to check: checkport, else the real server's, else the service's standard port.

    Raises ValueError if there is none of the three.
    """
    port = virtual.checkport or real.port or STANDARD_PORTS.get(virtual.service)
    if port is None:
        raise ValueError(
            f"there is no port to check on real server {real.address}: "
            f"give the real server a port, or set checkport"
        )
    return port


def pattern_of(virtual: Virtual, real: Real) -> str | None:
    """The receive pattern that holds for `real`: its own, else the virtual service's."""
    return real.receive if real.receive is not None else virtual.receive


def request_of(virtual: Virtual, real: Real) -> str | None:
    """The request that holds for `real`: its own, else the virtual service's."""
    return real.request if real.request is not None else virtual.request
