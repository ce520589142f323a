"""docs/configuration.md has every directive of the parser, and no other."""

import re
from pathlib import Path

from ldirpy.config import text
from ldirpy.config.directives import DIRECTIVES, Scope

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"
OPENERS = {"virtual", "virtual6"}
PLACES = {Scope.GLOBAL: "Global", Scope.VIRTUAL: "In a section", Scope.BOTH: "In both"}


def entries() -> dict[str, tuple[str, bool]]:
    """Each directive of the page: the place its entry names, and whether it is ldirpy's own."""
    found = re.findall(r"^### (.+)\n\*\*(.+?)\*\*(.*)", PAGE.read_text(), re.MULTILINE)
    return {
        name: (place, "**ldirpy**" in rest)
        for names, place, rest in found
        for name in re.findall(r"`(\w+)`", names)
    }


def test_every_directive_has_its_entry() -> None:
    """Neither the parser nor the page knows a directive that the other does not."""
    assert entries().keys() == DIRECTIVES.keys()


def test_the_entry_is_right() -> None:
    """The page says where the parser takes a directive, and which ones are ldirpy's own."""
    wanted = {name: (PLACES[row.scope], row.extension) for name, row in DIRECTIVES.items()}
    wanted |= dict.fromkeys(OPENERS, ("Opens a section", False))

    assert entries() == wanted


def test_every_directive_is_written() -> None:
    """Config.to_text and `ldirpy show` know the directives that the parser knows."""
    servers = OPENERS | {"real", "real6"}
    outside = {
        name for name, row in DIRECTIVES.items() if Scope.GLOBAL in row.scope and not row.extension
    }
    inside = {name for name, row in DIRECTIVES.items() if Scope.VIRTUAL in row.scope}

    assert set(text.GLOBAL) == outside - servers
    assert set(text.SECTION) == inside - servers - {"fallback6"}


def test_what_differs_is_there() -> None:
    """Each link from a page to a deviation leads to one."""
    docs = PAGE.parent
    named = set(re.findall(r"^### (\S+)", (docs / "deviations.md").read_text(), re.MULTILINE))
    pages = "".join(page.read_text() for page in docs.glob("*.md"))

    assert set(re.findall(r"deviations\.md#([\w-]+)", pages)) - named == set()
