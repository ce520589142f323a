"""The command `ldirpy`: words and exit codes; the work is done elsewhere.

Exit codes: 0 done, 1 a file or IPVS that is not there, 2 a configuration error, 64 wrong usage.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from ldirpy._version import __version__
from ldirpy.errors import ConfigError, IpvsError

USAGE_ERROR = 64  # EX_USAGE of sysexits.h; 1 and 2 have their own meaning


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE_ERROR, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code and lets no traceback out for anything expected."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _direct(words)
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


def _direct(words: list[str]) -> int:
    parser = _Parser(
        prog="ldirpy",
        description="Check real servers and keep the kernel's IPVS table right.",
    )
    parser.add_argument("-f", "--file", metavar="FILE", required=True, help="the ldirectord.cf")
    parser.add_argument(
        "--ipvs",
        choices=["kernel", "memory"],
        default="kernel",
        help="whose table to keep: the kernel's (default), or one in memory that is printed at "
        "each change, for a rehearsal with real checks",
    )
    parser.add_argument("-t", "--test", action="store_true", help="only check FILE and exit")
    parser.add_argument("-d", "--debug", action="store_true", help="log each check's result")
    parser.add_argument("-v", "--version", action="version", version=f"ldirpy {__version__}")
    options = parser.parse_args(words)

    import asyncio
    from pathlib import Path

    from ldirpy.assignments import assign
    from ldirpy.config.load import load
    from ldirpy.daemon import foreground

    config = load(options.file)
    if options.test:
        assign(config)
        print(f"{options.file}: {len(config.virtuals)} virtual services, no errors")
        return 0
    foreground.log_to_stderr(Path(options.file).name, debug=options.debug)
    if options.ipvs == "memory":
        from ldirpy.ipvs.memory import MemoryTable
        from ldirpy.ipvs.text import listing

        run = foreground.run(
            options.file,
            config,
            MemoryTable(),
            on_change=lambda table: print(listing(table), end="\n\n", flush=True),
        )
    else:
        from ldirpy.ipvs.netlink import KernelTable

        run = foreground.run(options.file, config, KernelTable())
    asyncio.run(run)
    return 0
