"""Every error that ldirpy raises on purpose; whatever else escapes is a bug of ours."""

from collections.abc import Sequence

import attrs


class LdirpyError(Exception):
    """Root of ldirpy's own exceptions."""


@attrs.frozen(kw_only=True)
class Problem:
    """One thing wrong, or doubtful, in a configuration file.

    `line` and `column` count from 1; 0 means that the place is not known. `text` is the raw
    line, `hint` what to write instead.
    """

    path: str
    line: int
    message: str
    column: int = 0
    length: int = 1
    text: str = ""
    hint: str = ""

    def __str__(self) -> str:
        return "\n".join(part for part in (self.headline(), self.excerpt(), self.advice()) if part)

    def headline(self) -> str:
        """`path:line:column: message`, the form that editors jump to."""
        place = [self.path]
        if self.line:
            place.append(str(self.line))
            if self.column:
                place.append(str(self.column))
        return f"{':'.join(place)}: {self.message}"

    def as_ldirectord(self, kind: str, pid: int) -> str:
        """All of it behind a headline as Perl's ldirectord has it; `kind` is Error or Warning."""
        headline = f"{kind} [{pid}] reading file {self.path} at line {self.line}: {self.message}"
        return "\n".join(part for part in (headline, self.excerpt(), self.advice()) if part)

    def excerpt(self) -> str:
        """The line as it stands with a caret below the fault, or nothing."""
        if not self.text:
            return ""
        shown, column = self.text.rstrip("\r\n"), self.column
        # A line of many kilobytes would drown the message: show the part around the fault.
        if len(shown) > MAX_EXCERPT:
            start = max(0, min(column - MAX_EXCERPT // 2, len(shown) - MAX_EXCERPT))
            shown, column = shown[start : start + MAX_EXCERPT], max(column - start, 0)
        printable = "".join(char if char.isprintable() else " " for char in shown)
        if not column:
            return f"    {printable}"
        carets = "^" * max(1, min(self.length, len(shown) - column + 1))
        return f"    {printable}\n    {' ' * (column - 1)}{carets}"

    def advice(self) -> str:
        """What to write instead, or nothing."""
        return f"    {self.hint}" if self.hint else ""


MAX_EXCERPT = 160  # columns of a line that are quoted in a message


class ConfigError(LdirpyError):
    """A configuration that cannot be used; `problems` holds every fault that was found.

    `path`, `line` and `message` are those of the first one, which is where Perl's parser stops.
    `warnings` is what was doubtful besides.
    """

    def __init__(
        self, problems: Problem | Sequence[Problem], warnings: Sequence[Problem] = ()
    ) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        self.warnings = tuple(warnings)
        super().__init__(self.problems)

    @property
    def path(self) -> str:
        return self.problems[0].path

    @property
    def line(self) -> int:
        return self.problems[0].line

    @property
    def message(self) -> str:
        return self.problems[0].message

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class IpvsError(LdirpyError):
    """The kernel refused an operation, or its IPVS cannot be reached.

    `errno` is the kernel's number, 0 if there was none.
    """

    def __init__(self, message: str, *, errno: int = 0) -> None:
        super().__init__(message)
        self.errno = errno


class CheckFailed(LdirpyError):
    """A check's verdict "down"; the text says what happened, in the operator's words."""


class NoVerdict(LdirpyError):
    """A check that this machine could not carry out, which says nothing about the real server."""


class MailError(LdirpyError):
    """A mail that was not taken; `partly` if it was for some of its recipients."""

    def __init__(self, message: str, *, partly: bool = False) -> None:
        super().__init__(message)
        self.partly = partly
