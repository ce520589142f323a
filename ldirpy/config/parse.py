"""From the lines of a ldirectord.cf to a Config: every fault is collected, none is passed over."""

import difflib
import re
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

import attrs

from ldirpy.config import values
from ldirpy.config.lines import Line, directives
from ldirpy.config.model import CheckType, Config, Real, Virtual
from ldirpy.config.resolve import Resolver
from ldirpy.config.values import Fault, Host, RealSpec
from ldirpy.errors import ConfigError, Problem
from ldirpy.net import Address, Family, Forward, Protocol

Parser = Callable[[str], Any]

_BOTH: dict[str, Parser] = {
    "checktimeout": values.number,
    "negotiatetimeout": values.number,
    "checkinterval": values.number,
    "failurecount": values.number,
    "quiescent": values.yes_no,
    "cleanstop": values.yes_no,
    "fallback": values.fallback,
    "fallback6": values.fallback,
}
GLOBAL: dict[str, Parser] = {
    **_BOTH,
    "autoreload": values.yes_no,
    "logfile": values.text,
    "readdquiescent": values.yes_no,
}
SECTION: dict[str, Parser] = {
    **_BOTH,
    "real": values.real,
    "real6": values.real,
    "checktype": values.check_type,
    "service": values.word,
    "checkport": values.port_number,
    "request": values.request,
    "receive": values.receive,
    "httpmethod": values.http_method,
    "virtualhost": values.text,
    "scheduler": values.word,
    "persistent": values.number,
    "netmask": values.netmask,
    "protocol": values.word,
    "servicename": values.text,
    "ops": values.yes_no,
    "schedflags": values.text,
}
# Said by ldirectord(8), and not understood by ldirpy yet.
LATER = frozenset(
    "callback checkcommand checkcount comment database emailalert emailalertfrom emailalertfreq "
    "emailalertstatus execute fallbackcommand fork load login maintenancedir monitorfile "
    "passwd secret smtp supervised".split()
)

# The service of a virtual that does not name one (ldirectord(8), "service").
SERVICE_OF_PORT = {
    21: "ftp", 25: "smtp", 53: "dns", 80: "http", 110: "pop", 119: "nntp", 143: "imap", 389: "ldap",
    443: "https", 587: "submission", 636: "ldaps", 993: "imaps", 995: "pops", 1521: "oracle",
    1812: "radius", 3128: "http_proxy", 3306: "mysql", 5060: "sip", 5432: "pgsql",
}  # fmt: skip

MAX_RANGE = 65536  # real servers that one line may name: a guard against a slip of the finger


@attrs.define
class _Section:
    """What a section has said so far; `said` holds single values, `reals` the real servers."""

    line: Line
    family: Family
    said: dict[str, Any] = attrs.field(factory=dict)
    lines: dict[str, Line] = attrs.field(factory=dict)
    reals: list[tuple[Line, RealSpec]] = attrs.field(factory=list)


def parse(text: str, *, path: str, resolver: Resolver) -> Config:
    """The configuration that `text` is; raises ConfigError with all of its faults."""
    return _Parse(path, resolver).config(text)


class _Parse:
    def __init__(self, path: str, resolver: Resolver) -> None:
        self._path = path
        self._resolver = resolver
        self._problems: list[Problem] = []
        self._globals: dict[str, Any] = {}
        self._global_lines: dict[str, Line] = {}
        self._sections: list[_Section] = []

    def config(self, text: str) -> Config:
        for line in directives(text):
            try:
                self._read(line)
            except Fault as fault:
                self._add(line, fault)
        virtuals = [virtual for section in self._sections if (virtual := self._virtual(section))]
        self._refuse_twins(virtuals)
        if self._problems:
            raise ConfigError(sorted(self._problems, key=lambda problem: problem.line))
        own = {"autoreload", "logfile", "checktimeout", "negotiatetimeout", "checkinterval"}
        own |= {"failurecount", "quiescent", "cleanstop", "readdquiescent"}
        said = {name: value for name, value in self._globals.items() if name in own}
        return Config(virtuals=virtuals, path=self._path, **said)

    # -- lines -------------------------------------------------------------------------------

    def _read(self, line: Line) -> None:
        if not line.inside and line.name in ("virtual", "virtual6"):
            family = Family.IPV6 if line.name == "virtual6" else Family.IPV4
            self._sections.append(_Section(line, family))
            return
        known = SECTION if line.inside else GLOBAL
        if line.name not in known:
            raise _unknown(line, known)
        value = known[line.name](line.value if line.inside else line.value.rstrip("\r"))
        if not line.inside:
            self._globals[line.name] = value
            self._global_lines[line.name] = line
            return
        section = self._sections[-1]
        if line.name in ("real", "real6", "fallback", "fallback6"):
            self._right_family(line, section)
        if line.name in ("real", "real6"):
            section.reals.append((line, value))
        else:
            section.said[line.name] = value
            section.lines[line.name] = line

    def _right_family(self, line: Line, section: _Section) -> None:
        six = section.family is Family.IPV6
        if line.name.endswith("6") is not six:
            other = line.name.removesuffix("6") + ("6" if six else "")
            raise Fault(f"{line.name} does not go with {section.line.name}", f"write {other}=")

    # -- sections ----------------------------------------------------------------------------

    def _virtual(self, section: _Section) -> Virtual | None:
        said, before = section.said, len(self._problems)
        place = self._try(section.line, self._place, section)
        if place is None:
            return None
        reals = [
            real
            for line, spec in section.reals
            for real in self._try(line, self._reals, spec, section, place["protocol"]) or ()
        ]
        fallback = self._fallback(section, place)
        if len(self._problems) > before:
            return None
        checktype, every = said.get("checktype", (CheckType.NEGOTIATE, 0))
        names = ("failurecount", "quiescent", "cleanstop")
        either = {**self._globals, **said}
        inherited = {name: either[name] for name in names if name in either}
        if "checkinterval" in self._globals:
            inherited["checkinterval"] = self._globals["checkinterval"]
        plain = (
            *("request", "receive", "httpmethod", "virtualhost", "scheduler"),
            *("persistent", "netmask", "checkport", "servicename", "ops", "schedflags"),
        )
        settings = {"request": "/", **{name: said[name] for name in plain if name in said}}
        return Virtual(
            **place,
            **inherited,
            **settings,
            family=section.family,
            reals=reals,
            fallback=fallback,
            checktype=checktype,
            connects_per_negotiate=every,
            service=said.get("service") or self._service(place),
            checktimeout=self._timeout(said, "checktimeout", "negotiatetimeout", 5),
            negotiatetimeout=self._timeout(said, "negotiatetimeout", "checktimeout", 30),
            line=section.line.number,
        )

    def _place(self, section: _Section) -> dict[str, Any]:
        """Protocol, and address and port or mark; the protocol decides on the name of a port."""
        value = section.line.value.strip()
        word = value.split()[0] if value else ""
        named = section.said.get("protocol")
        if named not in (None, "tcp", "udp", "fwm"):
            raise Fault(f"unknown protocol {named!r}", "write protocol=tcp, udp or fwm")
        if re.fullmatch(r"\d+", word):
            if named not in (None, "fwm"):
                raise Fault(
                    f"protocol={named} does not go with a firewall mark", "write protocol=fwm"
                )
            if int(word) == 0:
                raise Fault("a firewall mark must be above 0")
            return {"protocol": Protocol.FWM, "fwmark": int(word)}
        if named == "fwm":
            raise Fault("protocol=fwm goes with a firewall mark only", "write virtual=NUMBER")
        host = values.host_and_port(word)
        if section.family is Family.IPV4 and ":" in host.host:
            raise Fault("an IPv6 address under virtual", "write virtual6= and real6=", word)
        if not host.port:
            raise Fault(
                f"{word} has no port", f"write {word}:PORT, or a number for a firewall mark", word
            )
        udp = host.port in ("53", "domain") if named is None else named == "udp"
        protocol = Protocol.UDP if udp else Protocol.TCP
        return {
            "protocol": protocol,
            "address": self._address(host.host, section.family),
            "port": self._port(host.port, protocol),
        }

    def _reals(self, spec: RealSpec, section: _Section, protocol: Protocol) -> list[Real]:
        addresses = [self._address(spec.host.host, section.family)]
        if spec.last:
            addresses = self._range(addresses[0], spec)
        port = self._port(spec.host.port, protocol) if spec.host.port else 0
        if spec.lower > spec.upper:
            raise Fault(
                f"l:{spec.lower} is above u:{spec.upper}", "the upper threshold must be higher"
            )
        line = next(line.number for line, other in section.reals if other is spec)
        return [
            Real(
                address=address, port=port, forward=spec.forward, weight=spec.weight,
                request=spec.request, receive=spec.receive,
                l_threshold=spec.lower, u_threshold=spec.upper, line=line,
            )
            for address in addresses
        ]  # fmt: skip

    def _range(self, first: Address, spec: RealSpec) -> list[Address]:
        last = self._address(spec.last, Family.of(first))
        count = int(last) - int(first) + 1
        if first.version == 6:
            raise Fault("a range must be of IPv4 addresses")
        if count < 1:
            raise Fault(
                f"the range {first}->{last} is the wrong way round", f"write {last}->{first}"
            )
        if count > MAX_RANGE:
            raise Fault(f"the range names {count:,} servers; {MAX_RANGE:,} are the most")
        return [ip_address(int(first) + step) for step in range(count)]

    def _fallback(self, section: _Section, place: dict[str, Any]) -> Real | None:
        name = "fallback6" if section.family is Family.IPV6 else "fallback"
        found: tuple[Host, Forward] | None = section.said.get(name) or self._globals.get(name)
        if found is None:
            return None
        line = section.lines.get(name) or self._global_lines[name]
        server: Real | None = self._try(
            line, self._fallback_server, found, section.family, place, line
        )
        return server

    def _fallback_server(
        self, found: tuple[Host, Forward], family: Family, place: dict[str, Any], line: Line
    ) -> Real:
        host, forward = found
        port = self._port(host.port, place["protocol"]) if host.port else place.get("port", 0)
        address = self._address(host.host, family)
        return Real(address=address, port=port, forward=forward, line=line.number)

    def _service(self, place: dict[str, Any]) -> str:
        return SERVICE_OF_PORT.get(place.get("port", 0), "none")

    def _timeout(self, said: dict[str, Any], name: str, other: str, default: int) -> int:
        """The chain: own value, the other one of this section, the same two of the globals."""
        for values_, key in (
            (said, name),
            (said, other),
            (self._globals, name),
            (self._globals, other),
        ):
            if key in values_:
                return int(values_[key])
        return default

    # -- names and faults --------------------------------------------------------------------

    def _address(self, host: str, family: Family) -> Address:
        try:
            return self._resolver.address(host, family)
        except LookupError as error:
            raise Fault(str(error), at=host) from None

    def _port(self, name: str, protocol: Protocol) -> int:
        try:
            return self._resolver.port(name, protocol)
        except LookupError as error:
            raise Fault(str(error), at=name) from None

    def _try(self, line: Line, call: Callable[..., Any], *words: Any) -> Any:
        """The outcome of a call, or None with its fault noted for this line."""
        try:
            return call(*words)
        except Fault as fault:
            self._add(line, fault)
            return None

    def _add(self, line: Line, fault: Fault) -> None:
        at = fault.at or line.value.strip() or line.name
        column = line.raw.find(at) + 1 if at else 0
        self._problems.append(
            Problem(
                path=self._path,
                line=line.number,
                column=column,
                length=len(at) if column else 1,
                text=line.raw,
                message=f"{line.name}: {fault.message}" if line.name else fault.message,
                hint=fault.hint,
            )
        )

    def _refuse_twins(self, virtuals: Iterable[Virtual]) -> None:
        seen: dict[object, Virtual] = {}
        lines = {section.line.number: section.line for section in self._sections}
        for virtual in virtuals:
            key = (virtual.protocol, virtual.family, virtual.address, virtual.port, virtual.fwmark)
            if key in seen:
                message = (
                    f"the virtual service {virtual} is there already, in line {seen[key].line}"
                )
                self._add(
                    lines[virtual.line], Fault(message, "put its real servers into one section")
                )
            seen.setdefault(key, virtual)


def _unknown(line: Line, known: dict[str, Parser]) -> Fault:
    """The fault of a line that is no directive here, with the nearest that is."""
    if not line.name or (not line.inside and line.raw[:1].isspace()):
        return Fault(
            f"unknown command {line.raw.strip()!r}",
            "a directive of a virtual service is indented by four blanks or more, below its "
            "virtual= line, with no blank line between",
        )
    if line.name in LATER:
        return Fault("this directive is not supported by ldirpy yet")
    if line.name in ("timeout", "connecttimeout"):
        return Fault("out of date", "write checktimeout= and negotiatetimeout=")
    if line.name in GLOBAL or line.name in SECTION:
        where = "inside" if line.inside else "outside"
        return Fault(f"does not belong {where} the section of a virtual service")
    near = difflib.get_close_matches(line.name, known, 1)
    return Fault("unknown directive", f"did you mean {near[0]}=?" if near else "")
