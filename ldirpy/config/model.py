"""A configuration as it takes effect: immutable, with every default and every name settled.

Nothing here parses or does I/O. A `Virtual` or a `Config` can be written down in a script just
as well as read from a file: only what identifies it is mandatory, the defaults are ldirectord's.
Times are seconds. `line` is where the thing stands in its file (0: nowhere) and no part of its
identity.
"""

import enum
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from ldirpy.errors import Problem
from ldirpy.net import Address, Family, Forward, Protocol, host_port

MAX_PORT = 65535


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


def _between(low: float, high: float | None = None) -> Any:
    checks = [attrs.validators.ge(low)]
    if high is not None:
        checks.append(attrs.validators.le(high))
    return attrs.validators.and_(*checks)


_port = _between(0, MAX_PORT)
_positive = attrs.validators.gt(0)


def _words(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class Real:
    """A real server, or a fallback server, of one virtual service.

    `port` 0 means that none was given. `request` and `receive` override the virtual's.
    """

    address: Address
    port: int = attrs.field(default=0, validator=_port)
    forward: Forward = Forward.GATE
    weight: int = attrs.field(default=1, validator=_between(0))
    request: str | None = None
    receive: str | None = None
    l_threshold: int = attrs.field(default=0, validator=_between(0))
    u_threshold: int = attrs.field(default=0, validator=_between(0))
    line: int = attrs.field(default=0, eq=False)

    def __str__(self) -> str:
        return host_port(self.address, self.port)


def _reals(values: Iterable[Real]) -> tuple[Real, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class Virtual:
    """A virtual service with its real servers and all that is known about checking them."""

    address: Address | None = None
    port: int = attrs.field(default=0, validator=_port)
    fwmark: int | None = None
    protocol: Protocol = Protocol.TCP
    family: Family = Family.IPV4
    reals: tuple[Real, ...] = attrs.field(default=(), converter=_reals)
    fallback: Real | None = None

    scheduler: str = "wrr"
    schedflags: str = ""
    persistent: int | None = None
    netmask: str | None = None  # dotted quad, or the prefix length of an IPv6 service
    ops: bool = False

    checktype: CheckType = CheckType.NEGOTIATE
    connects_per_negotiate: int = 0  # the N of checktype=N
    service: str = "none"
    checkport: int | None = attrs.field(
        default=None, validator=attrs.validators.optional(_between(1, MAX_PORT))
    )
    checkcommand: str = "/bin/true"
    checktimeout: int = attrs.field(default=5, validator=_positive)
    negotiatetimeout: int = attrs.field(default=30, validator=_positive)
    checkinterval: int = attrs.field(default=10, validator=_positive)
    checkcount: int = attrs.field(default=1, validator=_positive)
    failurecount: int = attrs.field(default=1, validator=_positive)
    request: str | None = None
    receive: str | None = None
    httpmethod: HttpMethod = HttpMethod.GET
    virtualhost: str | None = None
    login: str = ""
    passwd: str = attrs.field(default="", repr=False)
    database: str = ""
    secret: str = attrs.field(default="", repr=False)
    load: str | None = None

    # ldirpy's own, unknown to Perl's ldirectord (docs/deviations.md, "extensions").
    verify: bool = False  # https: check the certificate and its name
    cafile: str | None = None  # with verify: the certificates to trust, else the system's
    httpstatus: tuple[tuple[int, int], ...] = ((200, 299),)  # ranges, both ends included
    httpheader: tuple[tuple[str, str], ...] = ()  # further headers of a request: name, value
    checksource: Address | None = None  # the address that checks come from

    quiescent: bool = False
    cleanstop: bool = True
    fallbackcommand: str | None = None
    monitorfile: str | None = None
    emailalert: tuple[str, ...] = attrs.field(default=(), converter=_words)
    emailalertfreq: int = 0
    emailalertstatus: frozenset[DirectorState] = frozenset(DirectorState)
    smtp: str | None = None
    servicename: str | None = None
    comment: str | None = None
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

    def __str__(self) -> str:
        """As ldirectord's log shows it: `VIP:PORT`, or the number of a firewall mark."""
        if self.address is None:
            return str(self.fwmark)
        return host_port(self.address, self.port)


def _virtuals(values: Iterable[Virtual]) -> tuple[Virtual, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class Config:
    """A whole ldirectord.cf: what holds for the daemon itself, and the virtual services."""

    virtuals: tuple[Virtual, ...] = attrs.field(default=(), converter=_virtuals)
    path: str = attrs.field(default="", eq=False)

    checktimeout: int | None = None
    negotiatetimeout: int | None = None
    checkinterval: int = attrs.field(default=10, validator=_positive)
    checkcount: int = 1
    failurecount: int = 1
    autoreload: bool = False
    callback: str | None = None
    fallback: Real | None = None
    fallback6: Real | None = None
    fallbackcommand: str | None = None
    logfile: str = "/var/log/ldirectord.log"
    emailalert: tuple[str, ...] = attrs.field(default=(), converter=_words)
    emailalertfrom: str | None = None
    emailalertfreq: int = 0
    emailalertstatus: frozenset[DirectorState] = frozenset(DirectorState)
    smtp: str | None = None
    execute: tuple[str, ...] = attrs.field(default=(), converter=_words)
    supervised: bool = False
    fork: bool = False
    quiescent: bool = False
    readdquiescent: bool = False
    cleanstop: bool = True
    maintenancedir: str | None = None
    places: Mapping[str, int] = attrs.field(factory=dict, eq=False, repr=False)
    # What is legal and probably not meant.
    warnings: tuple[Problem, ...] = attrs.field(default=(), eq=False, repr=False)
