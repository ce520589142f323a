"""The command line of ldirectord: what it takes for an option, a configuration and a command."""

from pathlib import Path

import pytest

from ldirpy.cli import main
from ldirpy.commands.ldirectord import Options, WrongUsage, parse

GOOD = "quiescent=no\nvirtual=192.0.2.1:80\n    real=192.0.2.2:80 gate\n"


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("start", Options(words=("start",))),
        ("-d www.cf start", Options(debug=True, words=("www.cf", "start"))),
        ("-dv", Options(debug=True, version=True)),
        ("-?", Options(help=True)),
        ("-- -odd.cf status", Options(words=("-odd.cf", "status"))),
        ("www.cf status -d", Options(words=("www.cf", "status", "-d"))),
        ("--foreground www.cf start", Options(foreground=True, words=("www.cf", "start"))),
        ("--log-format json start", Options(as_json=True, words=("start",))),
        ("--log-format=json start", Options(as_json=True, words=("start",))),
        ("-df www.cf", Options(debug=True, direct=True)),
        ("--ipvs memory start", Options(in_memory=True, words=("start",))),
        ("--ipvs memory -f www.cf", Options(in_memory=True, direct=True)),
    ],
)
def test_options(words: str, options: Options) -> None:
    """Options end at the first word that is none; those of `ldirpy -f` lead there."""
    assert parse(words.split()) == options


@pytest.mark.parametrize(
    ("words", "unknown"),
    [
        ("-V", ("V",)),
        ("--ver", ("ver",)),
        ("-debug www.cf status", ("e", "b", "u", "g")),
        ("--log-format=xml start", ("log-format",)),
    ],
)
def test_unknown_options(words: str, unknown: tuple[str, ...]) -> None:
    """Each option that nobody knows is named; long ones are not abbreviated."""
    with pytest.raises(WrongUsage) as caught:
        parse(words.split())
    assert caught.value.unknown == unknown


@pytest.mark.parametrize(
    ("words", "code", "out", "err"),
    [
        ("", 255, "Usage:", ""),
        ("bogus", 255, "Usage:", ""),
        ("good.cf", 255, "Usage:", ""),
        ("good.cf Status", 255, "Usage:", ""),
        ("-V good.cf status", 255, "Usage:", "Unknown option: V\n"),
        ("-h", 0, "Check real servers", ""),
        ("--version", 0, "ldirpy ", ""),
        ("nosuch.cf status", 1, "", "Config file nosuch.cf not found\n"),
        ("nosuch.cf bogus", 255, "Usage:", ""),
        (". status", 1, "", "Config file . not found\n"),
        ("good.cf status", 3, "ldirectord is stopped for good.cf\n", ""),
        ("./good.cf status", 3, "ldirectord is stopped for ./good.cf\n", ""),
        ("good.cf stop", 0, "", ""),
        ("good.cf try-restart", 0, "", ""),
        ("good.cf reload", 1, "", ""),
        ("good.cf force-reload", 1, "", ""),
    ],
)
def test_when_nothing_runs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: str,
    code: int,
    out: str,
    err: str,
) -> None:
    """Exit codes and streams of commands for an instance that does not run."""
    (tmp_path / "good.cf").write_text(GOOD)
    monkeypatch.chdir(tmp_path)

    assert main(words.split()) == code

    seen = capsys.readouterr()
    assert seen.out.startswith(out)
    assert bool(seen.out) == bool(out)
    assert seen.err == err


@pytest.mark.parametrize(
    "command", "start stop restart try-restart reload force-reload status".split()
)
def test_a_broken_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """Every command ends with 2 and says in which line the configuration has an error."""
    path = tmp_path / "broken.cf"
    path.write_text(GOOD + "nosuch=1\n")

    assert main([str(path), command]) == 2

    seen = capsys.readouterr()
    assert seen.out == ""
    assert seen.err.startswith("Error [")
    assert f"] reading file {path} at line 4: " in seen.err
