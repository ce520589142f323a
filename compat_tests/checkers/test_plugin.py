"""The example of docs/checkers.md, installed into an environment of its own and used."""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from compat_tests.checkers.peers import Reader, Writer, free_port, peer

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "checkers.md"


def example() -> dict[str, str]:
    """The files of the example, as they stand in the page."""
    text = PAGE.read_text()
    return dict(re.findall(r"^`([\w.]+)`[^\n]*:\n\n```\w*\n(.*?)^```$", text, re.M | re.S))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh virtual environment with ldirpy and the example, installed as users do."""
    folder = tmp_path_factory.mktemp("plugin")
    for name, text in example().items():
        (folder / name).write_text(text)
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    subprocess.run([venv / "bin" / "pip", "install", "--quiet", ROOT, folder], check=True)
    return folder


def ldirpy(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [str(folder / "venv" / "bin" / "ldirpy"), *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


def configured(folder: Path, port: int, password: str = "s3cret") -> Path:
    """The example's configuration for a server on `port`."""
    text = (folder / "director.cf").read_text()
    path = folder / "this.cf"
    path.write_text(text.replace("127.0.0.1:6379", f"127.0.0.1:{port}").replace("s3cret", password))
    return path


async def redis(reader: Reader, writer: Writer) -> None:
    """So much of Redis as answers AUTH and PING."""
    known = False
    while line := (await reader.readline()).decode().strip():
        if line.startswith("AUTH "):
            known = line == "AUTH s3cret"
            writer.write(b"+OK\r\n" if known else b"-WRONGPASS invalid password\r\n")
        elif line == "PING":
            writer.write(b"+PONG\r\n" if known else b"-NOAUTH Authentication required.\r\n")


@pytest.mark.parametrize(
    ("password", "state", "message"),
    [("s3cret", "up", "PONG"), ("other", "down", "WRONGPASS invalid password")],
)
def test_the_example_checks(environment: Path, password: str, state: str, message: str) -> None:
    """service=redis works in a configuration once its package is installed."""

    async def run() -> "subprocess.CompletedProcess[str]":
        async with peer(redis) as port:
            path = configured(environment, port, password)
            return await asyncio.to_thread(ldirpy, environment, "probe", "--json", str(path))

    done = asyncio.run(run())
    (result,) = json.loads(done.stdout)["results"]

    assert (result["state"], result["message"]) == (state, message)


def test_its_refusals_are_configuration_errors(environment: Path) -> None:
    """What the plug-in refuses is told with file and line."""
    path = configured(environment, free_port(), "two words")
    done = ldirpy(environment, "probe", str(path))

    assert done.returncode == 2
    assert re.search(rf"{path}:\d+.*: passwd: a password of Redis cannot have a blank", done.stderr)


def test_what_is_installed_is_complete(environment: Path) -> None:
    """The installed package has the worker of external-perl with it."""
    script = environment / "check.pl"
    script.write_text("exit 0;")
    path = environment / "perl.cf"
    path.write_text(
        f"virtual=127.0.0.1:80\n    real=127.0.0.1:81 masq\n    checktype=external-perl\n"
        f'    checkcommand="{script}"\n'
    )
    done = ldirpy(environment, "probe", str(path))

    assert done.returncode == 0, done
