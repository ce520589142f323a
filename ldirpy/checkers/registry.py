"""From the words of a configuration to checkers.

Built-ins stand in one map; those of other packages come through the entry-point group
`ldirpy.checkers`. Both implement `base.Checker`; both are imported only when a configuration
names them.
"""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from ldirpy.checkers.base import Checker
from ldirpy.config.model import CheckType, Real, Virtual
from ldirpy.config.resolve import PLUG_INS

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, EntryPoints

# Values of `service`, used when checktype is negotiate or a number.
SERVICES: Mapping[str, str] = {
    "dns": "ldirpy.checkers.dns:DnsChecker",
    "ftp": "ldirpy.checkers.ftp:FtpChecker",
    "http": "ldirpy.checkers.http:HttpChecker",
    "http_proxy": "ldirpy.checkers.http_proxy:HttpProxyChecker",
    "https": "ldirpy.checkers.http:HttpChecker",
    "imap": "ldirpy.checkers.imap:ImapChecker",
    "imaps": "ldirpy.checkers.imap:ImapChecker",
    "ldap": "ldirpy.checkers.ldap:LdapChecker",
    "ldaps": "ldirpy.checkers.ldap:LdapChecker",
    "mysql": "ldirpy.checkers.mysql:MysqlChecker",
    "nntp": "ldirpy.checkers.nntp:NntpChecker",
    "none": "ldirpy.checkers.always:AlwaysUp",
    "oracle": "ldirpy.checkers.oracle:OracleChecker",
    "pgsql": "ldirpy.checkers.pgsql:PgsqlChecker",
    "pop": "ldirpy.checkers.pop:PopChecker",
    "pops": "ldirpy.checkers.pop:PopChecker",
    "radius": "ldirpy.checkers.radius:RadiusChecker",
    "simpletcp": "ldirpy.checkers.simpletcp:SimpleTcpChecker",
    "sip": "ldirpy.checkers.sip:SipChecker",
    "smtp": "ldirpy.checkers.smtp:SmtpChecker",
    "submission": "ldirpy.checkers.smtp:SmtpChecker",
}

# Values of `checktype` that need no service.
CHECKTYPES: Mapping[CheckType, str] = {
    CheckType.CONNECT: "ldirpy.checkers.connect:ConnectChecker",
    CheckType.EXTERNAL: "ldirpy.checkers.external:ExternalChecker",
    CheckType.EXTERNAL_PERL: "ldirpy.checkers.external_perl:ExternalPerlChecker",
    CheckType.EXTERNAL_PYTHON: "ldirpy.checkers.external_python:ExternalPythonChecker",
    CheckType.ON: "ldirpy.checkers.always:AlwaysUp",
    CheckType.PING: "ldirpy.checkers.ping:PingChecker",
}


@attrs.frozen(kw_only=True)
class Probe:
    """A checker with its pace: equal probes are run once for all who want them.

    Times are seconds. With `every` > 0 (checktype=N) `negotiate` is run first, and after its
    success `checker` that many times.
    """

    checker: Checker
    timeout: float
    interval: float
    negotiate: Checker | None = None
    negotiate_timeout: float = 0.0
    every: int = 0


def probe_for(virtual: Virtual, real: Real) -> Probe | None:
    """How `real` is to be checked for `virtual`; None if it is not (checktype=off).

    Raises ValueError, in words for the operator, if ldirpy cannot check it.
    """
    checktype = virtual.checktype
    if checktype is CheckType.OFF:
        return None
    source = virtual.checksource
    if source is not None and source.version != real.address.version:
        raise ValueError(f"checksource={source} cannot reach {real.address}: another IP version")
    interval = float(virtual.checkinterval)
    # ldirectord holds these two to checktimeout, whatever the kind of check.
    quick = virtual.service in ("ldap", "radius")
    negotiatetimeout = virtual.checktimeout if quick else virtual.negotiatetimeout
    if checktype is CheckType.NEGOTIATE:
        return Probe(
            checker=service_checker(virtual, real),
            timeout=negotiatetimeout,
            interval=interval,
        )
    if checktype is CheckType.COMBINED:
        return Probe(
            checker=_built(CHECKTYPES[CheckType.CONNECT], virtual, real),
            timeout=virtual.checktimeout,
            interval=interval,
            negotiate=service_checker(virtual, real),
            negotiate_timeout=negotiatetimeout,
            every=virtual.connects_per_negotiate,
        )
    checker = _built(CHECKTYPES[checktype], virtual, real)
    return Probe(checker=checker, timeout=virtual.checktimeout, interval=interval)


def service_checker(virtual: Virtual, real: Real) -> Checker:
    """The checker of the virtual's `service`, built in or of another package."""
    if virtual.service in SERVICES:
        return _built(SERVICES[virtual.service], virtual, real)
    for point in _plugged().select(name=virtual.service):
        return _instance(_loaded(point), point.value, virtual, real)
    raise ValueError(
        f"no checker for service={virtual.service} is installed; "
        f"there are {', '.join(known_services())}"
    )


def known_services() -> list[str]:
    """All values of `service` that can be checked here, in alphabetical order."""
    plugged = {point.name for point in _plugged()}
    return sorted(plugged | set(SERVICES))


# The libraries that only some checkers need, and the extra of ldirpy that brings each.
EXTRAS: Mapping[str, str] = {
    "ldap3": "ldap",
    "oracledb": "oracle",
    "psycopg": "pgsql",
    "pymysql": "mysql",
    "pyrad": "radius",
}


def _built(where: str, virtual: Virtual, real: Real) -> Checker:
    module, _, name = where.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except ImportError as error:
        # psycopg without its C library is an ImportError of that name as well.
        library = (error.name or "").partition(".")[0]
        if library not in EXTRAS:
            raise
        raise ValueError(
            f"service={virtual.service} needs the Python library {library}: "
            f"pip install 'ldirpy[{EXTRAS[library]}]'"
        ) from error
    return _instance(found, where, virtual, real)


def _plugged() -> "EntryPoints":
    """The checkers that other packages announce."""
    # Imported here: it is slow, and few configurations need it.
    import importlib.metadata

    return importlib.metadata.entry_points(group=PLUG_INS)


def _loaded(point: "EntryPoint") -> object:
    try:
        return point.load()
    except Exception as error:
        # Another's code, and only this service needs it.
        raise ValueError(
            f"the checker of service={point.name}, {point.value}, cannot be loaded: {error}"
        ) from error


def _instance(found: object, where: str, virtual: Virtual, real: Real) -> Checker:
    if not (isinstance(found, type) and issubclass(found, Checker)):
        raise ValueError(f"{where} is not a subclass of ldirpy.checkers.base.Checker")
    return found.from_config(virtual, real)
