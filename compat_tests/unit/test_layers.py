"""Imports go down only: docs/architecture.md, section "Layers"."""

import ast
from pathlib import Path

import ldirpy

PACKAGE = Path(ldirpy.__file__).parent

# From the ground up. A module may import those of its own layer and of the layers before it; the
# first name that fits counts.
LAYERS = [
    ["ldirpy._version", "ldirpy.errors", "ldirpy.net"],
    [
        "ldirpy.config.fields",
        "ldirpy.config.model",
        "ldirpy.config.text",
        "ldirpy.ipvs.model",
        "ldirpy.ipvs.refusals",
        "ldirpy.ipvs.text",
    ],
    [
        "ldirpy.desired",
        "ldirpy.reconcile",
        "ldirpy.health",
        "ldirpy.pattern",
        "ldirpy.alerts",
        "ldirpy.maintenance",
        "ldirpy.pattern_dialect",
        "ldirpy.pattern_process",
    ],
    ["ldirpy.config", "ldirpy.ipvs", "ldirpy.checkers", "ldirpy.mail"],
    ["ldirpy.assignments", "ldirpy.probe"],
    ["ldirpy.daemon"],
    ["ldirpy.commands", "ldirpy.cli", "ldirpy.demo", "ldirpy.ldirectord", "ldirpy.__main__"],
]

# Neighbours at the edge do not know each other.
STRANGERS = [("ldirpy.checkers", "ldirpy.ipvs"), ("ldirpy.ipvs", "ldirpy.checkers")]

# Who alone may import which library.
OWNERS = {
    "pyroute2": {"ldirpy.ipvs.netlink"},
    "pcre2": {"ldirpy.pattern", "ldirpy.pattern_process"},
}


def modules() -> dict[str, Path]:
    names = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        names[".".join(parts).removesuffix(".__init__")] = path
    return names


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def within(name: str, place: str) -> bool:
    return name == place or name.startswith(f"{place}.")


def layer(name: str) -> int:
    for number, places in enumerate(LAYERS):
        if any(within(name, place) for place in places):
            return number
    raise AssertionError(f"{name} is in no layer: give it one, here and in docs/architecture.md")


def test_imports_go_down_only() -> None:
    """No module imports one of a layer above its own."""
    known = modules()
    wrong = [
        f"{name} imports {wanted}"
        for name, path in known.items()
        if name != "ldirpy"  # the public names, imported lazily
        for wanted in imports(path) & known.keys() - {"ldirpy"}
        if layer(wanted) > layer(name)
        or any(within(name, one) and within(wanted, other) for one, other in STRANGERS)
    ]

    assert wrong == []


def test_libraries_have_one_door() -> None:
    """pyroute2 and PCRE2 are known to one module each."""
    wrong = [
        f"{name} imports {wanted}"
        for name, path in modules().items()
        for wanted in imports(path)
        for library, owners in OWNERS.items()
        if within(wanted, library) and name not in owners
    ]

    assert wrong == []


def test_the_rule_can_fail() -> None:
    """An import from below to above would be seen."""
    assert layer("ldirpy.cli") > layer("ldirpy.daemon.director") > layer("ldirpy.health")
    assert layer("ldirpy.checkers.http") > layer("ldirpy.net")


def test_public_names() -> None:
    """Every name that the package announces exists and has a docstring."""
    for name in ldirpy.__all__:
        value = getattr(ldirpy, name)
        assert name == "__version__" or (value.__doc__ or "").strip(), name
