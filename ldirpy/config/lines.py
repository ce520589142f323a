"""The lexical rules of ldirectord.cf: from text to numbered lines in their sections.

Source: ldirectord(8), and the running Perl daemon.

1. A global directive starts in column 1. Blank lines and comment lines are skipped; a comment
   behind a value is part of it.
2. `virtual=` or `virtual6=` opens a section. Within it a `#` starts a comment, even in quotes, a
   tab is four blanks, and a line belongs to it if four blanks or more come before something.
3. Any other line ends the section and is read as a global one: a blank line does.
4. All of this is about bytes: what is a blank or a letter in Unicode only is neither.
"""

import re
from collections.abc import Iterator

import attrs

BLANKS = " \t\r\f\v"
INDENT = 4  # blanks, and what a tab counts

_DIRECTIVE = re.compile(r"(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>.*)", re.ASCII | re.DOTALL)
_BARE = re.compile(r"[A-Za-z_]\w*(?=\s*$)", re.ASCII)
_INSIDE = re.compile(f" {{{INDENT}}} *(?=[^ ])")
_OPENS = re.compile(r"virtual6?\s*=", re.ASCII)


@attrs.frozen(kw_only=True)
class Line:
    """One line that says something, where it stands.

    `name` is empty for a line that is no directive, `value` is None for a name without `=`.
    """

    number: int
    raw: str
    name: str
    value: str | None
    start: int  # where the value starts in the line, its tabs spread if it is inside
    inside: bool  # of the section of a virtual service

    @property
    def comment(self) -> str:
        """What was cut from a line of a section, from the `#` on."""
        _, mark, words = self.raw.partition("#") if self.inside else ("", "", "")
        return mark + words

    def column(self, offset: int) -> int:
        """The column, from 1, of a place in the value."""
        wanted = self.start + offset
        if not self.inside or "\t" not in self.raw:
            return wanted + 1
        at = 0
        for index, char in enumerate(self.raw):
            if at >= wanted:
                return index + 1
            at += INDENT if char == "\t" else 1
        return len(self.raw) + 1


@attrs.frozen
class SectionEnd:
    """The end of a section; `number` is the line that Perl's daemon is at when it sees it."""

    number: int
    end_of_file: bool = False


def directives(text: str) -> Iterator[Line | SectionEnd]:
    """All lines that say something and the ends of the sections, in their order."""
    inside = False
    number = 0
    rows = text.split("\n")
    if rows[-1] == "":
        rows.pop()
    for number, raw in enumerate(rows, 1):
        if raw.lstrip(BLANKS).startswith("#"):
            continue
        if inside:
            cut = raw.partition("#")[0].replace("\t", " " * INDENT)
            # Blanks alone, more than the indent, are text to Perl's daemon, and an error.
            if _INSIDE.match(cut) or (len(cut) > INDENT and not cut.strip(" ")):
                yield _line(number, raw, cut, inside=True)
                continue
            inside = False
            yield SectionEnd(number)
        if raw.strip(BLANKS):
            yield _line(number, raw, raw, inside=False)
            inside = _OPENS.match(raw) is not None
    if inside:
        yield SectionEnd(number, end_of_file=True)


def _line(number: int, raw: str, text: str, *, inside: bool) -> Line:
    at = len(text) - len(text.lstrip(" ")) if inside else 0
    name, value, start = "", None, at
    if found := _DIRECTIVE.match(text, at):
        name, value, start = found["name"], found["value"], found.start("value")
    elif found := _BARE.match(text, at):
        name, start = found[0], found.start()
    return Line(number=number, raw=raw, name=name, value=value, start=start, inside=inside)
