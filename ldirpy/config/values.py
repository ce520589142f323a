"""Parsers of the values of single directives; each raises Fault with what was expected."""

import re
from ipaddress import AddressValueError, IPv6Address

import attrs

from ldirpy import pattern
from ldirpy.config.model import MAX_PORT, CheckType, HttpMethod
from ldirpy.net import Forward


class Fault(Exception):
    """A value that cannot be used: why, what to write instead, and the text that is at fault."""

    def __init__(self, message: str, hint: str = "", at: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.at = at


@attrs.frozen
class Host:
    """A host, by name or address, and a port, by name or number, as written."""

    host: str
    port: str = ""


@attrs.frozen(kw_only=True)
class RealSpec:
    """A `real=` line before names are resolved; `last` is the end of a range."""

    host: Host
    last: str
    forward: Forward
    weight: int
    request: str | None
    receive: str | None
    lower: int
    upper: int


def yes_no(value: str) -> bool:
    """Exactly `yes` or `no`: the Perl daemon takes nothing else, not even a blank behind it."""
    if value in ("yes", "no"):
        return value == "yes"
    if value.strip() in ("yes", "no"):
        raise Fault(
            "there is a blank or a carriage return behind the value",
            f"end the line right after {value.strip()}",
        )
    raise Fault(
        f"must be yes or no, not {value.strip()!r}", "write yes or no, and nothing behind it"
    )


def number(value: str) -> int:
    """The first run of digits, above 0."""
    if (found := re.search(r"\d+", value)) and int(found[0]) > 0:
        return int(found[0])
    raise Fault(
        f"must be a number above 0, not {value.strip()!r}", "write a number of seconds or times"
    )


def port_number(value: str) -> int:
    """1 to 65535."""
    if (found := re.search(r"\d+", value)) and 0 < int(found[0]) <= MAX_PORT:
        return int(found[0])
    raise Fault(f"must be a port, 1 to {MAX_PORT}, not {value.strip()!r}")


def text(value: str) -> str:
    """A word or more, in quotes or without them."""
    stripped = value.strip()
    if len(stripped) >= 2 and stripped[0] == stripped[-1] and stripped[0] in "\"'":
        stripped = stripped[1:-1]
    if not stripped:
        raise Fault("must not be empty")
    return stripped


def quoted(value: str) -> str:
    """A text in double quotes, not empty."""
    if found := re.match(r'"(.+)"\s*$', value.strip()):
        return found[1]
    raise Fault(
        "must be in double quotes, and not empty", f'write "{value.strip().strip(chr(34))}"'
    )


def request(value: str) -> str:
    """A quoted request; a slash is put before one that has none."""
    return _absolute(quoted(value))


def receive(value: str) -> str:
    """A quoted Perl regular expression."""
    return _expression(quoted(value))


def http_method(value: str) -> HttpMethod:
    """GET or HEAD, in any case."""
    try:
        return HttpMethod(value.strip().strip('"').upper())
    except ValueError:
        raise Fault(f"must be GET or HEAD, not {value.strip()!r}") from None


def check_type(value: str) -> tuple[CheckType, int]:
    """A check type, with the N of a numeric one."""
    word = value.strip()
    if word.isdigit() and int(word) > 0:
        return CheckType.COMBINED, int(word)
    known = [kind.value for kind in CheckType if kind is not CheckType.COMBINED]
    if word not in known:
        raise Fault(f"unknown check type {word!r}", f"write a number or one of {', '.join(known)}")
    return CheckType(word), 0


def word(value: str) -> str:
    """The first run of lower-case letters, digits and `_`."""
    if found := re.search(r"[a-z][a-z0-9_-]*", value):
        return found[0]
    raise Fault(f"must be a word in lower case, not {value.strip()!r}")


def netmask(value: str) -> str:
    """A dotted quad, or the prefix length of an IPv6 service."""
    stripped = value.strip()
    if stripped.isdigit() and 1 <= int(stripped) <= 128:
        return stripped
    parts = stripped.split(".")
    if len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts):
        return stripped
    raise Fault(f"must be a dotted quad, or 1 to 128 for IPv6, not {stripped!r}")


def host_and_port(value: str) -> Host:
    """`host`, `host:port` or `[v6]:port`; a port may be a service name."""
    if value.startswith("["):
        found = re.fullmatch(r"\[([^\]]+)\](?::(\w[\w-]*))?", value)
        if not found:
            raise Fault(f"cannot read {value!r}", "write [ADDRESS]:PORT", value)
        try:
            IPv6Address(found[1])
        except AddressValueError as error:
            raise Fault(f"not an IPv6 address: {error}", at=value) from None
        return Host(found[1], found[2] or "")
    if value.count(":") > 1:
        raise Fault(
            f"cannot tell the address from the port in {value!r}",
            "write ADDRESS:PORT with one colon; an IPv6 address goes in brackets: [ADDRESS]:PORT",
            value,
        )
    found = re.fullmatch(r"([\w.-]+)(?::(\w[\w-]*))?", value)
    if not found:
        raise Fault(
            f"not a host or an address: {value!r}", "write ADDRESS:PORT or NAME:PORT", value
        )
    return Host(found[1], found[2] or "")


def forward(value: str) -> Forward:
    """gate, masq or ipip."""
    try:
        return Forward(value)
    except ValueError:
        raise Fault(
            f"unknown forwarding method {value!r}", "write gate, masq or ipip", value
        ) from None


def fallback(value: str) -> tuple[Host, Forward]:
    """`host[:port] [gate|masq|ipip]`; gate if there is no method."""
    words = value.split()
    if not 1 <= len(words) <= 2:
        raise Fault("must be a host with an optional port, then an optional forwarding method")
    return host_and_port(words[0]), forward(words[1]) if len(words) == 2 else Forward.GATE


def real(value: str) -> RealSpec:
    """`host[->host][:port] gate|masq|ipip [weight] ["request", "receive"] [l:N] [u:N]`."""
    target, _, rest = value.strip().partition(" ")
    method, _, rest = rest.strip().partition(" ")
    if not method:
        raise Fault(
            "there is no forwarding method", f"write {target or 'ADDRESS:PORT'} gate, masq or ipip"
        )
    first, arrow, last = target.partition("->")
    if arrow:
        end = host_and_port(last)
        host = attrs.evolve(host_and_port(first), port=end.port)
        last = end.host
    else:
        host, last = host_and_port(first), ""
    pair, rest = _pair(rest)
    weight, lower, upper = 1, 0, 0
    for part in rest.split():
        if re.fullmatch(r"\d+", part):
            weight = int(part)
        elif found := re.fullmatch(r"([lu]):(\d+)", part):
            lower, upper = (int(found[2]), upper) if found[1] == "l" else (lower, int(found[2]))
        else:
            raise Fault(
                f"cannot read {part!r}",
                'after the forwarding method come [weight] ["request", "receive"] [l:N] [u:N]',
                part,
            )
    return RealSpec(
        host=host, last=last, forward=forward(method), weight=weight,
        request=pair[0], receive=pair[1], lower=lower, upper=upper,
    )  # fmt: skip


def _pair(rest: str) -> tuple[tuple[str | None, str | None], str]:
    """The request and receive of a real server, and the rest of the line without them."""
    found = re.search(r'"([^"]+)"(?:\s*,\s*|\s+)"([^"]+)"', rest)
    if not found:
        return (None, None), rest
    return (_absolute(found[1]), _expression(found[2])), rest[: found.start()] + rest[found.end() :]


def _absolute(request: str) -> str:
    return request if request.startswith("/") else f"/{request}"


def _expression(receive: str) -> str:
    try:
        pattern.validate(receive)
    except pattern.PatternError as error:
        at = receive[error.position :] or receive
        raise Fault(f"not a regular expression: {error}", at=at) from None
    return receive
