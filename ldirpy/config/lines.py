"""The lexical rules of ldirectord.cf: from text to numbered lines in their sections.

Source: ldirectord(8), and the running Perl daemon.

1. A global directive starts in column 1. Blank lines and comment lines are skipped.
2. `virtual=` or `virtual6=` opens a section. Within it a `#` starts a comment, even in quotes, a
   tab is four blanks, and a line belongs to it if four blanks or more come before its first word.
3. Any other line ends the section and is read as a global one: a blank line does.
"""

import re
from collections.abc import Iterator

import attrs

_DIRECTIVE = re.compile(r"(?P<name>[a-z]\w*)\s*(?:=\s*(?P<value>.*))?$", re.DOTALL)
_INDENT = 4  # blanks


@attrs.frozen(kw_only=True)
class Line:
    """One directive where it stands; `name` is empty for a line that is none."""

    number: int
    raw: str
    name: str
    value: str
    inside: bool  # of the section of a virtual service


def directives(text: str) -> Iterator[Line]:
    """All lines that say something, in their order."""
    inside = False
    for number, raw in enumerate(text.split("\n"), 1):
        if raw.lstrip().startswith("#"):
            continue
        if inside:
            cut = raw.partition("#")[0].replace("\t", " " * _INDENT)
            word = cut.lstrip(" ")
            # Blanks alone, more than the indent, are text to the Perl daemon, and an error.
            if cut.startswith(" " * _INDENT) and len(cut) > _INDENT:
                yield _line(number, raw, word, inside=True)
                continue
            inside = False
        if not raw.strip():
            continue
        line = _line(number, raw, raw, inside=False)
        inside = line.name in ("virtual", "virtual6")
        yield line


def _line(number: int, raw: str, text: str, *, inside: bool) -> Line:
    found = _DIRECTIVE.match(text)
    name, value = (found["name"], found["value"] or "") if found else ("", text)
    return Line(number=number, raw=raw, name=name, value=value, inside=inside)
