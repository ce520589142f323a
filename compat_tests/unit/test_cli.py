"""The command line: exit codes, and one clear message instead of a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ldirpy.cli import main


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (None, 1, "Config file {path} not found"),
        ("nosuch=1\n", 2, "{path}:1:1: nosuch: unknown directive"),
        ("virtual=192.0.2.1:80\n    real=192.0.2.2:80\n", 2, "{path}:2:10: real: there is no"),
        (
            "virtual=192.0.2.1:80\n    service=nix\n    real=192.0.2.2:80 gate\n",
            2,
            "{path}:2:13: service: unknown service 'nix'",
        ),
    ],
)
def test_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, code: int, words: str
) -> None:
    """A missing file is exit 1, a bad one exit 2; stderr names file and line."""
    path = tmp_path / "a.cf"
    if text is not None:
        path.write_text(text)

    assert main(["-f", str(path), "--ipvs", "memory"]) == code

    output = capsys.readouterr()
    assert output.err.startswith(words.format(path=path))
    assert "Traceback" not in output.err
    assert output.out == ""


def test_a_directory_is_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be read is said with its name."""
    assert main(["-f", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"ldirpy: {tmp_path}: Is a directory\n"


def test_wrong_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage of our own commands is exit 64 with the usage."""
    with pytest.raises(SystemExit) as caught:
        main(["-f", "a.cf", "--nosuch"])
    assert caught.value.code == 64
    assert "usage: ldirpy" in capsys.readouterr().err


def test_only_a_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """-t says that a file is good."""
    path = tmp_path / "a.cf"
    path.write_text("quiescent=no\nvirtual=192.0.2.1:80\n    real=192.0.2.2:80 gate\n")
    summary = f"{path}: 1 virtual service with 1 real server, no errors, no warnings\n"
    for words in (["-t", "-f", str(path)], ["-t", str(path)]):
        assert main(words) == 0
        assert capsys.readouterr() == (summary, "")


def test_a_closed_pipe(tmp_path: Path) -> None:
    """A reader that goes away (`| head`) makes no traceback, whatever the command."""
    reader, writer = os.pipe()
    os.close(reader)
    path = tmp_path / "a.cf"
    path.write_text("quiescent=no\nvirtual=192.0.2.1:80\n    real=192.0.2.2:80 gate\n")
    words = [sys.executable, "-m", "ldirpy", "-t", "-f", str(path)]
    done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)

    assert (done.returncode, done.stderr) == (141, "")


def test_a_look_at_a_file_loads_little(tmp_path: Path) -> None:
    """What only a check or the kernel needs is not loaded to look at a file: it takes its time."""
    path = tmp_path / "a.cf"
    path.write_text("quiescent=no\nvirtual=192.0.2.1:80\n    real=192.0.2.2:80 gate\n")
    program = (
        "import sys; from ldirpy.cli import main; "
        f"assert main(['check', {str(path)!r}]) == main(['show', {str(path)!r}]) == 0; "
        "heavy = {'requests', 'urllib3', 'dns', 'pyroute2', 'pcre2', 'importlib.metadata'}; "
        "print(sorted(heavy & sys.modules.keys()), file=sys.stderr)"
    )
    words = [sys.executable, "-S", "-c", program]
    places = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(words, capture_output=True, text=True, env=places, check=False)

    assert done.stderr == "[]\n"
