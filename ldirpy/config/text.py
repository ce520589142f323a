"""A Config as the text of a ldirectord.cf, which both directors read back as the same.

1. What a section would inherit, or has as its default, is not written; all the rest is.
2. What the language cannot say is a ValueError that names the virtual service and the field.
"""

import enum
import re
from collections.abc import Iterator
from typing import Any

from ldirpy.config.fields import SECRET
from ldirpy.config.model import CheckType, Config, DirectorState, Real, Virtual
from ldirpy.net import Family, host_port

INDENT = "    "

# Directives in the order in which they are written, by the names that the model has too.
GLOBAL = (
    *("checktimeout", "negotiatetimeout", "checkinterval", "checkcount", "failurecount"),
    *("autoreload", "callback", "fallback", "fallback6", "fallbackcommand", "logfile"),
    *("emailalert", "emailalertfrom", "emailalertfreq", "emailalertstatus", "smtp", "execute"),
    *("supervised", "fork", "quiescent", "readdquiescent", "cleanstop", "maintenancedir"),
)
SECTION = (
    *("protocol", "scheduler", "schedflags", "persistent", "netmask", "ops"),
    *("fallback", "fallbackcommand", "quiescent", "cleanstop"),
    *("checktype", "service", "checkport", "checkcommand", "request", "receive", "httpmethod"),
    *("virtualhost", "httpstatus", "httpheader", "verify", "cafile", "checksource"),
    *("login", "passwd", "database", "secret", "load"),
    *("checktimeout", "negotiatetimeout", "checkinterval", "checkcount", "failurecount"),
    *("monitorfile", "emailalert", "emailalertfreq", "emailalertstatus", "smtp"),
    *("servicename", "comment"),
)
# Fields of a virtual service that take the global value where the section says nothing.
INHERITED = (
    *("checkinterval", "checkcount", "failurecount", "fallbackcommand", "quiescent", "cleanstop"),
    *("emailalert", "emailalertfreq", "emailalertstatus", "smtp"),
)
# Written in double quotes: those that must be, and those that may be and hold paths and texts.
QUOTED = frozenset(
    "callback logfile request receive login passwd database secret load "
    "checkcommand monitorfile virtualhost".split()
)


def spoken(value: Any) -> str:
    """A value of the model in the words of the file, without quotes."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, Real):
        return f"{target(value)} {value.forward.value}"
    if isinstance(value, frozenset):
        return _states(value)
    if isinstance(value, tuple):
        return ", ".join(_item(one) for one in value)
    return str(value)


def target(real: Real) -> str:
    """`192.0.2.1:80`, without the port if there is none; IPv6 in brackets."""
    if real.port:
        return host_port(real.address, real.port)
    return f"[{real.address}]" if real.family is Family.IPV6 else str(real.address)


def check_type(virtual: Virtual) -> str:
    """The value of checktype; the number of a combined check."""
    combined = virtual.checktype is CheckType.COMBINED
    return str(virtual.connects_per_negotiate) if combined else virtual.checktype.value


def config_text(config: Config) -> str:
    """The whole file; raises ValueError for what it cannot say."""
    paragraphs = [list(_global_lines(config))]
    paragraphs += [list(_section(virtual, config)) for virtual in config.virtuals]
    return "\n\n".join("\n".join(lines) for lines in paragraphs if lines) + "\n"


def unsaid(virtual: Virtual, config: Config) -> dict[str, Any]:
    """The values that a section has which says no more than its name, its protocol and servers."""
    blank = Virtual(
        address=virtual.address,
        port=virtual.port,
        fwmark=virtual.fwmark,
        protocol=virtual.protocol,
        family=virtual.family,
        fallback=config.fallback6 if virtual.family is Family.IPV6 else config.fallback,
        checktimeout=config.checktimeout or config.negotiatetimeout or 5,
        negotiatetimeout=config.negotiatetimeout or config.checktimeout or 30,
        **{name: getattr(config, name) for name in INHERITED},
    )
    return {name: getattr(blank, name) for name in SECTION} | {"checktype": check_type(blank)}


def _global_lines(config: Config) -> Iterator[str]:
    for name in GLOBAL:
        value = getattr(config, name)
        if value != getattr(_PLAIN, name):
            yield from _lines("", name, value)


def _section(virtual: Virtual, config: Config) -> Iterator[str]:
    owner = f"virtual service {virtual}: "
    six = virtual.family is Family.IPV6
    name = str(virtual.fwmark) if virtual.address is None else str(virtual)
    yield f"virtual{'6' if six else ''}={name}"
    for real in virtual.reals:
        yield f"{INDENT}real{'6' if six else ''}={_server(owner, real)}"
    default = unsaid(virtual, config)
    timeouts = ("checktimeout", "negotiatetimeout")
    own_timeouts = any(getattr(virtual, one) != default[one] for one in timeouts)
    for directive in SECTION:
        value = getattr(virtual, directive)
        if directive == "checktype":
            value = check_type(virtual)
        same = value == default[directive]
        # protocol is always said: its default hangs on how the port is written. The two time-outs
        # stand in for each other, so that one alone would change the other.
        if same and directive != "protocol" and not (directive in timeouts and own_timeouts):
            continue
        if directive == "checkinterval" and not config.fork:
            raise ValueError(
                f"{owner}checkinterval: must be that of the Config, {default[directive]}, "
                f"not {value}: a virtual service has its own with fork only"
            )
        if directive == "service":
            _refuse_implied(owner, virtual)
        if directive == "fallback" and six:
            directive = "fallback6"
        for line in _lines(owner, directive, value):
            yield f"{INDENT}{line}"


def _lines(owner: str, name: str, value: Any) -> Iterator[str]:
    """The lines of one directive: several for one that is repeated."""
    if value in (None, "", ()):
        raise ValueError(
            f"{owner}{name}: must be what the Config says: a file cannot take back "
            f"a value that holds for all"
        )
    if name == "execute":
        yield from (f"{name}={_checked(owner, name, one)}" for one in value)
    elif name == "httpheader":
        yield from (f'{name}="{_checked(owner, name, ": ".join(pair))}"' for pair in value)
    elif isinstance(value, Real):
        _refuse_extras(owner, name, value)
        yield f"{name}={spoken(value)}"
    else:
        words = _checked(owner, name, spoken(value))
        # A fallbackcommand for all keeps its quotes, that of a section loses them.
        quoted = name in QUOTED or (name == "fallbackcommand" and owner)
        yield f'{name}="{words}"' if quoted else f"{name}={words}"


def _refuse_implied(owner: str, virtual: Virtual) -> None:
    """Raise ValueError for an empty field that the service= line would fill."""
    for field in {"ftp": ("login", "passwd"), "sip": ("login",)}.get(virtual.service, ()):
        if not getattr(virtual, field):
            raise ValueError(
                f"{owner}{field}: must not be empty: a line service={virtual.service} sets it"
            )


def _server(owner: str, real: Real) -> str:
    """The value of a real= line."""
    words = [target(real), real.forward.value]
    if real.weight != 1:
        words.append(str(real.weight))
    if real.request is not None and real.receive is not None:
        place = f"{owner}real server {real}: "
        words.append(f'"{_unquoted(place, "request", real.request)}",')
        words.append(f'"{_unquoted(place, "receive", real.receive)}"')
    elif real.request is not None or real.receive is not None:
        raise ValueError(
            f"{owner}real server {real}: request and receive must both be given, or none"
        )
    if real.l_threshold:
        words.append(f"l:{real.l_threshold}")
    if real.u_threshold:
        words.append(f"u:{real.u_threshold}")
    return " ".join(words)


def _refuse_extras(owner: str, name: str, fallback: Real) -> None:
    plain = Real(address=fallback.address, port=fallback.port, forward=fallback.forward)
    if fallback != plain:
        raise ValueError(
            f"{owner}{name}: must have weight 1 and no request, receive or thresholds of its own"
        )


def _checked(owner: str, name: str, words: str) -> str:
    """The text of a value as it is, if the language can hold it."""
    shown = "***" if name in SECRET else repr(words)
    # Outside of a section a # is no comment; what would be one there is part of the value.
    if "#" in words and owner:
        raise ValueError(f"{owner}{name}: must not contain a # in a file, as {shown} does")
    if not words.isprintable() and any(char < " " or char == "\x7f" for char in words):
        raise ValueError(
            f"{owner}{name}: must be one line without tabs and control characters, not {shown}"
        )
    if name not in _TO_THE_LETTER and words != words.strip(" "):
        raise ValueError(f"{owner}{name}: must not begin or end with a blank: {shown}")
    if (shape := _SHAPES.get(name)) and not re.fullmatch(shape, words, re.ASCII):
        raise ValueError(f"{owner}{name}: cannot be written in a file: {shown}")
    return words


def _unquoted(owner: str, name: str, words: str) -> str:
    """One of the two texts of a real server: a quote would end it, as it does not elsewhere."""
    if '"' in words:
        raise ValueError(f"{owner}{name}: must not contain a double quote in a file: {words!r}")
    return _checked(owner, name, words)


def _states(states: frozenset[DirectorState]) -> str:
    if not states:
        return "none"
    if states == frozenset(DirectorState):
        return "all"
    return ",".join(state.value for state in DirectorState if state in states)


def _item(one: Any) -> str:
    """One of several values: an address, a range of codes, or a header."""
    if isinstance(one, str):
        return one
    first, last = one
    if isinstance(first, str):
        return f"{first}: {last}"
    return str(first) if first == last else f"{first}-{last}"


# Blanks at the ends of these mean something.
_TO_THE_LETTER = frozenset({"request", "receive", "login", "passwd", "database", "secret"})
# What these values must look like for either parser to take the whole of them.
_SHAPES = {
    "emailalert": r"[^\s,\"']+(, [^\s,\"']+)*",
    "load": r"\w+",
    "schedflags": r"\S+",
    "scheduler": r"[a-z]+",
    "service": r"[a-z][a-z0-9_]*",
    "smtp": r"[\w.-]+",
    "virtualhost": r'[^"]+',
}
_PLAIN = Config()
