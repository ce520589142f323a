"""service=ldap and ldaps: a directory lets us in and has exactly the entry asked for.

ldap3 defines and makes the messages, pyasn1 reads them. They go over our own stream, since ldap3's
connections have time-outs for each read only, and never end on an answer that is not LDAP.
"""

from typing import Any, Self

import attrs
from ldap3 import ANONYMOUS, BASE, DEREF_NEVER, NO_ATTRIBUTES, SIMPLE
from ldap3.operation.bind import bind_operation
from ldap3.operation.search import search_operation
from ldap3.protocol.rfc4511 import LDAPMessage, MessageID, ProtocolOp
from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error

from ldirpy.checkers.base import Checker, Deadline, pattern_of, request_of
from ldirpy.checkers.dialogue import told
from ldirpy.checkers.endpoint import Endpoint
from ldirpy.checkers.lines import MAX_ANSWER, too_long
from ldirpy.checkers.stream import Stream
from ldirpy.config.model import Real, Virtual
from ldirpy.errors import CheckFailed
from ldirpy.pattern import demand, quoted

SEQUENCE = 0x30  # how every message begins (RFC 4511, section 5.1)
HEAD = 6  # bytes by which a message's length is known, if it is a sensible one


@attrs.frozen(kw_only=True)
class LdapChecker(Checker):
    """A bind, simple with both `login` and `passwd`, else anonymous; a search for one entry."""

    endpoint: Endpoint
    login: str = ""
    passwd: str = attrs.field(default="", repr=False)
    request: str = ""
    receive: str | None = None

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        known = bool(virtual.login and virtual.passwd)
        return cls(
            endpoint=Endpoint.of(virtual, real, tls=virtual.service == "ldaps"),
            login=virtual.login if known else "",
            passwd=virtual.passwd if known else "",
            request=(request_of(virtual, real) or "").removeprefix("/"),
            receive=pattern_of(virtual, real),
        )

    async def check(self, deadline: Deadline) -> str:
        async with self.endpoint.stream() as stream:
            talk = _Talk(stream)
            method = SIMPLE if self.login else ANONYMOUS
            bind = bind_operation(3, method, self.login, self.passwd or None)
            await talk.send("bindRequest", bind)
            _, answer = await talk.receive("bindResponse")
            _demand_success("bind refused", answer, self.passwd)
            names = await self._found(talk)
            if len(names) != 1:
                raise CheckFailed(f'{len(names)} entries for "{self.request}", not one')
        demand(self.receive, names[0])
        return names[0].decode("utf-8", "replace") or "the root entry"

    async def _found(self, talk: "_Talk") -> list[bytes]:
        """The names of all entries that the search finds."""
        # The dereferencing, no limits, all that RFC 4511 (section 4.5.1) leaves to the client.
        attributes = [NO_ATTRIBUTES]
        search = search_operation(
            *(self.request, "(objectClass=*)", BASE, DEREF_NEVER, attributes),
            *(0, 0, False, False, False),
        )
        await talk.send("searchRequest", search)
        names = []
        while True:
            kind, answer = await talk.receive("searchResEntry", "searchResRef", "searchResDone")
            if kind == "searchResEntry":
                names.append(bytes(answer["object"]))
            elif kind == "searchResDone":
                _demand_success(f'no entry "{self.request}"', answer)
                return names


class _Talk:
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
            _demand_success("the server ends the session", message["protocolOp"][kind])
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


def _demand_success(what: str, answer: Any, *secrets: str) -> None:
    """Raise CheckFailed, with the server's words, unless the result code is 0 (success)."""
    code = answer["resultCode"]
    if int(code):
        said = bytes(answer["diagnosticMessage"])
        words = f", {told(said, *secrets)}" if said else ""
        raise CheckFailed(f"{what}: {code.prettyPrint()}{words}")
