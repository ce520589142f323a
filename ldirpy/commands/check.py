"""`ldirpy check FILE`: tell whether a ldirectord.cf is right, all that is wrong, and what is odd.

Exit codes: 0 it can be used, 1 no such file, 2 it has errors, 64 wrong usage.
"""

import json
import sys
from collections.abc import Sequence

import attrs

from ldirpy.commands.usage import Parser
from ldirpy.errors import ConfigError, Problem

CONFIGURATION_ERROR = 2


@attrs.define
class Verdict:
    """What became of a look at one file."""

    path: str
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    virtuals: int = 0
    reals: int = 0


def run(words: Sequence[str]) -> int:
    """Check a file and tell the outcome to people or, as JSON, to programs."""
    parser = Parser(
        prog="ldirpy check",
        description="Tell whether a configuration is right: all errors and warnings, each with its "
        "line. Exit code: 0 no errors, 1 no such file, 2 errors.",
    )
    parser.add_argument("file", metavar="FILE", help="the ldirectord.cf")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--perl", action="store_true", help="warn about what Perl's ldirectord does not know"
    )
    options = parser.parse_args(words)
    return report(verdict(options.file, perl=options.perl), as_json=options.json)


def verdict(path: str, *, perl: bool = False) -> Verdict:
    """Read a file and look whether all of it can be checked and put into IPVS.

    Raises OSError if it cannot be read.
    """
    from ldirpy.assignments import verify
    from ldirpy.config.load import read
    from ldirpy.config.warnings import refused_by_perl

    try:
        reading = read(path)
    except ConfigError as error:
        return Verdict(path, errors=error.problems, warnings=error.warnings)
    config = reading.config
    found = Verdict(
        path,
        warnings=config.warnings,
        virtuals=len(config.virtuals),
        reals=sum(len(virtual.reals) for virtual in config.virtuals),
    )
    if perl:
        both = (*config.warnings, *refused_by_perl(reading.record))
        found.warnings = tuple(sorted(both, key=lambda problem: problem.line))
    try:
        verify(config)
    except ConfigError as error:
        found.errors = tuple(map(reading.quoted, error.problems))
    return found


def report(found: Verdict, *, as_json: bool = False) -> int:
    """Print what was found and return the exit code."""
    if as_json:
        print(json.dumps(_as_json(found), indent=2))
        return CONFIGURATION_ERROR if found.errors else 0
    for warning in found.warnings:
        print(attrs.evolve(warning, message=f"warning: {warning.message}"), file=sys.stderr)
    for error in found.errors:
        print(attrs.evolve(error, message=f"error: {error.message}"), file=sys.stderr)
    odd = _count(len(found.warnings), "warning")
    if found.errors:
        print(f"{found.path}: {_count(len(found.errors), 'error')}, {odd}", file=sys.stderr)
        return CONFIGURATION_ERROR
    print(
        f"{found.path}: {_count(found.virtuals, 'virtual service')} with "
        f"{_count(found.reals, 'real server')}, no errors, {odd}"
    )
    return 0


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def _as_json(found: Verdict) -> dict[str, object]:
    return {
        "path": found.path,
        "ok": not found.errors,
        "virtuals": found.virtuals,
        "reals": found.reals,
        "errors": list(map(_entry, found.errors)),
        "warnings": list(map(_entry, found.warnings)),
    }


def _entry(problem: Problem) -> dict[str, object]:
    return {name: getattr(problem, name) for name in ("path", "line", "column", "message", "hint")}
