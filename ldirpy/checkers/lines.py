"""The lines that a server sends on a stream."""

from ldirpy.checkers.stream import Stream
from ldirpy.errors import CheckFailed

# Bytes of an answer that are looked at; caps memory, and ends the check of a server that talks
# without end (deviation: answer-limit).
MAX_ANSWER = 1024 * 1024


class Lines:
    """What comes on `stream`, line by line, at most MAX_ANSWER bytes."""

    __slots__ = ("_data", "_ended", "_stream", "_total")

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._data = bytearray()
        self._total = 0
        self._ended = False

    async def next(self) -> bytes | None:
        """The next line without its line feed; at the server's end what is left, then None."""
        at = 0
        while (end := self._data.find(b"\n", at)) < 0 and not self._ended:
            at = len(self._data)
            await self._receive()
        if end < 0 and not self._data:
            return None
        line = bytes(self._data[:end] if end >= 0 else self._data)
        del self._data[: len(line) + 1]
        return line

    async def _receive(self) -> None:
        if self._total >= MAX_ANSWER:
            raise too_long()
        more = await self._stream.receive()
        self._ended = not more
        self._total += len(more)
        self._data += more


def too_long() -> CheckFailed:
    """The verdict on a server that talks without end."""
    return CheckFailed(f"an answer of more than {MAX_ANSWER:,} bytes")
