"""service=dns: a name server answers a query with at least one record.

The query is for the addresses of `request` or, if that is an address, for its PTR name; without
request= it is for the name servers of the root. dnspython makes and reads the messages.
"""

import ipaddress
import socket
from typing import Self

import attrs
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.reversename

from ldirpy.checkers.base import Checker, Deadline, check_port, pattern_of, request_of
from ldirpy.checkers.stream import Stream, resending
from ldirpy.config.model import Real, Virtual
from ldirpy.errors import CheckFailed
from ldirpy.net import Address, Protocol
from ldirpy.pattern import found

Query = tuple[dns.name.Name, dns.rdatatype.RdataType]

TRIES = 3  # datagrams sent for one query, as Net::DNS and dig do


@attrs.frozen(kw_only=True)
class DnsChecker(Checker):
    """A query for each of `queries` in turn, until one is answered with records."""

    address: Address
    port: int
    protocol: Protocol
    queries: tuple[Query, ...]
    receive: str | None = None
    source: Address | None = None

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        request = (request_of(virtual, real) or "").removeprefix("/")
        return cls(
            address=real.address,
            port=check_port(virtual, real),
            protocol=virtual.protocol,
            queries=queries_for(request),
            receive=pattern_of(virtual, real),
            source=virtual.checksource,
        )

    async def check(self, deadline: Deadline) -> str:
        answer = None
        for name, kind in self.queries:
            answer = await self._answer(dns.message.make_query(name, kind), deadline)
            texts = [
                record.to_text()
                for records in answer.answer
                if records.rdtype == kind
                for record in records
            ]
            if texts:
                return self._judged(texts)
        raise CheckFailed(self._empty(answer))

    def _judged(self, texts: list[str]) -> str:
        shown = ", ".join(texts[:3])
        if self.receive is not None and not any(
            found(self.receive, text.encode()) for text in texts
        ):
            raise CheckFailed(f'receive "{self.receive}" not found in {shown}')
        return shown

    def _empty(self, answer: dns.message.Message | None) -> str:
        name = self.queries[0][0].to_text()
        if answer is None or answer.rcode() == dns.rcode.NOERROR:
            return f"no record of {name}"
        return f"{dns.rcode.to_text(answer.rcode())} for {name}"

    async def _answer(self, query: dns.message.Message, deadline: Deadline) -> dns.message.Message:
        if self.protocol is not Protocol.UDP:
            return await self._over_tcp(query)
        answer = await self._over_udp(query, deadline)
        return await self._over_tcp(query) if answer.flags & dns.flags.TC else answer

    async def _over_udp(
        self, query: dns.message.Message, deadline: Deadline
    ) -> dns.message.Message:
        async with Stream(
            self.address, self.port, kind=socket.SOCK_DGRAM, source=self.source
        ) as stream:
            wire = query.to_wire()
            async with resending(lambda: stream.send(wire), TRIES, deadline):
                while True:
                    answer = parsed(await stream.receive())
                    # A late answer to an earlier query, or noise, is not ours.
                    if answer is not None and query.is_response(answer):
                        return answer

    async def _over_tcp(self, query: dns.message.Message) -> dns.message.Message:
        async with Stream(self.address, self.port, source=self.source) as stream:
            wire = query.to_wire()
            await stream.send(len(wire).to_bytes(2, "big") + wire)
            data = bytearray()
            while len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2], "big"):
                more = await stream.receive()
                if not more:
                    raise CheckFailed("the server closed the connection without an answer")
                data += more
            answer = parsed(bytes(data[2 : 2 + int.from_bytes(data[:2], "big")]))
            if answer is None or not query.is_response(answer):
                raise CheckFailed("not an answer to the query")
            return answer


def queries_for(request: str) -> tuple[Query, ...]:
    """What to ask for `request`; raises ValueError if it is no name.

    Perl asks for A only; a name that has nothing but IPv6 addresses is asked for too
    (deviation: dns-ipv6-names).
    """
    if not request:
        return ((dns.name.root, dns.rdatatype.NS),)
    try:
        reverse = dns.reversename.from_address(str(ipaddress.ip_address(request)))
    except ValueError:
        pass
    else:
        return ((reverse, dns.rdatatype.PTR),)
    try:
        name = dns.name.from_text(request)
    except (dns.exception.DNSException, UnicodeError) as error:
        raise ValueError(f"request={request} is not a domain name: {error}") from error
    return ((name, dns.rdatatype.A), (name, dns.rdatatype.AAAA))


def parsed(wire: bytes) -> dns.message.Message | None:
    """The message in `wire`; None if it is none."""
    try:
        return dns.message.from_wire(wire, ignore_trailing=True)
    except dns.exception.DNSException:
        return None
