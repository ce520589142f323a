"""The matrix of checks: every service in every condition, with the Perl daemon as judge.

With LDIRPY_MATRIX=full in the environment the Perl daemon is asked everywhere, which takes minutes.
"""

import asyncio
import os
import re

import pytest

from compat_tests.checkers.peers import GRACE
from compat_tests.matrix.cells import CONDITIONS, TIMEOUT
from compat_tests.matrix.table import DOCUMENT, ROOT, kept, line, run

# Those that take the Perl daemon no time.
QUICK = ("healthy", "wrong answer", "wrong password", "refused")


@pytest.mark.perl
@pytest.mark.servers
def test_the_matrix_holds() -> None:
    """Both daemons' verdicts are those of docs/check-matrix.md, and ldirpy's all come in time."""
    full = os.environ.get("LDIRPY_MATRIX") == "full"
    cells = asyncio.run(run(CONDITIONS if full else QUICK))
    before = kept()

    assert {(cell.service, cell.condition) for cell in cells} == set(before)
    stale = [
        line(cell)
        for cell in cells
        if cell.ldirpy.verdict != before[cell.service, cell.condition][1]
        or (cell.perl and cell.perl.verdict != before[cell.service, cell.condition][0])
    ]
    assert not stale, "write the matrix anew: python -m compat_tests.matrix"
    late = [line(cell) for cell in cells if cell.ldirpy.seconds > TIMEOUT + GRACE]
    assert not late


def test_every_difference_is_explained() -> None:
    """Where the document has two verdicts, it names the deviation that is the reason."""
    deviations = set(re.findall(r"^### (.*)$", (ROOT / "docs/deviations.md").read_text(), re.M))
    rows = [text.split("|") for text in DOCUMENT.read_text().splitlines() if text.count("|") == 8]
    differing = [row for row in rows[2:] if row[3] != row[5]]

    assert differing
    assert {row[7].strip() for row in differing} <= deviations
