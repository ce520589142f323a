"""Messages to and from a directory, on a stream of ours.

ldap3 defines the messages, pyasn1 writes and reads them; ldap3's own connections have time-outs for
each read only, and never end on an answer that is not LDAP.
"""

from typing import Any

from ldap3.protocol.rfc4511 import LDAPMessage, MessageID, ProtocolOp
from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error

from ldirpy.checkers.dialogue import told
from ldirpy.checkers.lines import MAX_ANSWER, too_long
from ldirpy.checkers.stream import Stream
from ldirpy.errors import CheckFailed
from ldirpy.pattern import quoted

SEQUENCE = 0x30  # how every message begins (RFC 4511, section 5.1)
HEAD = 6  # bytes by which a message's length is known, if it is a sensible one


class Talk:
    """Messages to and from a directory."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._sent = 0
        self._data = bytearray()

    async def send(self, kind: str, operation: Any) -> None:
        self._sent += 1
        message = LDAPMessage()
        message["messageID"] = MessageID(self._sent)
        message["protocolOp"] = ProtocolOp().setComponentByName(kind, operation)
        await self._stream.send(encoder.encode(message))

    async def receive(self, *kinds: str) -> tuple[str, Any]:
        """The next answer to what was sent last, with its kind; raises CheckFailed for others."""
        data = self._data
        while (size := _size(data)) is None or len(data) < size:
            more = await self._stream.receive()
            if not more:
                raise CheckFailed("the server closed the connection without an answer")
            data += more
        try:
            message, _ = decoder.decode(bytes(data[:size]), asn1Spec=LDAPMessage())
        except PyAsn1Error as error:
            raise CheckFailed(f"not an LDAP answer: {quoted(bytes(data))}") from error
        del data[:size]
        kind = str(message["protocolOp"].getName())
        if kind == "extendedResp" and int(message["messageID"]) == 0:
            # A notice of disconnection (RFC 4511, section 4.4.1).
            demand_success("the server ends the session", message["protocolOp"][kind])
        if kind not in kinds or int(message["messageID"]) != self._sent:
            raise CheckFailed(f"not the answer to our request but {kind}")
        return kind, message["protocolOp"][kind]


def _size(data: bytearray) -> int | None:
    """The length of the message that `data` begins with; None while it cannot be known."""
    if data and data[0] != SEQUENCE:
        raise CheckFailed(f"not an LDAP answer: {quoted(bytes(data))}")
    if len(data) < HEAD:
        return None
    if data[1] < 0x80:
        return 2 + data[1]
    digits = data[1] & 0x7F
    size = 2 + digits + int.from_bytes(data[2 : 2 + digits], "big")
    if digits > HEAD - 2 or size > MAX_ANSWER:
        raise too_long()
    return size


def demand_success(what: str, answer: Any, *secrets: str) -> None:
    """Raise CheckFailed, with the server's words, unless the result code is 0 (success)."""
    code = answer["resultCode"]
    if int(code):
        said = bytes(answer["diagnosticMessage"])
        words = f", {told(said, *secrets)}" if said else ""
        raise CheckFailed(f"{what}: {code.prettyPrint()}{words}")
