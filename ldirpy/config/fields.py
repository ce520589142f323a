"""Converters and validators of the model's fields: what a script may write, and what is refused.

Each refusal is a ValueError that names the field, what it must be, and what was given.
"""

import enum
import re
from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address
from typing import Any, TypeVar, cast

import attrs

from ldirpy.net import Address, Forward, Protocol

MAX_PORT = 65535
MAX_MARK = 2**32 - 1  # a firewall mark is 32 bits wide
MAX_NUMBER = 2**31 - 1  # for seconds and counts; the kernel's counters are not wider

SECRET = frozenset({"passwd", "secret"})  # never in a message

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2

Validator = Callable[[Any, "attrs.Attribute[Any]", Any], None]
Word = TypeVar("Word", bound=enum.Enum)


def refusal(field: str, wish: str, value: object) -> ValueError:
    """The error of a value that cannot be: `port: must be ..., not 99999`."""
    shown = "***" if field in SECRET else repr(value)
    return ValueError(f"{field}: must be {wish}, not {shown}")


# -- converters: the shapes that a script may use ---------------------------------------------


def to_address(value: str | Address) -> Address:
    """An address from its text."""
    return value if not isinstance(value, str) else _address("address", value)


def to_optional_address(value: str | Address | None) -> Address | None:
    """An address from its text, or none."""
    return value if not isinstance(value, str) else _address("address", value)


def to_checksource(value: str | Address | None) -> Address | None:
    """The address that checks come from."""
    return value if not isinstance(value, str) else _address("checksource", value)


def _address(field: str, value: str) -> Address:
    try:
        # A zone (fe80::1%eth0) is of this machine alone, and IPVS has no place for it.
        return ip_address(value.removeprefix("[").removesuffix("]").replace("%", "?"))
    except ValueError:
        raise refusal(field, "an IPv4 or IPv6 address", value) from None


def to_forward(value: str | Forward) -> Forward:
    """A forwarding method from its word."""
    return member(Forward, "forward", value)


def to_protocol(value: str | Protocol) -> Protocol:
    """A protocol from its word."""
    return member(Protocol, "protocol", value)


def member(kind: type[Word], field: str, value: str | Word) -> Word:
    """The member of an enum that has this value."""
    if isinstance(value, kind):
        return value
    try:
        return kind(value)
    except ValueError:
        words = ", ".join(str(one.value) for one in kind)
        raise refusal(field, f"one of {words}", value) from None


def to_request(value: str) -> str:
    """A request as ldirectord keeps it: with a leading slash."""
    return value if not isinstance(value, str) or value.startswith("/") else f"/{value}"


def to_words(values: str | Iterable[str]) -> tuple[str, ...]:
    """Several texts; one alone may be written without a list."""
    return (values,) if isinstance(values, str) else tuple(values)


def to_statuses(
    values: int | Iterable[int | tuple[int, int]],
) -> tuple[tuple[int, int], ...]:
    """Ranges of HTTP status codes; one code stands for the range of itself."""
    several = (values,) if isinstance(values, int) else tuple(values)
    pairs = ((one, one) if isinstance(one, int) else tuple(one) for one in several)
    return cast(tuple[tuple[int, int], ...], tuple(pairs))  # `statuses` makes sure


def to_headers(
    values: Mapping[str, str] | Iterable[tuple[str, str]],
) -> tuple[tuple[str, str], ...]:
    """Headers as pairs of name and value."""
    pairs = values.items() if isinstance(values, Mapping) else values
    return cast(tuple[tuple[str, str], ...], tuple(map(tuple, pairs)))  # `headers` makes sure


# -- validators --------------------------------------------------------------------------------


def whole(low: int, high: int = MAX_NUMBER) -> Validator:
    """A whole number from `low` to `high`."""
    wish = f"a whole number from {low} to {high}" if high != MAX_NUMBER else _at_least(low)

    def validate(_: Any, field: "attrs.Attribute[Any]", value: Any) -> None:
        # True and False are numbers to Python, and a slip here.
        if type(value) is not int or not low <= value <= high:
            raise refusal(field.name, wish, value)

    return validate


def _at_least(low: int) -> str:
    return "a whole number" if low == 0 else f"a whole number of {low} or more"


def optional(validator: Validator) -> Validator:
    """None, or what `validator` takes."""

    def validate(instance: Any, field: "attrs.Attribute[Any]", value: Any) -> None:
        if value is not None:
            validator(instance, field, value)

    return validate


def text(*, empty: bool = True) -> Validator:
    """A text; `empty=False`: of one character or more."""

    def validate(_: Any, field: "attrs.Attribute[Any]", value: Any) -> None:
        if not isinstance(value, str):
            raise refusal(field.name, "a text", value)
        if not empty and not value:
            raise refusal(field.name, "a text that is not empty", value)

    return validate


def texts(_: Any, field: "attrs.Attribute[Any]", values: Any) -> None:
    """Several texts, none of them empty."""
    for value in values:
        if not isinstance(value, str) or not value.strip():
            raise refusal(field.name, "texts that are not empty", value)


def yes_no(_: Any, field: "attrs.Attribute[Any]", value: Any) -> None:
    """True or False."""
    if type(value) is not bool:
        raise refusal(field.name, "True or False", value)


def instance(kind: type, wish: str) -> Validator:
    """An object of a class."""

    def validate(_: Any, field: "attrs.Attribute[Any]", value: Any) -> None:
        if not isinstance(value, kind):
            raise refusal(field.name, wish, value)

    return validate


def statuses(_: Any, field: "attrs.Attribute[Any]", values: Any) -> None:
    """Ranges of status codes, each the right way round."""
    for pair in values:
        numbers = len(pair) == 2 and all(type(code) is int for code in pair)
        if not numbers or not 100 <= pair[0] <= pair[1] <= 999:
            raise refusal(field.name, "codes from 100 to 999, the lower end first", pair)
    if not values:
        raise refusal(field.name, "one range of status codes or more", values)


def headers(_: Any, field: "attrs.Attribute[Any]", values: Any) -> None:
    """Names and values that can stand in a request."""
    for pair in values:
        if not (len(pair) == 2 and all(isinstance(text, str) for text in pair)):
            raise refusal(field.name, "pairs of name and value", pair)
        control = any(char < " " and char != "\t" for char in pair[1])
        if control or not _TOKEN.fullmatch(pair[0]):
            raise refusal(field.name, "a header that fits into one line", pair)


def netmask(_: Any, field: "attrs.Attribute[Any]", value: Any) -> None:
    """None, a dotted quad, or the prefix length of an IPv6 service."""
    if value is None:
        return
    parts = value.split(".") if isinstance(value, str) else []
    quad = len(parts) == 4 and all(_number(part, 255) for part in parts)
    if not quad and not (len(parts) == 1 and _number(value, 128) and int(value) > 0):
        raise refusal(field.name, "a dotted quad, or 1 to 128 for IPv6", value)


def _number(text: str, high: int) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= high
