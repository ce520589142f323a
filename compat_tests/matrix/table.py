"""The matrix as it is kept in docs/check-matrix.md, and the explanations of its differences."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path

import attrs

from compat_tests.matrix.cells import CONDITIONS, TIMEOUT, Service, services
from compat_tests.matrix.conditions import probe_of, real_servers, seen_by_ldirpy, server_of
from compat_tests.matrix.perl import Seen, seen_by_perl

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = ROOT / "docs" / "check-matrix.md"
AT_A_TIME = {"ldirpy": 12, "Perl": 6}  # checks; more of them would slow each other down

# Where the verdicts differ, the entry of docs/deviations.md that says why: for a verdict of Perl's,
# for a service, and for one condition of it.
EXPLAINED = {
    "hangs": "whole-checks-have-a-deadline",
    "dies": "missing-library",
    "ftp without receive": "ftp-without-receive",
    ("https", "healthy"): "certificates",
    ("pops", "healthy"): "certificates",
    ("imap", "healthy"): "imap-port",
    ("imaps", "healthy"): "imap-port",
    ("nntp", "drip"): "nntp-greeting",
}


@attrs.frozen
class Cell:
    """A service in a condition, and what both daemons say; Perl's is None if it was not asked."""

    service: str
    condition: str
    perl: Seen | None
    ldirpy: Seen

    @property
    def differs(self) -> bool:
        return self.perl is not None and self.perl.verdict != self.ldirpy.verdict

    @property
    def reason(self) -> str:
        """Why the verdicts differ, "?" if that is not known."""
        if self.perl is None or not self.differs:
            return ""
        for key in ((self.service, self.condition), self.perl.verdict, self.service):
            if key in EXPLAINED:
                return EXPLAINED[key]
        return "?"


HEAD = f"""# Both daemons, every service, every condition

Perl's ldirectord and ldirpy check the same servers, each check with a time-out of {TIMEOUT} s.
Written by `python -m compat_tests.matrix`; a test of it says when the verdicts are no longer these.

- *healthy*, *wrong answer* and *wrong password* are real server software: nginx, squid, proftpd,
  postfix, dovecot, leafnode, slapd, bind, MariaDB, PostgreSQL, FreeRADIUS and kamailio. Oracle has
  no free server.
- *refused*: nobody listens. *black hole*: packets are swallowed. *silent*: connections are
  accepted, and that is all. *drip*: a plausible answer, one byte every 0.3 s. *garbage*: nonsense
  without end. *reset*: the connection is reset. Services over TLS have these inside TLS; *broken
  TLS* is a server that speaks none.
- *hangs*: no verdict in 10 s. *dies*: the check ends the daemon. Seconds are of one run.

| service | condition | Perl | s | ldirpy | s | difference |
|---|---|---|---|---|---|---|
"""


async def run(conditions_for_perl: Collection[str] = CONDITIONS) -> list[Cell]:
    """All cells; the Perl daemon is asked in some conditions only."""
    with real_servers() as ports:
        cells = [
            (row, condition)
            for row in services(ports["http"])
            for condition in CONDITIONS
            if row.has(condition)
        ]

        async def all_of(
            daemon: str, see: Callable[[str], Awaitable[Seen]], conditions: Collection[str]
        ) -> list[Seen | None]:
            turn = asyncio.Semaphore(AT_A_TIME[daemon])

            async def one(row: Service, condition: str) -> Seen | None:
                if condition not in conditions:
                    return None
                async with turn, server_of(row, condition, ports) as port:
                    return await see(row.section(condition, port))

            return await asyncio.gather(*(one(row, condition) for row, condition in cells))

        # One daemon after the other, and libraries loaded before, so that the times are its own.
        for row, condition in cells:
            probe_of(row.section(condition, 1))
        ours = await all_of("ldirpy", seen_by_ldirpy, CONDITIONS)
        perls = await all_of("Perl", seen_by_perl, conditions_for_perl)
        return [
            Cell(row.name, condition, perl, our)
            for (row, condition), perl, our in zip(cells, perls, ours, strict=True)
            if our is not None
        ]


def line(cell: Cell) -> str:
    """A row of the table."""
    perl = (cell.perl.verdict, f"{cell.perl.seconds:.1f}") if cell.perl else ("", "")
    ours = cell.ldirpy.verdict, f"{cell.ldirpy.seconds:.1f}"
    return "| " + " | ".join((cell.service, cell.condition, *perl, *ours, cell.reason)) + " |"


def kept() -> dict[tuple[str, str], tuple[str, str]]:
    """The verdicts, Perl's and ldirpy's, that the document holds for each cell."""
    lines = DOCUMENT.read_text().removeprefix(HEAD).splitlines()
    rows = [[field.strip() for field in text.split("|")[1:-1]] for text in lines]
    return {(row[0], row[1]): (row[2], row[4]) for row in rows}
