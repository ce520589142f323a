"""docs/deviations.md: each difference stands there once, with a test or scenario that shows it."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "deviations.md").read_text()
SECTIONS = re.findall(r"^### (.+)\n((?:(?!##).*\n?)*)", PAGE, re.MULTILINE)
SOURCES = "\n".join(path.read_text() for path in (PROJECT / "compat_tests").rglob("*.py"))


def test_names_are_unique() -> None:
    """No name stands twice."""
    names = [name for name, _ in SECTIONS]
    assert sorted(set(names)) == sorted(names)
    assert len(names) > 50


@pytest.mark.parametrize(("name", "text"), SECTIONS, ids=[name for name, _ in SECTIONS])
def test_each_is_shown(name: str, text: str) -> None:
    """Its text names a test that exists, or a scenario refers to it by its name."""
    tests = re.findall(r"`(test_\w+)`", text)
    assert tests or f'"{name}"' in SOURCES, "no test is named"
    assert [test for test in tests if f"def {test}(" not in SOURCES] == []
