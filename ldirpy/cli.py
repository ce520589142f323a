"""The command `ldirpy`: finds the command that is meant, and turns errors into exit codes.

Exit codes: 0 done, 1 a file or IPVS that is not there, 2 a configuration error, 64 wrong usage; 3
and 255 have their meaning in the command line of ldirectord.
"""

import importlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ldirpy.commands import COMMANDS
from ldirpy.errors import ConfigError, IpvsError

PIPE_CLOSED = 141  # as a shell tells the end by SIGPIPE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code and lets no traceback out for anything expected."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    module = "ldirpy.commands.ldirectord"
    # Called by the name of Perl's daemon it has that command line only: a configuration may have
    # the name of one of our commands.
    called_as = Path(sys.argv[0]).stem
    if called_as != "ldirectord" and words and words[0] in COMMANDS:
        module = COMMANDS[words.pop(0)]
    # A file may hold bytes that are no text in this locale: they are shown, not stumbled over.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code: int = importlib.import_module(module).run(words)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader of a pipe has seen enough (`| head`). Nothing more is written to it, at exit
        # neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except FileNotFoundError as error:
        print(f"Config file {error.filename} not found", file=sys.stderr)
        return 1
    except IpvsError as error:
        print(f"ldirpy: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"ldirpy: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
