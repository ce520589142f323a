"""The door to the parser: a file or a text in, a Config out; what is no text stays out."""

import errno
import os
import re
import stat

import attrs

from ldirpy.config.effective import effective
from ldirpy.config.model import Config
from ldirpy.config.parse import Record, sections, shown
from ldirpy.config.resolve import SystemResolver
from ldirpy.config.warnings import in_the_open, warnings
from ldirpy.errors import ConfigError, Problem

MAX_SIZE = 4 * 1024 * 1024  # bytes; a file of 10,000 real servers has half of one million
MAX_LINE = 64 * 1024  # characters

# A pipe that the caller's shell has opened (`ldirpy check <(...)`) is read; one that lies about
# in the file system might have no writer.
_PIPES = re.compile(r"/dev/stdin|/dev/fd/\d+|/proc/self/fd/\d+")


@attrs.frozen
class Reading:
    """A file as it was read: what it says, and the Config that it means."""

    record: Record
    config: Config

    def quoted(self, problem: Problem) -> Problem:
        """A problem that was found later on, with the text of its line."""
        sections = (section.line for section in self.record.sections)
        for line in (*sections, *(said.line for said in self.record.everything())):
            if line.number == problem.line:
                return attrs.evolve(problem, text=shown(line))
        return problem


def load(path: str | os.PathLike[str]) -> Config:
    """Read a ldirectord.cf.

    Raises OSError if it cannot be read, and ConfigError, with every fault, if it is not right. Host
    names are looked up, which may take the resolver's time.
    """
    return read(path).config


def loads(text: str | bytes, *, path: str = "<string>") -> Config:
    """Read the text of a ldirectord.cf; `path` is what messages call it. Raises ConfigError."""
    return _reading(text, path).config


def read(path: str | os.PathLike[str]) -> Reading:
    """Read a ldirectord.cf as `load` does, and keep the record of what it says."""
    name = os.fspath(path)
    contents, mode = _contents(name)
    return _reading(contents, name, mode)


def _reading(text: str | bytes, path: str, mode: int = 0) -> Reading:
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    _refuse_what_is_no_text(text, path)
    resolver = SystemResolver()
    record = sections(text, path=path, resolver=resolver)
    config = effective(record, resolver)
    found = warnings(record, config)
    if (doubt := in_the_open(record, mode)) is not None:
        found = (doubt, *found)
    return Reading(record, attrs.evolve(config, warnings=found))


def _contents(path: str) -> tuple[bytes, int]:
    """All bytes of a file, and its mode; raises OSError for what is no file, or has no end."""
    # Without O_NONBLOCK, opening a pipe would wait for somebody to write to it.
    pipe = _PIPES.fullmatch(path) is not None
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | (0 if pipe else os.O_NONBLOCK))
    try:
        status = os.fstat(handle)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if not stat.S_ISREG(status.st_mode) and not (pipe and stat.S_ISFIFO(status.st_mode)):
            raise OSError(errno.EINVAL, "Not a regular file", path)
        size, contents = status.st_size, b""
        if size <= MAX_SIZE:
            with open(handle, "rb", closefd=False) as file:
                contents = file.read(MAX_SIZE + 1)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None
    finally:
        os.close(handle)
    if max(size, len(contents)) > MAX_SIZE:
        raise OSError(errno.EFBIG, f"Larger than {MAX_SIZE // 1024 // 1024} MiB", path)
    return contents, stat.S_IMODE(status.st_mode)


def _refuse_what_is_no_text(text: str, path: str) -> None:
    """Raise ConfigError for a NUL and for a line beyond all measure, before anybody parses them."""
    if (at := text.find("\0")) >= 0:
        line = text.count("\n", 0, at) + 1
        message = "this is not a text file: it has a NUL byte"
        raise ConfigError(Problem(path=path, line=line, message=message))
    start, line = 0, 1
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end - start > MAX_LINE:
            message = f"the line has {end - start:,} characters; {MAX_LINE:,} are the most"
            raise ConfigError(Problem(path=path, line=line, message=message))
        start, line = end + 1, line + 1
