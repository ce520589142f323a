"""The effective configuration for `ldirpy show`: as data for machines, as lines for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from ldirpy.config.fields import SECRET
from ldirpy.config.model import CheckType, Config, Real, Virtual
from ldirpy.config.text import GLOBAL, SECTION, check_type, spoken, target
from ldirpy.net import Family, Protocol

HIDDEN = "***"

# -- for machines ------------------------------------------------------------------------------


def data(config: Config, *, secrets: bool) -> dict[str, Any]:
    """All values under the names of their directives; yes and no are true and false."""
    return {
        "global": {name: _plain(getattr(config, name)) for name in GLOBAL},
        "virtuals": [_virtual(virtual, secrets) for virtual in config.virtuals],
    }


def _virtual(virtual: Virtual, secrets: bool) -> dict[str, Any]:
    values = {name: _plain(_value(virtual, name, secrets)) for name in SECTION}
    return {
        "protocol": virtual.protocol.value,
        "family": "inet6" if virtual.family is Family.IPV6 else "inet",
        "address": _plain(virtual.address),
        "port": virtual.port,
        "fwmark": virtual.fwmark,
        **values,
        "checktype": virtual.connects_per_negotiate or virtual.checktype.value,
        "reals": [_real(virtual, real) for real in virtual.reals],
    }


def _real(virtual: Virtual, real: Real) -> dict[str, Any]:
    """A real server; its request and receive are those that hold for it, its own or not."""
    return {
        "address": str(real.address),
        "port": real.port,
        "forward": real.forward.value,
        "weight": real.weight,
        "request": virtual.request if real.request is None else real.request,
        "receive": virtual.receive if real.receive is None else real.receive,
        "l_threshold": real.l_threshold,
        "u_threshold": real.u_threshold,
    }


def _plain(value: Any) -> Any:
    """A value of the model in the types that JSON has."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Real):
        place = {"address": str(value.address), "port": value.port}
        return {**place, "forward": value.forward.value}
    if isinstance(value, frozenset):
        return sorted(one.value for one in value)
    if isinstance(value, tuple):
        return [spoken((one,)) for one in value]
    return spoken(value)


# -- for people --------------------------------------------------------------------------------

NAME = 18  # columns: the longest name of a directive, and two blanks

BOLD, DIM, END = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def lines(config: Config, *, secrets: bool, colour: bool) -> Iterator[str]:
    """A headline for each part, and a row for each value: its line in the file, name and value.

    A default has no line, and is left out where it has no effect.
    """
    page = _Page(config, colour)
    yield page.painted(
        DIM, f"# {printable(config.path)}: the line, and the value; a default has no line"
    )
    yield page.headline(0, "global")
    values = {name: getattr(config, name) for name in GLOBAL}
    yield from page.rows(values, config.places, _idle_globals(config))
    for virtual in config.virtuals:
        yield ""
        yield page.headline(virtual.line, f"virtual {virtual} {virtual.protocol.value}")
        yield from page.servers(virtual)
        values = {name: _value(virtual, name, secrets) for name in SECTION}
        del values["protocol"]  # it stands in the headline
        yield from page.rows(values, virtual.places, _idle(virtual))


class _Page:
    """The layout: a margin wide enough for the last line number."""

    def __init__(self, config: Config, colour: bool) -> None:
        last = [0, *config.places.values()]
        for virtual in config.virtuals:
            last += [virtual.line, *virtual.places.values(), *(one.line for one in virtual.reals)]
        self._margin = max(4, len(str(max(last))))
        self._colour = colour

    def painted(self, paint: str, text: str) -> str:
        return f"{paint}{text}{END}" if self._colour else text

    def _numbered(self, line: int, text: str) -> str:
        return f"{line or '-':>{self._margin}}  {text}"

    def headline(self, line: int, text: str) -> str:
        number = f"{line:>{self._margin}}" if line else " " * self._margin
        return f"{number}  {self.painted(BOLD, text)}"

    def servers(self, virtual: Virtual) -> Iterator[str]:
        """The rows of the real servers, in columns."""
        wide = max((len(target(real)) for real in virtual.reals), default=0)
        heavy = max((len(str(real.weight)) for real in virtual.reals), default=0)
        for real in virtual.reals:
            words = [
                f"{target(real):<{wide}}",
                real.forward.value,
                f"weight {real.weight:>{heavy}}",
                *([f"l:{real.l_threshold}"] if real.l_threshold else []),
                *([f"u:{real.u_threshold}"] if real.u_threshold else []),
                *([f"request {real.request}"] if real.request is not None else []),
                *([f"receive {real.receive}"] if real.receive is not None else []),
            ]
            yield self._numbered(real.line, f"  {'real':<{NAME}}{printable('  '.join(words))}")

    def rows(
        self, values: Mapping[str, Any], places: Mapping[str, int], idle: frozenset[str]
    ) -> Iterator[str]:
        """A row for each value that was said, or that has an effect without having been."""
        for name, value in values.items():
            line = places.get(name, 0)
            nothing = value in (None, "", ())
            if not line and (nothing or name in idle):
                continue
            words = "none" if nothing else printable(spoken(value))
            row = self._numbered(line, f"  {name:<{NAME}}{words}")
            yield row if line else self.painted(DIM, row)


def printable(text: str) -> str:
    """The text with an escape for each character that could move the cursor or is none."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _value(virtual: Virtual, name: str, secrets: bool) -> Any:
    if name == "checktype":
        return check_type(virtual)
    value = getattr(virtual, name)
    return HIDDEN if name in SECRET and value and not secrets else value


_MAIL = frozenset({"emailalertfrom", "emailalertfreq", "emailalertstatus", "smtp"})
_HTTP = frozenset({"httpmethod", "virtualhost", "httpstatus", "httpheader", "verify", "cafile"})
_ASKING = frozenset({"service", "request", "receive", "negotiatetimeout"})
_ASK = (CheckType.NEGOTIATE, CheckType.COMBINED)
_COMMANDS = (CheckType.EXTERNAL, CheckType.EXTERNAL_PERL, CheckType.EXTERNAL_PYTHON)


def _idle_globals(config: Config) -> frozenset[str]:
    """Defaults of the daemon that have no effect as the rest is."""
    return _MAIL if not config.emailalert else frozenset()


def _idle(virtual: Virtual) -> frozenset[str]:
    """Defaults of a virtual service that have no effect as the rest is."""
    idle: set[str] = set()
    asks = virtual.checktype in _ASK
    if not asks:
        idle |= _ASKING
    if not asks or virtual.service not in ("http", "https", "http_proxy"):
        idle |= _HTTP
    if virtual.service != "https":
        idle |= {"verify", "cafile"}
    if virtual.checktype not in _COMMANDS:
        idle.add("checkcommand")
    if virtual.checktype is not CheckType.PING:
        idle.add("checkcount")
    if virtual.protocol is not Protocol.UDP:
        idle.add("ops")
    if not virtual.emailalert:
        idle |= _MAIL
    return frozenset(idle)
