"""The door to the parser: a file or a text in, a Config out."""

import os
from pathlib import Path

from ldirpy.config.model import Config
from ldirpy.config.parse import parse
from ldirpy.config.resolve import SystemResolver


def load(path: str | os.PathLike[str]) -> Config:
    """Read a ldirectord.cf.

    Raises OSError if it cannot be read, and ConfigError, with every fault, if it is not right. Host
    names are looked up, which may take the resolver's time.
    """
    return loads(Path(path).read_bytes(), path=os.fspath(path))


def loads(text: str | bytes, *, path: str = "<string>") -> Config:
    """Read the text of a ldirectord.cf; `path` is what messages call it. Raises ConfigError."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    return parse(text, path=path, resolver=SystemResolver())
