"""A configuration file that changes on disk: autoreload and callback."""

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ldirpy.config.model import Config
from ldirpy.daemon import watching
from ldirpy.daemon.watching import ConfigWatch


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(watching, "LOOK_INTERVAL", 0.02)
    path = tmp_path / "web.cf"
    path.write_text("one\n")
    return path


class Watched:
    """A watch with what it did: reloads and callbacks."""

    def __init__(self, path: Path, config: Config) -> None:
        self.did: list[str] = []
        self.config = config
        self._watch = ConfigWatch(str(path), lambda: self.config, self._reload, run=self._run)

    async def _reload(self) -> None:
        self.did.append("reload")

    async def _run(self, words: Sequence[str]) -> None:
        self.did.append(" ".join(words))

    def after(self, *acts: Callable[[], object]) -> list[str]:
        """What was done after each of these happened to the file."""

        async def story() -> None:
            task = asyncio.create_task(self._watch.watch())
            for act in acts:
                await asyncio.sleep(0.2)
                act()
            await asyncio.sleep(0.3)
            task.cancel()

        asyncio.run(story())
        return self.did


def test_autoreload(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Another content is reloaded, another time alone is not."""
    logging.getLogger("ldirpy").propagate = True
    caplog.set_level(logging.INFO, "ldirpy")

    did = Watched(file, Config(autoreload=True)).after(
        lambda: os.utime(file, (1, 1)), lambda: file.write_text("two\n")
    )

    assert did == ["reload"]
    assert caplog.messages == [
        f"Configuration file '{file}' has changed on disk",
        " - reread new configuration",
    ]


def test_callback(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Without autoreload the file is not read again, and the callback is called all the same."""
    logging.getLogger("ldirpy").propagate = True
    caplog.set_level(logging.INFO, "ldirpy")

    did = Watched(file, Config(callback="/bin/true")).after(lambda: file.write_text("two\n"))

    assert did == [f"/bin/true {file}"]
    assert caplog.messages[1:] == [" - ignore new configuration"]


def test_a_callback_that_is_not_executable(file: Path) -> None:
    """It is not called; one that is comes after the reload."""
    change = lambda: file.write_text("two\n")  # noqa: E731
    assert Watched(file, Config(callback=str(file), autoreload=True)).after(change) == ["reload"]
    did = Watched(file, Config(callback="/bin/true", autoreload=True)).after(
        lambda: file.write_text("three\n")
    )
    assert did == ["reload", f"/bin/true {file}"]


def test_a_file_that_is_replaced(file: Path) -> None:
    """An editor's new file in place of the old one counts once; a gap in between does not."""

    def replace() -> None:
        new = file.with_name("new")
        new.write_text("two\n")
        file.unlink()
        new.rename(file)

    assert Watched(file, Config(autoreload=True)).after(replace, file.unlink) == ["reload"]


def test_neither(file: Path) -> None:
    """Without autoreload and callback the file is not followed, until a reload says so."""
    watched = Watched(file, Config())

    def follow() -> None:
        watched.config = Config(autoreload=True)

    did = watched.after(
        lambda: file.write_text("two\n"), follow, lambda: file.write_text("three\n")
    )

    assert did == ["reload"]
