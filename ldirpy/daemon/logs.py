"""Where the log goes: a file, a syslog facility, stdout or stderr; and in which form.

A thread of its own does the writing, so a full disk, a stopped terminal or a syslog that does not
listen never holds up a check. What cannot be written is counted, and told when writing works again.
"""

import contextlib
import json
import logging
import os
import queue
import sys
import syslog
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TextIO

import attrs

from ldirpy.config.model import Config
from ldirpy.errors import ConfigError, Problem

log = logging.getLogger("ldirpy")

MAX_WAITING = 10_000  # entries that wait for a writer that hangs; then they are counted and dropped
FLUSH_BOUND = 3.0  # seconds that the end of the process waits for the writer

FACILITIES = {
    name: getattr(syslog, f"LOG_{name.upper()}")
    for name in (
        *("auth", "authpriv", "cron", "daemon", "kern", "lpr", "mail", "news", "syslog"),
        *("user", "uucp", "local0", "local1", "local2", "local3", "local4", "local5"),
        *("local6", "local7"),
    )
} | {"ftp": 11 << 3}  # RFC 5424, 6.2.1; Python's syslog module has no name for it
IDENT = "ldirectord"  # the tag under which syslog's rules look for it


@attrs.frozen
class Entry:
    """One thing to be told; the text may have several lines."""

    level: int
    time: float
    text: str

    @property
    def priority(self) -> int:
        """The level as syslog and the journal count it."""
        if self.level >= logging.ERROR:
            return syslog.LOG_ERR
        if self.level >= logging.WARNING:
            return syslog.LOG_WARNING
        return syslog.LOG_INFO if self.level >= logging.INFO else syslog.LOG_DEBUG


Form = Callable[[Entry], str]


class Sink(Protocol):
    """Something that takes a formed entry, without a line end. Raises OSError if it cannot."""

    def write(self, entry: Entry, text: str) -> None: ...


# -- forms -----------------------------------------------------------------------------------


def _date(seconds: float) -> str:
    return time.strftime("%a %b %e %H:%M:%S %Y", time.localtime(seconds))


def named_form(name: str) -> Form:
    """`[date|name|pid] text`, as in ldirectord's log file."""
    return lambda entry: _each_line(f"[{_date(entry.time)}|{name}|{os.getpid()}] ", entry.text)


def dated_form(entry: Entry) -> str:
    """`[date] text`, as a supervised ldirectord writes to stdout."""
    return _each_line(f"[{_date(entry.time)}] ", entry.text)


def journal_form(entry: Entry) -> str:
    """`<priority>text`: the journal knows date and pid. See sd-daemon(3)."""
    return _each_line(f"<{entry.priority}>", entry.text)


def plain_form(entry: Entry) -> str:
    """The text alone."""
    return entry.text


def json_form(name: str) -> Form:
    """One JSON object an entry, on one line."""

    def form(entry: Entry) -> str:
        moment = datetime.fromtimestamp(entry.time).astimezone()
        return json.dumps(
            {
                "time": moment.isoformat("T", "milliseconds"),
                "level": logging.getLevelName(entry.level).lower(),
                "instance": name,
                "pid": os.getpid(),
                "message": entry.text,
            }
        )

    return form


def _each_line(head: str, text: str) -> str:
    return "\n".join(head + line for line in text.splitlines() or [""])


# -- sinks -----------------------------------------------------------------------------------


@attrs.frozen
class FileSink:
    """A file that is opened for each entry, so that it can be moved away at any time."""

    path: str

    def write(self, entry: Entry, text: str) -> None:
        # Descriptors of our own: a buffered file would try to write again as it is closed.
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            _write_all(file, text + "\n")
        finally:
            os.close(file)


@attrs.frozen
class StreamSink:
    """An open stream, stdout or stderr."""

    stream: TextIO

    def write(self, entry: Entry, text: str) -> None:
        _write_all(self.stream.fileno(), text + "\n")


@attrs.frozen
class SyslogSink:
    """A facility of the system's log."""

    facility: int

    def write(self, entry: Entry, text: str) -> None:
        for line in text.splitlines() or [""]:
            syslog.syslog(self.facility | entry.priority, line.replace("\0", " "))


def _write_all(descriptor: int, text: str) -> None:
    data = text.encode("utf-8", "surrogateescape")
    while data:
        data = data[os.write(descriptor, data) :]


# -- putting them together -------------------------------------------------------------------


def to_stream(stream: TextIO, name: str, *, form: Form, as_json: bool) -> "Writer":
    """A log on stdout or stderr, with priorities instead of a date if that is the journal."""
    if as_json:
        form = json_form(name)
    elif _is_journal(stream):
        form = journal_form
    return Writer(StreamSink(stream), form)


def to_configured(config: Config, name: str, *, as_json: bool) -> "Writer":
    """The log that `logfile` names.

    Raises ConfigError if it cannot be written.
    """
    if config.logfile.startswith("/"):
        try:
            os.close(os.open(config.logfile, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644))
        except OSError as error:
            raise _unusable(
                config, f"unable to open logfile: {config.logfile}: {error.strerror}"
            ) from error
        return Writer(FileSink(config.logfile), json_form(name) if as_json else named_form(name))
    facility = FACILITIES.get(config.logfile.lower())
    if facility is None:
        raise _unusable(
            config,
            f'logfile: "{config.logfile}" is neither an absolute path nor a syslog facility',
        )
    syslog.openlog(IDENT, syslog.LOG_PID, facility)
    return Writer(SyslogSink(facility), json_form(name) if as_json else plain_form)


def _unusable(config: Config, message: str) -> ConfigError:
    return ConfigError(
        Problem(path=config.path, line=config.places.get("logfile", 0), message=message)
    )


def _is_journal(stream: TextIO) -> bool:
    """Whether this stream is the one that the service manager connected to the journal."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


class Writer(logging.Handler):
    """Takes the log of this process, and writes it in its own thread."""

    def __init__(self, sink: Sink, form: Form) -> None:
        super().__init__()
        self._sink = sink
        self._form = form
        self._waiting: queue.Queue[Entry | None] = queue.Queue(MAX_WAITING)
        self._lost = 0
        self._thread = threading.Thread(target=self._work, name="ldirpy-log", daemon=True)

    def start(self, *, debug: bool = False) -> None:
        """Make this the one destination of the log."""
        self._thread.start()
        log.handlers[:] = [self]
        log.propagate = False  # a library may have given the root logger a handler of its own
        log.setLevel(logging.DEBUG if debug else logging.INFO)

    def emit(self, record: logging.LogRecord) -> None:
        """Hand an entry to the thread; never waits."""
        try:
            self._waiting.put_nowait(Entry(record.levelno, record.created, self.format(record)))
        except queue.Full:
            self._lost += 1

    def close(self) -> None:
        """Write what waits, within a bound, and take no more."""
        super().close()
        if self in log.handlers:
            log.handlers.remove(self)
        if self._thread.is_alive():
            with contextlib.suppress(queue.Full):
                self._waiting.put_nowait(None)
            self._thread.join(FLUSH_BOUND)

    def _work(self) -> None:
        while (entry := self._waiting.get()) is not None:
            try:
                if self._lost:
                    lost = Entry(
                        logging.WARNING, time.time(), f"{self._lost} entries of this log were lost"
                    )
                    self._sink.write(lost, self._form(lost))
                    self._lost = 0
                self._sink.write(entry, self._form(entry))
            except OSError:
                self._lost += 1


def log_to_stderr(name: str, *, debug: bool, as_json: bool = False) -> Writer:
    """Send the log to stderr in ldirectord's form: `[date|name|pid] text`."""
    writer = to_stream(sys.stderr, name, form=named_form(name), as_json=as_json)
    writer.start(debug=debug)
    return writer
