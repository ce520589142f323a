"""From the record of a file to the Config that takes effect.

Names are looked up, ranges spread, and what a section does not say is filled in: from the global
directives, else with the default. The chains:

- checktimeout: its own, negotiatetimeout of the section, the same two outside of it, 5;
- negotiatetimeout: its own, checktimeout of the section, the same two outside of it, 30;
- checkinterval: its own with fork=yes only, that outside of the section, 10;
- all others: their own, that outside of the section, the default.
"""

import contextlib
import re
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any, TypeVar

import attrs

from ldirpy.config.directives import DIRECTIVES, Scope
from ldirpy.config.faults import REFUSED, Fault
from ldirpy.config.lines import BLANKS, Line
from ldirpy.config.model import SERVICE_OF_PORT, CheckType, Config, Real, Virtual
from ldirpy.config.parse import (
    AT_ONCE,
    FALLBACK,
    PLACE,
    REALS,
    TWINS,
    Order,
    Record,
    Said,
    Section,
)  # fmt: skip
from ldirpy.config.resolve import Resolver
from ldirpy.config.servers import FallbackSpec, RealSpec
from ldirpy.errors import ConfigError
from ldirpy.net import Address, Family, Protocol

# Guards against a slip of the finger, and a file that means harm.
MAX_RANGE = 65_536  # real servers that one line may name
MAX_SERVERS = 100_000  # real servers of a file
MAX_SERVICES = 16_384  # virtual services of a file

T = TypeVar("T")

_TIMEOUTS = ("checktimeout", "negotiatetimeout")
_NUMBERS = (*_TIMEOUTS, "checkinterval")
_SERVERS = ("virtual", "virtual6", "real", "real6", "fallback", "fallback6")
_SPECIAL = (*_SERVERS, *_NUMBERS, "execute", "httpheader")
# Blanks in these mean something.
_TO_THE_LETTER = frozenset({"request", "receive", "login", "passwd", "database", "secret"})
_SIMPLE_OUTSIDE = [
    row.name
    for row in DIRECTIVES.values()
    if Scope.GLOBAL in row.scope and row.name not in _SPECIAL and not row.extension
]
_SIMPLE_INSIDE = [
    row.name
    for row in DIRECTIVES.values()
    if Scope.VIRTUAL in row.scope
    and row.name not in (*_SPECIAL, "protocol", "checktype", "service", "login", "passwd")
]


def effective(record: Record, resolver: Resolver) -> Config:
    """The configuration that `record` means; raises ConfigError with all that is wrong."""
    return _Effective(record, resolver).config()


@attrs.frozen(kw_only=True)
class _Home:
    """The place of a virtual service with its names looked up."""

    protocol: Protocol
    address: Address | None = None
    port: int = 0
    fwmark: int | None = None
    service: str = "none"


class _Effective:
    def __init__(self, record: Record, resolver: Resolver) -> None:
        self._record = record
        self._resolver = resolver
        self._seen: dict[object, Section] = {}
        self._servers = 0

    def config(self) -> Config:
        self._refuse_too_many()
        record = self._record
        fallbacks: dict[str, Any] = {}
        for one in record.all:
            if one.directive.name in ("fallback", "fallback6"):
                fallbacks[one.directive.name] = self._global_fallback(one)
        virtuals = [
            virtual
            for section in record.sections
            if (virtual := self._virtual(section)) is not None
        ]
        if record.problems:
            raise ConfigError(record.errors(), record.doubts)
        simple = {
            name: value
            for name in _SIMPLE_OUTSIDE
            if name in record.said and (value := _settled(record.said[name])) is not None
        }
        names = [one.value.strip(BLANKS) for one in record.several("execute")]
        return Config(
            virtuals=virtuals,
            path=record.path,
            execute=dict.fromkeys(filter(None, names)),
            **{name: record.value(name) for name in _NUMBERS if name in record.said},
            **simple,
            **fallbacks,
            places={name: one.line.number for name, one in record.said.items()},
        )

    def _refuse_too_many(self) -> None:
        """Stop at once, before anything is built, if there are more sections than can be."""
        for section in self._record.sections[MAX_SERVICES:]:
            line = section.line
            fault = Fault(f"a file may have {MAX_SERVICES:,} virtual services; this is one more")
            self._record.refuse(line, fault, (line.number, AT_ONCE, 0))
            raise ConfigError(self._record.errors(), self._record.doubts)

    # -- virtual services --------------------------------------------------------------------

    def _virtual(self, section: Section) -> Virtual | None:
        before = len(self._record.problems)
        home = self._try(section.line, (section.end, PLACE, 0), lambda: self._home(section))
        # Its servers are looked at all the same, so that one run tells all that is wrong.
        home = home or _Home(protocol=Protocol.FWM)
        fallback = self._fallback(section, home)
        reals = [
            real
            for said in section.reals
            for real in self._try(
                said.line,
                (section.end, REALS, said.line.number),
                lambda said=said: self._reals(said, section.family),  # type: ignore[misc]
            )
            or ()
        ]
        if home.address is not None or home.fwmark is not None:
            self._refuse_twin(section, home)
        if section.place is None or len(self._record.problems) > before:
            return None
        checktype, connects = section.value("checktype", (CheckType.NEGOTIATE, 0))
        return Virtual(
            address=home.address, port=home.port, fwmark=home.fwmark, protocol=home.protocol,
            family=section.family, reals=reals, fallback=fallback,
            checktype=checktype, connects_per_negotiate=connects,
            service=section.value("service") or home.service,
            login=section.value("login") or section.implied.get("login", ""),
            passwd=section.value("passwd") or section.implied.get("passwd", ""),
            checktimeout=self._timeout(section, "checktimeout", "negotiatetimeout", 5),
            negotiatetimeout=self._timeout(section, "negotiatetimeout", "checktimeout", 30),
            checkinterval=self._checkinterval(section),
            line=section.line.number,
            places=self._places(section),
            **self._simple(section),
        )  # fmt: skip

    def _home(self, section: Section) -> _Home | None:
        """Protocol, and address and port or mark; the protocol decides on the name of a port."""
        place = section.place
        if place is None:
            return None
        if place.host is None:
            return _Home(protocol=Protocol.FWM, fwmark=place.fwmark)
        host = place.host
        default = "udp" if host.port in ("53", "domain") else "tcp"
        protocol = Protocol(section.value("protocol", default))
        address = self._address(host.host, section.family)
        try:
            port = self._port(host.port, protocol)
        except Fault as fault:
            with contextlib.suppress(LookupError):
                other = Protocol.UDP if protocol is Protocol.TCP else Protocol.TCP
                self._resolver.port(host.port, other)
                fault.hint = f"write protocol={other.value}"
            raise
        # Perl's daemon compares text: it knows no service of the port 080.
        known = "none" if host.port.startswith("0") else SERVICE_OF_PORT.get(port, "none")
        return _Home(protocol=protocol, address=address, port=port, service=known)

    def _simple(self, section: Section) -> dict[str, Any]:
        """What a section says or inherits, of all that needs no more thought."""
        values: dict[str, Any] = {}
        for name in _SIMPLE_INSIDE:
            said = section.said.get(name) or self._record.said.get(name)
            if said is not None and (value := _settled(said)) is not None:
                values[name] = value
        headers = section.several("httpheader") or self._record.several("httpheader")
        if headers:
            values["httpheader"] = tuple(said.value for said in headers)
        return values

    def _timeout(self, section: Section, name: str, other: str, default: int) -> int:
        for holder in (section, self._record):
            for key in (name, other):
                if key in holder.said:
                    return int(holder.value(key))
        return default

    def _checkinterval(self, section: Section) -> int:
        outside = self._record.value("checkinterval", 10)
        return int(section.value("checkinterval", outside)) if self._forks() else int(outside)

    def _forks(self) -> bool:
        return bool(self._record.value("fork", False))

    def _places(self, section: Section) -> dict[str, int]:
        """The line of each value that is not a default."""
        inherited = {
            name: said.line.number
            for name, said in self._record.said.items()
            if Scope.VIRTUAL in said.directive.scope
        }
        own = {name: said.line.number for name, said in section.said.items()}
        places = {name: line for name, line in (inherited | own).items() if name not in _SERVERS}
        if "checkinterval" in own and not self._forks():
            places.pop("checkinterval")
            if "checkinterval" in inherited:
                places["checkinterval"] = inherited["checkinterval"]
        for name, other in (_TIMEOUTS, _TIMEOUTS[::-1]):
            for lines in (own, inherited):
                if line := lines.get(name) or lines.get(other):
                    places[name] = line
                    break
        wanted = "fallback6" if section.ipv6 else "fallback"
        if line := own.get(wanted) or inherited.get(wanted):
            places["fallback"] = line
        for name in section.implied:
            if name not in own:
                places[name] = own["service"]
        return places

    def _refuse_twin(self, section: Section, home: _Home) -> None:
        key = (section.family, home.protocol, home.address, home.port, home.fwmark)
        first = self._seen.setdefault(key, section)
        if first is not section:
            fault = Fault(
                f"this virtual service is there already, in line {first.line.number}",
                "put its real servers into one section",
            )
            self._record.refuse(section.line, fault, (section.end, TWINS, 0))

    # -- servers -----------------------------------------------------------------------------

    def _reals(self, said: Said, family: Family) -> list[Real]:
        spec: RealSpec = said.value
        first = self._address(spec.host.host, family)
        if spec.last:
            addresses = self._range(first, spec)
        else:
            addresses = [first]
            self._count(1)
        port = self._port(spec.host.port, None) if spec.host.port else 0
        return [
            Real(
                address=address, port=port, forward=spec.forward, weight=spec.weight,
                request=spec.request, receive=spec.receive or None,
                l_threshold=spec.l_threshold, u_threshold=spec.u_threshold,
                line=said.line.number,
            )
            for address in addresses
        ]  # fmt: skip

    def _range(self, first: Address, spec: RealSpec) -> list[Address]:
        last = self._address(spec.last, Family.IPV4)
        count = int(last) - int(first) + 1
        if count < 1:
            raise Fault(
                f"the range {first}->{last} is the wrong way round", f"write {last}->{first}"
            )
        if count > MAX_RANGE:
            raise Fault(f"the range names {count:,} servers; {MAX_RANGE:,} are the most")
        self._count(count)
        return [IPv4Address(int(first) + step) for step in range(count)]

    def _count(self, more: int) -> None:
        self._servers += more
        if self._servers > MAX_SERVERS:
            raise Fault(f"the file names {self._servers:,} servers; {MAX_SERVERS:,} are the most")

    def _fallback(self, section: Section, home: _Home) -> Real | None:
        name = "fallback6" if section.ipv6 else "fallback"
        if said := section.said.get(name):
            return self._try(
                said.line,
                (section.end, FALLBACK, 0),
                lambda: self._stand_in(said, section.family, home.protocol, home.port),
            )
        inherited = self._record.said.get(name)
        if inherited is None:
            return None
        try:
            return self._stand_in(inherited, section.family, Protocol.FWM, home.port)
        except Fault:
            return None  # told already, where it stands

    def _global_fallback(self, said: Said) -> Real | None:
        family = Family.IPV6 if said.directive.name.endswith("6") else Family.IPV4

        def stand_in() -> Real:
            self._doubt_name_of_port(said, [Protocol.TCP, Protocol.UDP])
            return self._stand_in(said, family, Protocol.FWM, 0)

        return self._try(said.line, (said.line.number, AT_ONCE, 0), stand_in)

    def _stand_in(self, said: Said, family: Family, protocol: Protocol, port: int) -> Real:
        """The fallback server of a virtual service; `port` is its port, for want of another."""
        spec: FallbackSpec = said.value
        if spec.host.port:
            # A firewall mark, and a fallback for all, is of no protocol.
            port = self._port(spec.host.port, None if protocol is Protocol.FWM else protocol)
        address = self._address(spec.host.host, family)
        return Real(address=address, port=port, forward=spec.forward, line=said.line.number)

    def _doubt_name_of_port(self, said: Said, protocols: list[Protocol]) -> None:
        """Perl's daemon wants the name of a global fallback's port in both protocols."""
        spec: FallbackSpec = said.value
        name = spec.host.port
        if not name or name.isdigit():
            return
        for protocol in protocols:
            try:
                self._resolver.port(name, protocol)
            except LookupError:
                number = self._port(name, None)
                fault = Fault(
                    f"{REFUSED}: {name} is not the name of a {protocol.value} service",
                    f"write {number}", name,
                )  # fmt: skip
                self._record.doubt(said.line, fault)
                return

    # -- names and faults --------------------------------------------------------------------

    def _address(self, host: str, family: Family) -> Address:
        try:
            return self._resolver.address(host, family)
        except LookupError as error:
            raise Fault(str(error), at=host) from None

    def _port(self, name: str, protocol: Protocol | None) -> int:
        try:
            return self._resolver.port(name, protocol)
        except LookupError as error:
            raise Fault(str(error), at=name) from None

    def _try(self, line: Line, order: Order, call: Callable[[], T]) -> T | None:
        """The outcome of a call, or None with its fault noted for this line."""
        try:
            return call()
        except Fault as fault:
            self._record.refuse(line, fault, order)
            return None


def _settled(said: Said) -> Any:
    """A value for the model: a text without blanks around it, None for what says nothing."""
    name, value = said.directive.name, said.value
    if name == "emailalert":
        return _mail_addresses(value) or None
    if isinstance(value, str) and name not in _TO_THE_LETTER:
        value = value.strip(BLANKS)
    if name == "schedflags":
        value = value.replace('"', "")  # as the shell does for Perl's daemon
    # persistent=0 is not persistent.
    return value or None if isinstance(value, str) or name == "persistent" else value


def _mail_addresses(text: str) -> tuple[str, ...]:
    """The addresses one by one, without a comment that Perl's daemon leaves behind them."""
    text = re.sub(r"\s#.*", "", text, flags=re.ASCII | re.DOTALL).strip(BLANKS)
    if found := re.fullmatch(r'"([^"]*)"', text):
        text = found[1]
    return tuple(word for part in text.split(",") if (word := part.strip(BLANKS)))
