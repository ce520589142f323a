"""A configuration as it takes effect: immutable, with every default and every name settled.

Nothing here parses or does I/O. A `Virtual` or a `Config` can be written down in a script just
as well as read from a file: only what identifies it is mandatory, the defaults are ldirectord's,
addresses and words may be given as text. What cannot be is a ValueError.

In a script a `Virtual` speaks for itself: it inherits nothing from the fields of the `Config`
that holds it, which are the daemon's own and what a file says for all. (The parser does the
inheriting when it reads a file.)

Times are seconds. `line` is where the thing stands in its file (0: nowhere) and no part of its
identity.
"""

import enum
from collections.abc import Iterable, Mapping

import attrs

import ldirpy.config.fields as fields
from ldirpy.config.fields import MAX_MARK, MAX_PORT, member, optional, text, whole
from ldirpy.errors import Problem
from ldirpy.net import Address, Family, Forward, Protocol, host_port

__all__ = [
    "MAX_PORT", "SERVICE_OF_PORT", "CheckType", "Config", "DirectorState", "HttpMethod", "Real",
    "Virtual",
]  # fmt: skip


class CheckType(enum.Enum):
    """The values of `checktype`; COMBINED is its numeric form."""

    CONNECT = "connect"
    EXTERNAL = "external"
    EXTERNAL_PERL = "external-perl"
    EXTERNAL_PYTHON = "external-python"  # ldirpy's own
    NEGOTIATE = "negotiate"
    OFF = "off"
    ON = "on"
    PING = "ping"
    COMBINED = "combined"


class HttpMethod(enum.Enum):
    """The values of `httpmethod`."""

    GET = "GET"
    HEAD = "HEAD"


class DirectorState(enum.Enum):
    """The states of the daemon that `emailalertstatus` can name."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    RELOADING = "reloading"


# The service of a virtual that does not name one (ldirectord(8), "service").
SERVICE_OF_PORT = {
    21: "ftp", 25: "smtp", 53: "dns", 80: "http", 110: "pop", 119: "nntp", 143: "imap", 389: "ldap",
    443: "https", 587: "submission", 636: "ldaps", 993: "imaps", 995: "pops", 1521: "oracle",
    1812: "radius", 3128: "http_proxy", 3306: "mysql", 5060: "sip", 5432: "pgsql",
}  # fmt: skip


def _check_type(value: str | CheckType) -> CheckType:
    return member(CheckType, "checktype", value)


def _http_method(value: str | HttpMethod) -> HttpMethod:
    return member(HttpMethod, "httpmethod", value.upper() if isinstance(value, str) else value)


def _states(values: str | Iterable[str | DirectorState]) -> frozenset[DirectorState]:
    """`all`, `none`, or some of the states."""
    if values == "all":
        return frozenset(DirectorState)
    if values == "none":
        return frozenset()
    several = [values] if isinstance(values, str) else values
    return frozenset(member(DirectorState, "emailalertstatus", one) for one in several)


_port = whole(0, MAX_PORT)
_positive = whole(1)
_count = whole(0)


@attrs.frozen(kw_only=True, cache_hash=True)
class Real:
    """A real server, or a fallback server, of one virtual service.

    `port` 0 means that none was given. `request` and `receive` override the virtual's.
    """

    address: Address = attrs.field(converter=fields.to_address)
    port: int = attrs.field(default=0, validator=_port)
    forward: Forward = attrs.field(default=Forward.GATE, converter=fields.to_forward)
    weight: int = attrs.field(default=1, validator=_count)
    request: str | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(fields.to_request),
        validator=optional(text()),
    )
    receive: str | None = attrs.field(default=None, validator=optional(text()))
    l_threshold: int = attrs.field(default=0, validator=_count)
    u_threshold: int = attrs.field(default=0, validator=_count)
    line: int = attrs.field(default=0, eq=False)

    def __str__(self) -> str:
        return host_port(self.address, self.port)

    @property
    def family(self) -> Family:
        """The family of its address."""
        return Family.of(self.address)


_server = fields.instance(Real, "a Real")


def _reals(values: Iterable[Real]) -> tuple[Real, ...]:
    return tuple(values)


def _their_family(virtual: "Virtual") -> Family:
    """The family of the address; a firewall mark has that of its servers, IPv4 without any."""
    if virtual.address is not None:
        return Family.of(virtual.address)
    servers = [*virtual.reals[:1], *([virtual.fallback] if virtual.fallback else [])]
    return servers[0].family if servers else Family.IPV4


def _its_protocol(virtual: "Virtual") -> Protocol:
    """What a file without protocol= means: udp for port 53, else tcp."""
    if virtual.fwmark is not None:
        return Protocol.FWM
    return Protocol.UDP if virtual.port == 53 else Protocol.TCP


def _its_service(virtual: "Virtual") -> str:
    return SERVICE_OF_PORT.get(virtual.port, "none")


@attrs.frozen(kw_only=True)
class Virtual:
    """A virtual service with its real servers and all that is known about checking them.

    It is known by `address` and `port`, or by `fwmark`. Protocol, family and service follow from
    them as they do in a file.
    """

    address: Address | None = attrs.field(default=None, converter=fields.to_optional_address)
    port: int = attrs.field(default=0, validator=_port)
    fwmark: int | None = attrs.field(default=None, validator=optional(whole(1, MAX_MARK)))
    reals: tuple[Real, ...] = attrs.field(
        default=(), converter=_reals, validator=attrs.validators.deep_iterable(_server)
    )
    # Without a port it gets the virtual's.
    fallback: Real | None = attrs.field(default=None, validator=optional(_server))
    protocol: Protocol = attrs.field(
        default=attrs.Factory(_its_protocol, takes_self=True), converter=fields.to_protocol
    )
    family: Family = attrs.field(
        default=attrs.Factory(_their_family, takes_self=True),
        validator=fields.instance(Family, "a Family"),
    )

    scheduler: str = attrs.field(default="wrr", validator=text(empty=False))
    schedflags: str = attrs.field(default="", validator=text())
    persistent: int | None = attrs.field(default=None, validator=optional(_positive))
    # Dotted quad, or the prefix length of an IPv6 service.
    netmask: str | None = attrs.field(default=None, validator=fields.netmask)
    ops: bool = attrs.field(default=False, validator=fields.yes_no)

    checktype: CheckType = attrs.field(default=CheckType.NEGOTIATE, converter=_check_type)
    # The N of checktype=N.
    connects_per_negotiate: int = attrs.field(default=0, validator=_count)
    service: str = attrs.field(
        default=attrs.Factory(_its_service, takes_self=True), validator=text(empty=False)
    )
    checkport: int | None = attrs.field(default=None, validator=optional(whole(1, MAX_PORT)))
    checkcommand: str = attrs.field(default="/bin/true", validator=text())
    checktimeout: int = attrs.field(default=5, validator=_positive)
    negotiatetimeout: int = attrs.field(default=30, validator=_positive)
    checkinterval: int = attrs.field(default=10, validator=_positive)
    checkcount: int = attrs.field(default=1, validator=_positive)
    failurecount: int = attrs.field(default=1, validator=_positive)
    # A slash is put before one that has none, whatever the service: each checker knows.
    request: str = attrs.field(
        default="/", converter=fields.to_request, validator=text(empty=False)
    )
    receive: str | None = attrs.field(default=None, validator=optional(text()))
    httpmethod: HttpMethod = attrs.field(default=HttpMethod.GET, converter=_http_method)
    virtualhost: str | None = attrs.field(default=None, validator=optional(text()))
    login: str = attrs.field(default="", validator=text())
    passwd: str = attrs.field(default="", repr=False, validator=text())
    database: str = attrs.field(default="", validator=text())
    secret: str = attrs.field(default="", repr=False, validator=text())
    load: str | None = attrs.field(default=None, validator=optional(text()))

    # ldirpy's own, unknown to Perl's ldirectord (docs/deviations.md, "extensions").
    # https: check the certificate and its name.
    verify: bool = attrs.field(default=False, validator=fields.yes_no)
    # With verify: the certificates to trust, else the system's.
    cafile: str | None = attrs.field(default=None, validator=optional(text()))
    # Ranges, both ends included.
    httpstatus: tuple[tuple[int, int], ...] = attrs.field(
        default=((200, 299),), converter=fields.to_statuses, validator=fields.statuses
    )
    # Further headers of a request: name, value.
    httpheader: tuple[tuple[str, str], ...] = attrs.field(
        default=(), converter=fields.to_headers, validator=fields.headers
    )
    # The address that checks come from.
    checksource: Address | None = attrs.field(default=None, converter=fields.to_checksource)

    quiescent: bool = attrs.field(default=False, validator=fields.yes_no)
    cleanstop: bool = attrs.field(default=True, validator=fields.yes_no)
    fallbackcommand: str | None = attrs.field(default=None, validator=optional(text()))
    monitorfile: str | None = attrs.field(default=None, validator=optional(text()))
    emailalert: tuple[str, ...] = attrs.field(
        default=(), converter=fields.to_words, validator=fields.texts
    )
    emailalertfreq: int = attrs.field(default=0, validator=_count)
    emailalertstatus: frozenset[DirectorState] = attrs.field(
        default=frozenset(DirectorState), converter=_states
    )
    smtp: str | None = attrs.field(default=None, validator=optional(text()))
    servicename: str | None = attrs.field(default=None, validator=optional(text()))
    comment: str | None = attrs.field(default=None, validator=optional(text()))
    line: int = attrs.field(default=0, eq=False)
    # Where each value stands: directive to line, of the section or of the global directive that
    # it was inherited from. What has its default is not there.
    places: Mapping[str, int] = attrs.field(factory=dict, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if (self.fwmark is None) == (self.address is None):
            raise ValueError("a virtual service has either an address and port, or a fwmark")
        if (self.protocol is Protocol.FWM) != (self.fwmark is not None):
            raise ValueError("protocol fwm goes with a fwmark, tcp and udp with an address")
        if self.address is not None and Family.of(self.address) is not self.family:
            raise ValueError(f"{self.address} is not an address of family {self.family.name}")
        if (self.checktype is CheckType.COMBINED) != (self.connects_per_negotiate > 0):
            raise ValueError(
                "connects_per_negotiate: must be above 0 with checktype combined, and 0 with others"
            )
        for server in (*self.reals, self.fallback):
            if server is not None and server.family is not self.family:
                raise ValueError(
                    f"{server} is not an address of family {self.family.name}, as {self} is"
                )
        if self.fallback is not None and not self.fallback.port and self.port:
            with_port = attrs.evolve(self.fallback, port=self.port)
            object.__setattr__(self, "fallback", with_port)

    def __str__(self) -> str:
        """As ldirectord's log shows it: `VIP:PORT`, or the number of a firewall mark."""
        if self.address is None:
            return str(self.fwmark)
        return host_port(self.address, self.port)


def _virtuals(values: Iterable[Virtual]) -> tuple[Virtual, ...]:
    return tuple(values)


def _of_family(family: Family) -> fields.Validator:
    def validate(_: object, field: "attrs.Attribute[object]", value: Real) -> None:
        _server(_, field, value)
        if value.family is not family:
            raise fields.refusal(
                field.name, f"an {'IPv6' if family is Family.IPV6 else 'IPv4'} server", str(value)
            )

    return validate


@attrs.frozen(kw_only=True)
class Config:
    """A whole ldirectord.cf: what holds for the daemon itself, and the virtual services."""

    virtuals: tuple[Virtual, ...] = attrs.field(
        default=(),
        converter=_virtuals,
        validator=attrs.validators.deep_iterable(fields.instance(Virtual, "a Virtual")),
    )
    path: str = attrs.field(default="", eq=False)

    checktimeout: int | None = attrs.field(default=None, validator=optional(_positive))
    negotiatetimeout: int | None = attrs.field(default=None, validator=optional(_positive))
    checkinterval: int = attrs.field(default=10, validator=_positive)
    checkcount: int = attrs.field(default=1, validator=_positive)
    failurecount: int = attrs.field(default=1, validator=_positive)
    autoreload: bool = attrs.field(default=False, validator=fields.yes_no)
    callback: str | None = attrs.field(default=None, validator=optional(text()))
    fallback: Real | None = attrs.field(default=None, validator=optional(_of_family(Family.IPV4)))
    fallback6: Real | None = attrs.field(default=None, validator=optional(_of_family(Family.IPV6)))
    fallbackcommand: str | None = attrs.field(default=None, validator=optional(text()))
    logfile: str = attrs.field(default="/var/log/ldirectord.log", validator=text())
    emailalert: tuple[str, ...] = attrs.field(
        default=(), converter=fields.to_words, validator=fields.texts
    )
    emailalertfrom: str | None = attrs.field(default=None, validator=optional(text()))
    emailalertfreq: int = attrs.field(default=0, validator=_count)
    emailalertstatus: frozenset[DirectorState] = attrs.field(
        default=frozenset(DirectorState), converter=_states
    )
    smtp: str | None = attrs.field(default=None, validator=optional(text()))
    execute: tuple[str, ...] = attrs.field(
        default=(), converter=fields.to_words, validator=fields.texts
    )
    supervised: bool = attrs.field(default=False, validator=fields.yes_no)
    fork: bool = attrs.field(default=False, validator=fields.yes_no)
    quiescent: bool = attrs.field(default=False, validator=fields.yes_no)
    readdquiescent: bool = attrs.field(default=False, validator=fields.yes_no)
    cleanstop: bool = attrs.field(default=True, validator=fields.yes_no)
    maintenancedir: str | None = attrs.field(default=None, validator=optional(text()))
    places: Mapping[str, int] = attrs.field(factory=dict, eq=False, repr=False)
    # What is legal and probably not meant.
    warnings: tuple[Problem, ...] = attrs.field(default=(), eq=False, repr=False)

    def to_text(self) -> str:
        """A ldirectord.cf that says the same, for ldirpy and for Perl's ldirectord.

        Raises ValueError for what the language of that file cannot say, a `"` in a quoted text
        for one.
        """
        from ldirpy.config.text import config_text

        return config_text(self)
