"""Parsers of the values of single directives: each returns what was said, or raises Fault.

They take what Perl's daemon takes, with the same meaning; `Value.doubt` notes what its writer
probably does not expect. The types are those of the model where it has one.
"""

import re
from ipaddress import ip_address

from ldirpy import pattern
from ldirpy.config.faults import REFUSED, Fault, Value, choice
from ldirpy.config.fields import MAX_NUMBER, MAX_PORT
from ldirpy.config.lines import BLANKS
from ldirpy.config.model import CheckType, DirectorState, HttpMethod
from ldirpy.net import Address

CHECK_TYPES = [kind.value for kind in CheckType if kind is not CheckType.COMBINED]

_DIGITS = re.compile(r"[0-9]+")
_WORD = re.compile(r"\w+", re.ASCII)
_QUOTED = re.compile(r'"(.*)"', re.DOTALL)


def yes_no(value: Value) -> bool:
    """Exactly `yes` or `no`."""
    found = re.fullmatch(r"(yes|no)(\s*)(#.*)?", value.text, re.ASCII | re.DOTALL)
    if not found:
        word = value.text.strip(BLANKS + "\"'").lower()
        near = {"true": "yes", "on": "yes", "1": "yes", "false": "no", "off": "no", "0": "no"}
        meant = word if word in ("yes", "no") else near.get(word)
        raise Fault(
            f"must be yes or no, not {shown(value.text)}",
            f"write {meant}" if meant else "write yes or no",
        )
    word, blanks, comment = found.groups()
    if comment:
        value.doubt(
            f"{REFUSED}: there is a comment behind {word}",
            "put the comment into a line of its own",
            comment,
        )
    elif blanks:
        kind = "a carriage return" if blanks == "\r" else "a blank"
        value.doubt(f"{REFUSED}: there is {kind} behind {word}", f"end the line after {word}")
    return word == "yes"


def number(value: Value) -> int:
    """The first run of digits, above 0."""
    return _number(value, 1)


def seconds_or_none(value: Value) -> int:
    """The first run of digits; 0 is allowed."""
    return _number(value, 0)


def frequency(value: Value) -> int:
    """Digits at the start; 0 is allowed."""
    if not _DIGITS.match(value.text):
        raise Fault(
            f"must be a number of seconds, not {shown(value.text)}", "write a number, 0 for never"
        )
    return _number(value, 0)


def port_number(value: Value) -> int:
    """1 to 65535."""
    found = _DIGITS.search(value.text)
    if not found or not 0 < len(found[0]) < 9 or not 0 < int(found[0]) <= MAX_PORT:
        raise Fault(f"must be a port, 1 to {MAX_PORT}, not {shown(value.text)}")
    _odd_number(value, found)
    return int(found[0])


def _number(value: Value, least: int) -> int:
    found = _DIGITS.search(value.text)
    if not found:
        raise Fault(f"must be a number, not {shown(value.text)}", "write digits alone")
    # A number of thousands of digits would take Python minutes.
    if len(found[0].lstrip("0")) > 10 or int(found[0]) > MAX_NUMBER:
        raise Fault(f"must be at most {MAX_NUMBER}", at=found[0])
    if int(found[0]) < least:
        raise Fault(f"must be a number above 0, not {shown(value.text)}")
    _odd_number(value, found)
    return int(found[0])


def _odd_number(value: Value, found: re.Match[str]) -> None:
    """Say so if a number has something around it that changes nothing."""
    rest = value.text[found.end() :].strip(BLANKS)
    if value.text[: found.start()].strip(BLANKS) or (rest and not rest.startswith("#")):
        value.doubt(f"is read as {int(found[0])}", "write digits alone", value.text.strip(BLANKS))


def stretch(value: Value) -> str:
    """All that stands there, blanks at its end included; may be empty."""
    return value.text


def some_text(value: Value) -> str:
    """All that stands there, and not nothing."""
    if not value.text:
        raise Fault("there is nothing behind the =")
    return value.text


def in_quotes(value: Value) -> str:
    """What is between the first and the last double quote; may be empty."""
    found = _QUOTED.match(value.text)
    if not found:
        raise _unquoted(value)
    leftover(value, found.end())
    return found[1]


def _unquoted(value: Value) -> Fault:
    if value.text.startswith('"') and value.comment:
        return Fault(
            "a # starts a comment in quotes too: the closing quote is lost",
            "it cannot be written in a value; in receive, \\x23 means #",
        )
    if value.text.startswith('"'):
        return Fault("there is no closing quote", f'write {value.text.rstrip(BLANKS)}"')
    # Word processors write quotes of their own.
    bare = re.sub(r"\s#.*", "", value.text, flags=re.ASCII).strip(
        BLANKS + "\"'\u201c\u201d\u201e\u2018\u2019"
    )
    return Fault("must be in double quotes", f'write "{bare}"' if bare else 'write "..."')


def quoted(value: Value) -> str:
    """A text in double quotes, not empty."""
    text = in_quotes(value)
    if not text:
        raise Fault("must not be empty", "write something between the quotes, or take it out")
    return text


def request(value: Value) -> str:
    """A quoted request; a slash is put before one that has none."""
    return absolute(quoted(value))


def absolute(text: str) -> str:
    """A request as ldirectord keeps it: with a leading slash."""
    return text if text.startswith("/") else f"/{text}"


def receive(value: Value) -> str:
    """A quoted Perl regular expression."""
    return expression(quoted(value), 1)


def expression(text: str, offset: int) -> str:
    """A regular expression that can be compiled; `offset` is where it starts in the value."""
    try:
        pattern.validate(text)
    except pattern.PatternError as error:
        # The position counts bytes.
        raw = text.encode("utf-8", "surrogateescape")[: error.position]
        at = len(raw.decode("utf-8", "surrogateescape"))
        raise Fault(
            f"not a regular expression: {error}",
            "a character with a meaning of its own is taken literally with a \\ before it",
            at=text[at : at + 1] or text,
            offset=offset + at if at < len(text) else offset,
        ) from None
    return text


def path(value: Value) -> str:
    """A path or command, in double quotes or without them, not empty."""
    found = _QUOTED.match(value.text)
    if found:
        leftover(value, found.end())
    text = found[1] if found else value.text
    if not text:
        raise Fault("must not be empty")
    return text


def virtualhost(value: Value) -> str:
    """A name, up to the second double quote; may be empty."""
    found = re.match(r'"?([^"]*)"?', value.text)
    assert found  # it matches the empty text
    leftover(value, found.end())
    return found[1]


def word_in_quotes(value: Value) -> str:
    """The first word between double quotes."""
    if not (found := _WORD.search(in_quotes(value))):
        raise Fault("must be a word in double quotes")
    return found[0]


def mail_addresses(value: Value) -> str:
    """Addresses with commas between; quotes around the whole are dropped."""
    text = value.text
    if found := re.fullmatch(r'"([^"]*)"', text):
        text = found[1]
    if not text:
        raise Fault("names no address")
    if not value.inside and (comment := re.search(r"\s#.*", text, re.ASCII)):
        value.doubt(
            "ldirectord takes the comment for a part of the address",
            "put the comment into a line of its own",
            comment[0].lstrip(BLANKS),
        )
    return text


def mail_server(value: Value) -> str:
    """A host, by name or IPv4 address."""
    found = re.match(r"[\w.-]+", value.text, re.ASCII)
    if not found:
        raise Fault(
            f"must be a host, not {shown(value.text)}",
            "write a name or an IPv4 address, without quotes",
        )
    leftover(value, found.end())
    return found[0]


def states(value: Value) -> frozenset[DirectorState]:
    """all, none, or some of the states of the daemon, with commas between."""
    text = value.text
    if stripped := re.fullmatch(r"(.*?\S)\s+(#.*)?", text, re.ASCII | re.DOTALL):
        value.doubt(f"{REFUSED}: there is something behind the last state", "end the line there")
        text = stripped[1]
    words = re.split(r"\s*,\s*", text, flags=re.ASCII)
    while words and not words[-1]:
        words.pop()
    known = ["all", "none", *(state.value for state in DirectorState)]
    for word in words:
        if word not in known:
            raise Fault(f"unknown state {shown(word)}", choice(word, known), word)
    if "none" in words and set(words) != {"none"}:
        raise Fault("none does not go with other states", "write none alone, or leave it out")
    if "all" in words:
        return frozenset(DirectorState)
    return frozenset(DirectorState(word) for word in words if word != "none")


def http_method(value: Value) -> HttpMethod:
    """GET or HEAD, in any case."""
    word = _first(value, _WORD)
    try:
        return HttpMethod(word.upper())
    except ValueError:
        raise Fault(
            f"must be GET or HEAD, not {shown(value.text)}", "write GET or HEAD", word
        ) from None


def check_type(value: Value) -> tuple[CheckType, int]:
    """A check type; a number anywhere makes it the N of a combined one."""
    if found := _DIGITS.search(value.text):
        count = _number(value, 0)
        if count == 0:
            value.doubt("0 connects to a negotiate are the same as negotiate", at=found[0])
            return CheckType.NEGOTIATE, 0
        return CheckType.COMBINED, count
    word = _first(value, re.compile(r"[\w-]+", re.ASCII))
    if word not in CHECK_TYPES:
        raise Fault(
            f"unknown check type {shown(word)}", choice(word, [*CHECK_TYPES, "a number"]), word
        )
    return CheckType(word), 0


def word(value: Value) -> str:
    """The first run of letters, digits and `_`."""
    return _first(value, _WORD)


def scheduler(value: Value) -> str:
    """The first run of lower-case letters."""
    found = re.search(r"[a-z]+", value.text)
    if not found:
        near = "".join(re.findall(r"[a-z]+", value.text.lower()))
        raise Fault(
            f"must be lower-case letters, not {shown(value.text)}",
            f"write {near or 'lower-case letters, as wrr'}",
        )
    if found[0] != value.text.strip(BLANKS + '"'):
        value.doubt(f"is read as {found[0]}", "write lower-case letters alone")
    return found[0]


def scheduler_flags(value: Value) -> str:
    """The first run of anything but blanks."""
    found = re.search(r"\S+", value.text, re.ASCII)
    if not found:
        raise Fault("there is nothing behind the =")
    leftover(value, found.end())
    return found[0]


def netmask(value: Value) -> str:
    """A dotted quad for IPv4, 1 to 128 for IPv6, and nothing behind it."""
    text = value.text.rstrip(BLANKS)
    if value.ipv6:
        wish = "must be the length of a prefix, 1 to 128"
        right = re.fullmatch(r"[0-9]{1,4}", text) and 1 <= int(text) <= 128
    else:
        wish = "must be a dotted quad, as 255.255.255.0"
        parts = text.split(".")
        right = len(parts) == 4 and all(
            re.fullmatch(r"[0-9]{1,3}", part) and int(part) < 256 for part in parts
        )
    if not right:
        raise Fault(f"{wish}, not {shown(value.text)}")
    if text != value.text:
        value.doubt(f"{REFUSED}: there is a blank behind the value", f"end the line after {text}")
    return str(int(text)) if value.ipv6 else text


# -- ldirpy's own directives -----------------------------------------------------------------


def statuses(value: Value) -> tuple[tuple[int, int], ...]:
    """HTTP status codes and ranges of them, with commas between."""
    ranges = []
    for part in re.split(r"[,\s]+", value.text.strip(BLANKS + '"'), flags=re.ASCII):
        found = re.fullmatch(r"([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?", part)
        if not found or int(found[2] or found[1]) < int(found[1]):
            raise Fault(
                f"not a status code or a range of them: {shown(part)}", "write 200-299,401", part
            )
        ranges.append((int(found[1]), int(found[2] or found[1])))
    return tuple(ranges)


def header(value: Value) -> tuple[str, str]:
    """`Name: value`, in double quotes or without them."""
    text = value.text.strip(BLANKS)
    if found := _QUOTED.fullmatch(text):
        text = found[1]
    found = re.fullmatch(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)", text)
    if not found or any(char < " " and char != "\t" for char in found[2]):
        raise Fault("must be one header line", 'write "Name: value"')
    return found[1], found[2].strip(BLANKS)


def address(value: Value) -> Address:
    """An IPv4 or IPv6 address."""
    text = value.text.strip(BLANKS + '"')
    try:
        return ip_address(text.removeprefix("[").removesuffix("]").replace("%", "?"))
    except ValueError:
        raise Fault(
            f"must be an address, not {shown(text)}", "write an IPv4 or IPv6 address", text
        ) from None


# -- helpers ---------------------------------------------------------------------------------


def shown(text: str) -> str:
    """A value as it is quoted in a message."""
    text = text.strip(BLANKS)
    return repr(text if len(text) <= 60 else f"{text[:60]}...")


def _first(value: Value, shape: re.Pattern[str]) -> str:
    found = shape.search(value.text)
    if not found:
        raise Fault("there is no word behind the =")
    rest = value.text[: found.start()] + value.text[found.end() :]
    if rest.strip(BLANKS + '"'):
        value.doubt(f"is read as {found[0]}", "leave out the rest of the line")
    return found[0]


def leftover(value: Value, end: int) -> None:
    """Say so if there is more in the line than what counts."""
    rest = value.text[end:].strip(BLANKS)
    if rest and not rest.startswith("#"):
        value.doubt(
            f"what follows has no effect: {shown(rest)}",
            "leave it out",
            rest,
            value.text.rindex(rest),
        )
