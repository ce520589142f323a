"""What a parser of values says: what is wrong or doubtful, and what to write instead."""

from collections.abc import Iterable

import attrs

REFUSED = "ldirectord refuses this"  # of what ldirpy can read and Perl's daemon cannot


class Fault(Exception):
    """A value that cannot be used, or a doubt about one.

    `at` is the text at fault, for the caret; `offset` is its place in the value, if `at` alone
    would not tell. What is `late` is seen by Perl's daemon when the section ends.
    """

    def __init__(self, message: str, hint: str = "", at: str = "", offset: int = -1) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.at = at
        self.offset = offset
        self.late = False


@attrs.frozen
class Value:
    """The text behind a `=`, where it stands, and the doubts that came up while it was read."""

    text: str
    inside: bool = False
    ipv6: bool = False
    comment: str = ""  # what was cut from the line
    doubts: list[Fault] = attrs.field(factory=list)

    def doubt(self, message: str, hint: str = "", at: str = "", offset: int = -1) -> None:
        """Note what is legal, or can be read, and probably not meant so."""
        self.doubts.append(Fault(message, hint, at, offset))


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, or an empty text."""
    import difflib  # few files need it

    found = difflib.get_close_matches(word.strip("\"' ").lower(), list(known), 1, cutoff=0.7)
    return found[0] if found else ""


def choice(word: str, known: Iterable[str]) -> str:
    """Advice for a word that is none of the known ones."""
    several = list(known)
    near = nearest(word, several)
    words = ", ".join(several[:-1]) + f" or {several[-1]}"
    return f"did you mean {near}? It must be {words}" if near else f"write {words}"
