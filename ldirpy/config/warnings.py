"""What is legal in a file and probably not meant: a pure look at the record and its Config."""

from ldirpy.config.model import Config
from ldirpy.config.parse import Record
from ldirpy.errors import Problem


def warnings(record: Record, config: Config) -> tuple[Problem, ...]:
    """All that a careful reader would point out, in the order of the lines."""
    return tuple(sorted(record.doubts, key=lambda problem: problem.line))
