"""Where the log goes, in which form, and what it does when nobody takes it."""

import json
import logging
import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from ldirpy.config.model import Config
from ldirpy.daemon import logs
from ldirpy.errors import ConfigError

log = logging.getLogger("ldirpy")


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Leave the process's log as it was found."""
    before = log.handlers[:], log.propagate, log.level
    yield
    log.handlers[:], log.propagate = before[0], before[1]
    log.setLevel(before[2])


def written(config: Config, *, as_json: bool = False) -> list[str]:
    """The lines of the log file after two entries, one of which has two lines."""
    writer = logs.to_configured(config, "www.cf", as_json=as_json)
    writer.start()
    log.info("Added virtual server: 192.0.2.1:80")
    log.debug("not shown")
    log.error("one\ntwo")
    writer.close()
    return Path(config.logfile).read_text().splitlines()


def test_file(tmp_path: Path) -> None:
    """Each line of a file begins with date, name and pid, as ldirectord's."""
    head = r"\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\|www\.cf\|" + str(os.getpid()) + r"\] "
    lines = written(Config(logfile=str(tmp_path / "log")))

    texts = ["Added virtual server: 192.0.2.1:80", "one", "two"]
    assert len(lines) == 3
    for line, text in zip(lines, texts, strict=True):
        assert re.fullmatch(head + re.escape(text), line), line


def test_json(tmp_path: Path) -> None:
    """With --log-format json each entry is one object on one line, whatever its text."""
    entries = [
        json.loads(line) for line in written(Config(logfile=str(tmp_path / "log")), as_json=True)
    ]

    assert [(one["level"], one["message"]) for one in entries] == [
        ("info", "Added virtual server: 192.0.2.1:80"),
        ("error", "one\ntwo"),
    ]
    assert {(one["instance"], one["pid"]) for one in entries} == {("www.cf", os.getpid())}


def test_moved_away(tmp_path: Path) -> None:
    """A log that is moved away goes on under its name."""
    path = tmp_path / "log"
    writer = logs.to_configured(Config(logfile=str(path)), "www.cf", as_json=False)
    writer.start()
    log.info("before")
    while not path.exists() or "before" not in path.read_text():
        time.sleep(0.01)
    path.rename(tmp_path / "log.1")
    log.info("after")
    writer.close()

    assert "after" in path.read_text()
    assert "after" not in (tmp_path / "log.1").read_text()


@pytest.mark.parametrize("logfile", ["/nosuch/directory/log", "nosuchfacility"])
def test_unusable(logfile: str) -> None:
    """What cannot be a log is an error of its line in the configuration."""
    config = Config(logfile=logfile, path="www.cf", places={"logfile": 3})

    with pytest.raises(ConfigError) as caught:
        logs.to_configured(config, "www.cf", as_json=False)

    assert (caught.value.path, caught.value.line) == ("www.cf", 3)
    assert logfile in caught.value.message


def test_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that is connected to the journal gets priorities, and no date."""
    reader, out = os.pipe()
    status = os.fstat(out)
    monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
    with os.fdopen(out, "w") as stream, os.fdopen(reader) as journal:
        writer = logs.to_stream(stream, "www.cf", form=logs.dated_form, as_json=False)
        writer.start(debug=True)
        log.debug("a")
        log.info("b")
        log.warning("c")
        log.error("d\ne")
        writer.close()
        stream.close()

        assert journal.read() == "<7>a\n<6>b\n<4>c\n<3>d\n<3>e\n"


@attrs.define
class Stuck:
    """A sink that takes nothing until it is let."""

    let: threading.Event = attrs.field(factory=threading.Event)
    taken: list[str] = attrs.field(factory=list)

    def write(self, entry: logs.Entry, text: str) -> None:
        self.let.wait()
        self.taken.append(text)


def test_a_log_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a log that hangs; how much was lost is told when it goes on."""
    monkeypatch.setattr(logs, "MAX_WAITING", 10)
    sink = Stuck()
    writer = logs.Writer(sink, logs.plain_form)
    writer.start()
    began = time.monotonic()
    for number in range(100):
        log.info("%d", number)
    spent = time.monotonic() - began
    sink.let.set()
    writer.close()

    told = [text for text in sink.taken if "were lost" in text]
    lost = sum(int(text.split()[0]) for text in told)
    assert spent < 10.0
    assert lost + len(sink.taken) - len(told) == 100
    assert lost >= 80
