"""Perl's own word on a configuration: its daemon is run on it, as a black box.

Nothing of it is allowed out: every run has network and mount namespaces of its own, without an
interface that is up, with empty directories in place of /run, /var/log and the mail spool.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any

import attrs

LIMIT = 20  # seconds for one run
STOPPED = 256  # the exit status of a run that took longer
NAME = "./test.cf"
PROGRAM = Path(__file__).with_name("oracle.pl")
EMPTY = ("/run", "/var/log", "/var/spool")
MAILERS = ("/usr/sbin/sendmail", "/usr/bin/mail", "/usr/bin/mailx")

_MESSAGE = re.compile(
    rf"^(Error|Warning) \[\d+\] reading file {re.escape(NAME)} at line (\d+): (.*)$"
)
_RUN = re.compile(r"^DEBUG\d: Running system\((.*)\)$")


@attrs.frozen(kw_only=True)
class Answer:
    """What one run of Perl's daemon showed.

    `line` and `message` are those of the error, if it was one; `values` the settings it held after
    a status, `commands` the programs that a start ran.
    """

    status: int
    line: int = 0
    message: str = ""
    warnings: tuple[tuple[int, str], ...] = ()
    values: dict[str, Any] | None = None
    commands: tuple[str, ...] = ()
    output: str = attrs.field(default="", repr=False)

    @property
    def accepted(self) -> bool:
        """Whether the configuration was taken."""
        return self.status in (0, 3)


class Oracle:
    """Some of Perl's daemons, ready to judge; a context manager."""

    def __init__(self, workers: int = 2) -> None:
        self._workers = workers
        self._home = Path()
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        self.runs = 0

    def __enter__(self) -> "Oracle":
        self._home = Path(tempfile.mkdtemp(prefix="oracle-"))
        for _ in range(self._workers):
            self._idle.put(_Worker())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for _ in range(self._workers):
            self._idle.get().close()
        shutil.rmtree(self._home)

    def status(self, texts: Iterable[bytes]) -> list[Answer]:
        """What `ldirectord -d FILE status` says of each text."""
        return self._all(texts, "status")

    def start(self, texts: Iterable[bytes]) -> list[Answer]:
        """What `ldirectord -d FILE start` does with each text, up to its first check."""
        return self._all(texts, "start")

    def _all(self, texts: Iterable[bytes], command: str) -> list[Answer]:
        def judge(text: bytes) -> Answer:
            return self._judge(text, command)

        with ThreadPoolExecutor(self._workers) as pool:
            return list(pool.map(judge, texts))

    def _judge(self, text: bytes, command: str) -> Answer:
        directory = Path(tempfile.mkdtemp(dir=self._home))
        (directory / NAME).write_bytes(text)
        # It asks this for the table as it is, and takes nothing for an empty one.
        (directory / "ipvsadm").symlink_to("/bin/true")
        worker = self._idle.get()
        try:
            status = worker.run(directory, command)
        finally:
            self._idle.put(worker)
        output = (directory / "output").read_bytes().decode("utf-8", "surrogateescape")
        shutil.rmtree(directory)
        self.runs += 1
        return _answer(status, output)


class _Worker:
    """One process that runs Perl's daemon again and again."""

    def __init__(self) -> None:
        daemon = shutil.which("ldirectord")
        if daemon is None:
            raise RuntimeError("Perl's ldirectord is not installed: apt-get install ldirectord")
        mounts = [f"mount -t tmpfs tmpfs {place}" for place in EMPTY if Path(place).is_dir()]
        # Alerts are not handed to the mail system of this machine.
        mounts += [f"mount --bind /bin/true {place}" for place in MAILERS if Path(place).exists()]
        script = "\n".join([*mounts, 'exec perl "$@"'])
        unshare = ["unshare", "--net", "--mount"]
        if os.geteuid() != 0:
            unshare.append("--map-root-user")
        self._process = subprocess.Popen(
            [*unshare, "sh", "-ec", script, "sh", str(PROGRAM), str(LIMIT), daemon],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C.UTF-8", "PERL_HASH_SEED": "0"},
        )

    def run(self, directory: Path, command: str) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{directory}\t{NAME}\t{command}\n".encode())
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the process that runs Perl's ldirectord ended by itself")
        return int(answer)

    def close(self) -> None:
        self._process.communicate()


def _answer(status: int, output: str) -> Answer:
    line, message, values = 0, "", None
    warnings: list[tuple[int, str]] = []
    commands: list[str] = []
    for text in output.split("\n"):
        if found := _MESSAGE.match(text):
            if found[1] == "Error":
                line, message = int(found[2]), found[3]
            else:
                warnings.append((int(found[2]), found[3]))
        elif found := _RUN.match(text):
            commands.append(found[1])
        elif text.startswith("VALUES "):
            values = json.loads(text.removeprefix("VALUES "))
    return Answer(
        status=status, line=line, message=message, warnings=tuple(warnings), values=values,
        commands=tuple(commands), output=output,
    )  # fmt: skip
