"""The forms of `virtual=`, `real=` and `fallback=`: hosts, ports and what comes behind them.

Names are only split off here; they are looked up when the protocol is known (config/effective).
"""

import re
from ipaddress import AddressValueError, IPv6Address

import attrs

from ldirpy.config.faults import REFUSED, Fault, Value, choice
from ldirpy.config.fields import MAX_MARK, MAX_NUMBER
from ldirpy.config.lines import BLANKS
from ldirpy.config.values import absolute, expression, leftover, shown
from ldirpy.net import Forward

_HOST = r"[\w.-]+"
_PORT = r"[\w-]+"
_BRACKETS = r"\[[0-9A-Fa-f:]+\]"
_PAIR = re.compile(r'\s"(.*)"(?:(,\s*)|(\s+,\s*)|\s+)"(.*)"(?=\s|$)', re.ASCII)
_SIX = "IPv6 has virtual6=, real6= and fallback6="
_METHODS = [method.value for method in Forward]


@attrs.frozen
class Host:
    """A host, by name or address, and a port, by name or number, as written.

    An IPv6 address is without its brackets. `port` is empty if there is none.
    """

    host: str
    port: str = ""


@attrs.frozen(kw_only=True)
class RealSpec:
    """A `real=` line before names are looked up; `last` is the end of a range."""

    host: Host
    last: str = ""
    forward: Forward
    weight: int = 1
    request: str | None = None
    receive: str | None = None
    l_threshold: int = 0
    u_threshold: int = 0


@attrs.frozen(kw_only=True)
class FallbackSpec:
    """A `fallback=` line before names are looked up."""

    host: Host
    forward: Forward


@attrs.frozen(kw_only=True)
class Place:
    """What `virtual=` names: an address and port, or a firewall mark."""

    host: Host | None = None
    fwmark: int | None = None


# -- virtual ---------------------------------------------------------------------------------


def virtual(value: Value) -> Place:
    """`a.b.c.d:port`, `host:port`, `[v6]:port` or a firewall mark; what follows has no effect."""
    text = value.text.rstrip(BLANKS)
    shape = rf"({_BRACKETS}|{_HOST}):({_PORT})" if value.ipv6 else rf"({_HOST}):({_PORT})"
    found = re.match(shape, text, re.ASCII)
    if found:
        leftover(value, found.end())
        if found[1].startswith("["):
            _check_ipv6(found[1])
        return Place(host=Host(found[1].strip("[]"), found[2]))
    if mark := re.match(r"[0-9]+", text):
        return _mark(value, text, mark[0])
    if not value.ipv6 and text.startswith("["):
        raise Fault("an IPv6 address under virtual", _SIX, text)
    form = "[ADDRESS]:PORT" if value.ipv6 else "ADDRESS:PORT"
    if re.fullmatch(rf"{_BRACKETS}|{_HOST}", text, re.ASCII):
        raise Fault(
            f"{text} has no port", f"write {text}:PORT, or a number for a firewall mark", text
        )
    raise Fault(
        f"must be {form} or a firewall mark, not {shown(text)}",
        f"write {form}, NAME:PORT, or a number for a firewall mark",
        text,
    )


def _check_ipv6(text: str) -> None:
    try:
        IPv6Address(text.strip("[]"))
    except AddressValueError as error:
        raise Fault(f"not an IPv6 address: {error}", at=text) from None


def _mark(value: Value, text: str, digits: str) -> Place:
    # A number of thousands of digits would take Python minutes.
    if len(digits.lstrip("0")) > 10 or not 0 < int(digits) <= MAX_MARK:
        raise Fault(f"a firewall mark must be from 1 to {MAX_MARK}", at=digits)
    mark = int(digits)
    if re.match(r"[0-9.]+:", text):
        raise Fault(
            f"cannot tell the address from the port in {shown(text)}",
            "write ADDRESS:PORT with one colon",
            text,
        )
    if text != digits:
        value.doubt(
            f"is read as the firewall mark {mark}: there is no port",
            f"write {text.partition(' ')[0]}:PORT for an address, or {mark} alone",
            text,
        )
    return Place(fwmark=mark)


# -- real ------------------------------------------------------------------------------------


def real(value: Value) -> RealSpec:
    """`host[->host][:port] gate|masq|ipip [weight] ["request", "receive"] [l:N] [u:N]`."""
    found = re.match(r"(\S+)(?:\s+(\w*)(.*))?", value.text, re.ASCII | re.DOTALL)
    if not found:
        raise Fault("there is no server", "write ADDRESS:PORT gate, masq or ipip")
    target, method, rest = found[1], found[2] or "", found[3] or ""
    host, last = _target(target, ipv6=value.ipv6)
    if not method and not rest.strip(BLANKS):
        raise Fault("there is no forwarding method", f"write {target} gate, masq or ipip")
    start = found.start(2)
    # A comma or the like that touches the method belongs to what is wrong with it.
    if rest and not rest[0].isspace():
        method = (method + rest).split()[0]
    forward = _forward(method, start)
    weight, pair, (lower, upper) = _behind(value, rest, found.start(3))
    return RealSpec(
        host=host, last=last, forward=forward, weight=weight, request=pair[0], receive=pair[1],
        l_threshold=lower, u_threshold=upper,
    )  # fmt: skip


def _target(target: str, *, ipv6: bool) -> tuple[Host, str]:
    """The host with its port, and the end of a range."""
    first, arrow, last = target.partition("->")
    if not arrow:
        return host_and_port(target, ipv6=ipv6), ""
    if ipv6:
        raise Fault("a range must be of IPv4 addresses", at=target)
    begin, end = host_and_port(first, ipv6=False), host_and_port(last, ipv6=False)
    if begin.port:
        raise Fault(
            "the port of a range stands behind its end", f"write {begin.host}->{last}", first
        )
    return Host(begin.host, end.port), end.host


def host_and_port(text: str, *, ipv6: bool) -> Host:
    """`host`, `host:port` or `[v6]:port`; a port may be a service name."""
    host = rf"{_BRACKETS}|{_HOST}" if ipv6 else _HOST
    if found := re.fullmatch(rf"({host})(?::({_PORT}))?", text, re.ASCII):
        return Host(found[1].strip("[]"), found[2] or "")
    if text.startswith("[") and not ipv6:
        raise Fault("an IPv6 address where an IPv4 one must be", _SIX, text)
    if text.startswith("["):
        raise Fault(f"not an IPv6 address and port: {shown(text)}", "write [ADDRESS]:PORT", text)
    if text.count(":") > 1:
        raise Fault(
            f"cannot tell the address from the port in {shown(text)}",
            "write ADDRESS:PORT with one colon; an IPv6 address goes in brackets: [ADDRESS]:PORT",
            text,
        )
    form = "[ADDRESS]:PORT" if ipv6 else "ADDRESS:PORT"
    raise Fault(f"not a host or an address: {shown(text)}", f"write {form} or NAME:PORT", text)


def _forward(method: str, offset: int) -> Forward:
    if method not in _METHODS:
        raise Fault(
            f"unknown forwarding method {shown(method)}", choice(method, _METHODS), method, offset
        )
    return Forward(method)


Behind = tuple[int, tuple[str | None, str | None], tuple[int, int]]


def _behind(value: Value, rest: str, start: int) -> Behind:
    """Weight, request and receive, thresholds; `rest` starts at `start` of the value."""
    pair: tuple[str | None, str | None] = (None, None)
    if found := _PAIR.search(rest) if '"' in rest else None:
        if found[3]:
            value.doubt(
                f"{REFUSED}: there is a blank before the comma",
                f'write "{found[1]}", "{found[4]}"',
                found[3].strip(BLANKS),
                start + found.start(3),
            )
        if not found[4]:
            value.doubt("an empty receive is none", offset=start + found.start(4))
        pair = (absolute(found[1]), expression(found[4], start + found.start(4)))
        # Blanks of the same length, so that places in the line stay right.
        rest = rest[: found.start()] + " " * len(found[0]) + rest[found.end() :]
    weight: int | None = None
    thresholds: dict[str, int] = {}
    odd: list[re.Match[str]] = []
    read = found.start() if found else -1  # where the last good word is
    for word in re.finditer(r"\S+", rest, re.ASCII):
        limit = re.fullmatch(r"([lu]):([0-9]+)", word[0])
        if weight is None and re.fullmatch(r"[0-9]+", word[0]):
            weight = _small(word, start)
        elif limit and limit[1] not in thresholds:
            thresholds[limit[1]] = _small(word, start, limit[2])
        else:
            odd.append(word)
            continue
        read = max(read, word.start())
    # Perl's daemon passes over what stands before something that it knows, and minds the rest.
    for word in odd:
        if word.start() > read:
            raise _unreadable(word, start)
        value.doubt(
            f"has no effect: {shown(word[0])}", "leave it out", word[0], start + word.start()
        )
    lower, upper = thresholds.get("l", 0), thresholds.get("u", 0)
    if lower > upper:
        value.doubt(
            f"IPVS takes no l:{lower} above u:{upper}",
            "give both, the upper threshold not below the lower one",
            "l:",
            value.text.rfind("l:"),
        )
    return 1 if weight is None else weight, pair, (lower, upper)


def _small(word: re.Match[str], start: int, digits: str = "") -> int:
    digits = (digits or word[0]).lstrip("0") or "0"
    if len(digits) > 10 or int(digits) > MAX_NUMBER:
        raise Fault(f"must be at most {MAX_NUMBER}", "", word[0], start + word.start())
    return int(digits)


def _unreadable(word: re.Match[str], start: int) -> Fault:
    return Fault(
        f"cannot read {shown(word[0])}",
        'after the forwarding method come [weight] ["request", "receive"] [l:N] [u:N]',
        word[0],
        start + word.start(),
    )


# -- fallback --------------------------------------------------------------------------------


def fallback(value: Value) -> FallbackSpec:
    """`host[:port] [gate|masq|ipip]`; gate if there is no method, 127.0.0.1 if there is no host."""
    found = re.match(r"(\S*)\s*(.*)", value.text.rstrip(BLANKS), re.ASCII | re.DOTALL)
    assert found  # it matches the empty text
    target, rest, start = found[1], found[2], found.start(2)
    if not value.inside and (comment := re.search(r"(^|\s)#.*", rest, re.ASCII | re.DOTALL)):
        value.doubt(
            f"{REFUSED}: the comment is read as the forwarding method",
            "put the comment into a line of its own",
            comment[0].strip(BLANKS),
            start + comment.start(),
        )
        rest = rest[: comment.start()].rstrip(BLANKS)
    forward = _forward(rest, start) if rest else Forward.GATE
    if target == "" or target.startswith(":"):
        home = "::1" if value.ipv6 else "127.0.0.1"
        value.doubt(f"names no host, which means {home}", f"write {home}", target)
        target = f"[{home}]{target}" if value.ipv6 else f"{home}{target}"
    try:
        return FallbackSpec(host=host_and_port(target, ipv6=value.ipv6), forward=forward)
    except Fault as fault:
        fault.late = True
        raise
