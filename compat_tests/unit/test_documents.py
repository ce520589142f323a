"""The examples in the documents run, and print what the document says."""

import re
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/library.md")
# Nothing is sent to its servers (checktype=on).
FILE = """\
checktimeout=3
checkinterval=5

virtual=192.0.2.10:80
    real=10.0.0.1:80 gate
    real=10.0.0.2:80 gate
    checktype=on
"""


@attrs.frozen
class Example:
    """A block of Python in a document, and the block of text behind it, if there is one."""

    place: str
    code: str
    output: str | None


def examples() -> list[Example]:
    """All Python blocks of the pages."""
    found = []
    for page in PAGES:
        text = (ROOT / page).read_text()
        for block in re.finditer(r"```python\n(.*?)```\n(?:```text\n(.*?)```)?", text, re.DOTALL):
            line = text.count("\n", 0, block.start()) + 1
            found.append(Example(f"{page}:{line}", block[1], block[2]))
    return found


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.place)
def test_an_example_runs(example: Example, tmp_path: Path) -> None:
    """Each example runs as it stands, next to a ldirectord.cf, and prints what is said."""
    (tmp_path / "ldirectord.cf").write_text(FILE)
    code = example.code.replace("/etc/ha.d/ldirectord.cf", "ldirectord.cf")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    if example.output is not None:
        assert done.stdout == example.output


MIGRATION = (ROOT / "docs" / "migration.md").read_text()


def test_the_outputs_of_the_migration_guide(tmp_path: Path) -> None:
    """Each command of docs/migration.md on its web.cf prints what the page shows."""
    found = re.search(r"```cf\n(.*?)```", MIGRATION, re.DOTALL)
    assert found is not None
    web = found[1]
    good = web.replace("mask", "masq").replace("sheduler", "scheduler").replace("yes ", "yes")
    https = "checktype=negotiate\n    service=https\n    verify=yes"
    (tmp_path / "web.cf").write_text(web)
    (tmp_path / "good.cf").write_text(good)
    (tmp_path / "new.cf").write_text(good.replace("checktype=connect", https))
    blocks = re.findall(r"```console\n\$ (ldirpy [^\n]*)\n(.*?)```", MIGRATION, re.DOTALL)

    assert len(blocks) == 4
    for command, output in blocks:
        ours = command.replace("ldirpy", f"{sys.executable} -m ldirpy", 1)
        done = subprocess.run(
            ["sh", "-c", f"exec 2>&1; {ours}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == output, command
