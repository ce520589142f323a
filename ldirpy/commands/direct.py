"""`ldirpy -f FILE`: direct in the foreground, or only look whether FILE is all right."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from ldirpy._version import __version__
from ldirpy.commands.usage import Parser


def run(words: Sequence[str]) -> int:
    """Direct until a signal ends it."""
    parser = Parser(
        prog="ldirpy",
        description="Check real servers and keep the kernel's IPVS table right.",
    )
    parser.add_argument("-f", "--file", metavar="FILE", help="the ldirectord.cf")
    parser.add_argument("path", metavar="FILE", nargs="?", help="with -t: the same")
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

    if options.test:
        from ldirpy.commands import check

        if (options.file is None) is (options.path is None):
            parser.error("-t wants one FILE")
        return check.report(check.verdict(options.file or options.path))
    if options.file is None or options.path is not None:
        parser.error("write -f FILE")

    from ldirpy.config.load import load
    from ldirpy.daemon import foreground, logs

    config = load(options.file)
    log = logs.log_to_stderr(Path(options.file).name, debug=options.debug)
    if options.ipvs == "memory":
        from ldirpy.ipvs.memory import MemoryTable
        from ldirpy.ipvs.text import listing

        directing = foreground.run(
            options.file,
            config,
            MemoryTable(),
            on_change=lambda table: print(listing(table), end="\n\n", flush=True),
        )
    else:
        from ldirpy.ipvs.netlink import KernelTable

        directing = foreground.run(options.file, config, KernelTable())
    try:
        asyncio.run(directing)
    finally:
        log.close()
    return 0
