"""ldirpy and the Perl ldirectord, given the same configuration and the same troubles."""

import re
from pathlib import Path

import pytest

from .run import Run, Verdict
from .scenarios import SCENARIOS

pytestmark = pytest.mark.kernel

LEAST_TABLES = 60
DEVIATIONS = Path(__file__).parents[2] / "docs" / "deviations.md"


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str, verdict: Verdict) -> None:
    """Both directors have the same table after every step, and the right servers answer."""
    if verdict.failure:
        pytest.fail(f"{name}: {verdict.failure}", pytrace=False)


def test_enough_tables_compared(run: Run) -> None:
    """The comparison is a broad one."""
    assert run.compared >= LEAST_TABLES


@pytest.mark.parametrize(
    "deviation",
    sorted({step.deviation for one in SCENARIOS.values() for step in one.steps if step.deviation}),
)
def test_deviation_is_documented(deviation: str) -> None:
    """A difference that a scenario allows has its heading in docs/deviations.md."""
    headings = re.findall(r"^#+ (.+)$", DEVIATIONS.read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}
    explicit = set(re.findall(r'<a (?:id|name)="([^"]+)"', DEVIATIONS.read_text()))
    assert deviation in anchors | explicit
