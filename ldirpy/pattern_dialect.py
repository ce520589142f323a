r"""From Perl's regular expressions to PCRE2's, where the two read a text differently.

PCRE2 is made to match what Perl matches; this is the rest, found by giving both the same patterns
(compat_tests/perl/patterns.py). `receive` is the text of a variable for Perl, so what Perl does
to a pattern in a program before it is a regular expression (`\Q`, `\L`, `$name`) is not done.
"""

import re

VERBS = frozenset([b"ACCEPT", b"COMMIT", b"F", b"FAIL", b"MARK", b"PRUNE", b"SKIP", b"THEN"])
# Letters that stand for themselves behind a backslash in Perl.
_LITERAL = b"EFIJLMOQTUYijlmquy"
_SETS = b"dDwWsShHvVpPN"  # escapes that stand for several characters

_HEX = re.compile(rb"\\x(?:\{\s*([0-9A-Fa-f]*)\s*\}|([0-9A-Fa-f]{0,2}))|\\N\{U\+([0-9A-Fa-f]+)\}")
_SET = re.compile(rb"\\[pP](?:\{[^}]*\}|.)|\\[dDwWsShHvVN]|\[:\^?\w+:\]", re.DOTALL)
_VERB = re.compile(rb"\(\*([A-Z][A-Z0-9_]*)?")


class Refused(ValueError):
    """What Perl refuses, or cannot be in bytes; `position` is the byte where it stands."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


class Translation:
    """A pattern for PCRE2, and the way back from its places to those of the original."""

    def __init__(self, pattern: bytes) -> None:
        self._source = pattern
        self._out = bytearray()
        self._from: list[int] = []
        self._translate()
        self.pattern = bytes(self._out)

    def original(self, position: int) -> int:
        """The place in the original of a place in `pattern`."""
        return self._from[position] if position < len(self._from) else len(self._source)

    def _put(self, text: bytes, at: int) -> None:
        self._out += text
        self._from += [at] * len(text)

    def _translate(self) -> None:
        source, at = self._source, 0
        fresh = True  # nothing stands here that a {n} could repeat
        while at < len(source):
            start, char = at, source[at : at + 1]
            if char == b"\\":
                at = self._escape(at)
                fresh = False
            elif char == b"[":
                at = self._set(at)
                fresh = False
            elif char == b"(":
                at, fresh = self._group(at), True
            elif char == b"{" and fresh:
                self._put(b"\\{", at)
                at, fresh = at + 1, False
            else:
                self._put(char, at)
                at, fresh = at + 1, char in b"|^"
            assert at > start

    def _group(self, at: int) -> int:
        rest = self._source[at : at + 40]
        if (verb := _VERB.match(rest)) and verb[1] and verb[1] not in VERBS:
            raise Refused(f"unknown verb {verb[1].decode()}", at + 2)
        if rest.startswith(b"(?C"):
            raise Refused("callouts are not of Perl", at + 2)
        if rest.startswith(b"(?#"):
            end = self._source.find(b")", at)
            end = len(self._source) if end < 0 else end
            self._put(self._source[at:end], at)
            return end
        head = rest[:2] if rest[1:2] in (b"?", b"*") else rest[:1]
        self._put(head, at)
        return at + len(head)

    def _escape(self, at: int) -> int:
        """Copy an escape; returns where the next thing starts."""
        if found := _HEX.match(self._source, at):
            digits = found[1] or found[2] or found[3] or b"0"
            value = int(digits, 16)
            if value > 0xFF:
                raise Refused("a character beyond 255 is never in an answer, which is bytes", at)
            self._put(b"\\x%02x" % value, at)
            return found.end()
        letter = self._source[at + 1 : at + 2]
        if letter and letter in _LITERAL:
            self._put(letter, at)
            return at + 2
        self._put(self._source[at : at + 2], at)
        return at + 2

    def _set(self, at: int) -> int:
        """Copy a class in brackets."""
        source = self._source
        self._put(b"[", at)
        at += 1
        if source[at : at + 1] == b"^":
            self._put(b"^", at)
            at += 1
        if source[at : at + 1] in (b"]", b":"):
            # A [: here is a class that begins with a colon.
            self._put(b"\\" + source[at : at + 1], at)
            at += 1
        while at < len(source) and source[at : at + 1] != b"]":
            if found := _SET.match(source, at):
                self._put(found[0], at)
                at = found.end()
                # Behind a set a hyphen is itself.
                if source[at : at + 1] == b"-" and source[at + 1 : at + 2] != b"]":
                    self._put(b"\\-", at)
                    at += 1
            elif source[at : at + 1] == b"\\":
                at = self._escape(at)
            else:
                self._put(source[at : at + 1], at)
                at += 1
        return at
