"""`ldirpy show FILE`: what a file means, with every default, override and name settled."""

import json
import os
import sys
from collections.abc import Sequence
from typing import TextIO

from ldirpy.commands.usage import Parser


def run(words: Sequence[str]) -> int:
    """Print the effective configuration; a fault of the file is the caller's to tell."""
    parser = Parser(
        prog="ldirpy show",
        description="Show what FILE means: the values that take effect, each with the line it "
        "comes from.",
    )
    parser.add_argument("file", metavar="FILE", help="the ldirectord.cf")
    parser.add_argument("--json", action="store_true", help="for machines: one JSON object")
    parser.add_argument("--secrets", action="store_true", help="show passwd and secret too")
    options = parser.parse_args(words)

    from ldirpy.commands import effective
    from ldirpy.config.load import load

    config = load(options.file)
    if options.json:
        print(json.dumps(effective.data(config, secrets=options.secrets), indent=2))
    else:
        colour = wants_colour(sys.stdout)
        for line in effective.lines(config, secrets=options.secrets, colour=colour):
            print(line)
    return 0


def wants_colour(stream: TextIO) -> bool:
    """Whether colour is for a person's eyes, who has not said no (https://no-color.org)."""
    dumb = os.environ.get("TERM", "dumb") == "dumb"
    return stream.isatty() and not dumb and not os.environ.get("NO_COLOR")
