"""`ldirpy check`: the exit code, what people see, and what programs get."""

import json
from pathlib import Path

import pytest

from ldirpy.cli import main

GOOD = "quiescent=no\nvirtual=192.0.2.1:80\n    real=192.0.2.2->192.0.2.4:80 gate\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that is right and has nothing odd."""
    path = tmp_path / "a.cf"
    path.write_text(GOOD)
    return path


def test_a_good_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says how much there is."""
    assert main(["check", str(file)]) == 0
    assert capsys.readouterr() == (
        f"{file}: 1 virtual service with 3 real servers, no errors, no warnings\n", ""
    )  # fmt: skip


def test_a_file_with_everything(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Warnings come first, then all errors, then how many."""
    file.write_text("autoreload=yes \n" + GOOD + "    scheduler=7\n    chektype=ping\n")

    assert main(["check", str(file)]) == 2
    assert capsys.readouterr() == ("", f"""\
{file}:1:12: warning: autoreload: ldirectord refuses this: there is a blank behind yes
    autoreload=yes{" "}
               ^^^
    end the line after yes
{file}:5:15: error: scheduler: must be lower-case letters, not '7'
        scheduler=7
                  ^
    write lower-case letters, as wrr
{file}:6:5: error: chektype: unknown directive
        chektype=ping
        ^^^^^^^^
    did you mean checktype=?
{file}: 2 errors, 1 warning
""")  # fmt: skip


def test_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is exit 1."""
    assert main(["check", str(tmp_path / "a.cf")]) == 1
    assert capsys.readouterr().err == f"Config file {tmp_path}/a.cf not found\n"


@pytest.mark.parametrize(
    ("directives", "line", "words"),
    [
        ("    persistent=9\n    netmask=255.0.255.0\n", 5, "has holes"),
        ("    schedflags=sh-nix\n", 4, "unknown scheduler flag"),
        ("    request=\"x\"\n    service=http_proxy\n", 5, "needs an absolute URL"),
        ("    service=https\n    verify=yes\n    cafile=/nosuch\n", 6, "cannot be used"),
        ("    checktype=external-python\n    checkcommand=x\n", 4, "needs a function"),
    ],
)  # fmt: skip
def test_what_cannot_be_done(
    file: Path, capsys: pytest.CaptureFixture[str], directives: str, line: int, words: str
) -> None:
    """What no checker and no kernel can do is an error of the directive that wants it."""
    file.write_text(GOOD + directives)

    assert main(["check", "--json", str(file)]) == 2
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert (error["line"], words in error["message"]) == (line, True)


def test_for_programs(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON has all of it, errors or not."""
    file.write_text("supervised\nverify=yes\n" + GOOD)
    path = str(file)

    assert main(["check", "--json", "--perl", path]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "path": path, "ok": True, "virtuals": 1, "reals": 3, "errors": [],
        "warnings": [
            {
                "path": path, "line": 1, "column": 1, "hint": "write supervised=yes",
                "message": "supervised: a bare supervised is deprecated",
            },
            {
                "path": path, "line": 2, "column": 1, "hint": "",
                "message": "verify: ldirectord does not know this directive, and refuses it",
            },
        ],
    }  # fmt: skip
