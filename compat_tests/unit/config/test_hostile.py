"""Files that are none, or mean harm: a clear error, quickly, in little memory, no traceback."""

import os
import random
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

MEMORY = 512 * 1024 * 1024  # bytes of address space for the command
PATIENCE = 60.0  # seconds: far more than it takes, so that a busy machine does not fail a test
SECTION = b"virtual=192.0.2.1:80\n"


@attrs.frozen
class Answer:
    """What the command did."""

    code: int
    output: str
    errors: str


def check(path: str | Path, *, prefix: tuple[str, ...] = (), stdin: bytes | None = None) -> Answer:
    """Run `ldirpy check` within the limits of memory and patience."""
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "ldirpy", "check", str(path)],
        input=stdin,
        capture_output=True,
        timeout=PATIENCE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
        check=False,
    )
    errors = done.stderr.decode(errors="replace")
    assert "Traceback" not in errors
    assert "MemoryError" not in errors
    assert len(errors) < 100_000
    return Answer(done.returncode, done.stdout.decode(errors="replace"), errors)


def noise(count: int, *, without: bytes = b"") -> bytes:
    """Random bytes, the same in each run."""
    return random.Random(7).randbytes(count).translate(None, without)


LONG = 4_000_000

BYTES: dict[str, tuple[bytes, str]] = {
    "random bytes": (
        noise(1_000_000),
        ":{line}: error: this is not a text file: it has a NUL byte",
    ),
    "random bytes without NUL": (noise(1_000_000, without=b"\0"), "unknown "),
    "a long line": (
        b"a" * LONG,
        ":1: error: the line has 4,000,000 characters; 65,536 are the most",
    ),
    "a long value": (b"checktimeout=" + b"9" * LONG, ":1: error: the line has"),
    "a long line inside": (SECTION + b"    real=" + b"x " * (LONG // 2), ":2: error: the line has"),
    "a long comment": (b"#" * LONG, ":1: error: the line has"),
    "blanks without end": (b" " * LONG, ":1: error: the line has"),
    "a NUL in a value": (SECTION + b'    request="/a\0b"\n', ":2: error: this is not a text file"),
    "a program": (Path(sys.executable).read_bytes()[:1_000_000], "this is not a text file"),
    "a number of 60,000 digits": (b"checktimeout=" + b"9" * 60_000, ":1:"),
    "a mark of 60,000 digits": (b"virtual=" + b"9" * 60_000, ":1:"),
    "a port of 60,000 digits": (b"virtual=192.0.2.1:" + b"9" * 60_000, ":1:"),
    "a weight of 60,000 digits": (SECTION + b"    real=10.0.0.1:80 gate " + b"9" * 60_000, ":2:"),
    "a threshold of 60,000 digits": (
        SECTION + b"    real=10.0.0.1:80 gate 1 l:" + b"9" * 60_000,
        ":2:",
    ),
    "an N of 60,000 digits": (SECTION + b"    checktype=" + b"9" * 60_000, ":2:"),
    "digits of elsewhere": ("checktimeout=²\nvirtual=٣\n".encode(), ":1:"),
    "a name of 60,000 letters": (b"a" * 60_000 + b"=1", ":1:"),
    "a host of 60,000 letters": (SECTION + b"    real=" + b"a" * 60_000 + b":80 gate", ":2:"),
    "a pattern of parentheses": (SECTION + b'    receive="' + b"(" * 30_000 + b'"', ":2:"),
    "a pattern that grows": (SECTION + b'    receive="((a{999}){999}){999}"', ":2:"),
    "16 million servers": (SECTION + b"    real=10.0.0.0->10.255.255.255:80 gate", "16,777,216"),
    "many ranges": (SECTION + b"    real=10.0.0.0->10.0.255.255:80 gate\n" * 1000, "servers"),
    "a fault in each of a million lines": (b"x\n" * 1_000_000, "this is the end after 100"),
    "a doubt in each of many lines": (b"checkcount=1x\n" * 50_000 + b"x", ":50001:1:"),
    "the same section again and again": (b"virtual=192.0.2.1:80\n" * 10_000, "after 100"),
    "a section in each of many lines": (
        b"".join(b"virtual=%d\n" % mark for mark in range(1, 50_001)),
        ":16385:9: error: virtual: a file may have 16,384 virtual services; this is one more",
    ),
    "a value in each of many lines": (b"fork=no\n" * 100_000 + b"x", ":100001:1:"),
    "an arrow without end": (SECTION + b"    real=" + b"10.0.0.1->" * 6_000 + b" gate", ":2:"),
}


@pytest.mark.parametrize("name", BYTES)
def test_bytes(tmp_path: Path, name: str) -> None:
    """A file that cannot be meant is exit 2, with its name and the line."""
    text, words = BYTES[name]
    path = tmp_path / "bad.cf"
    path.write_bytes(text)
    line = text[: max(text.find(b"\0"), 0)].count(b"\n") + 1
    answer = check(path)

    assert answer.code == 2
    assert answer.errors.startswith(f"{path}:")
    assert words.format(line=line) in answer.errors


def fifo(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def huge(folder: Path) -> Path:
    path = folder / "huge.cf"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # with holes: it takes no room
    return path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder, "Is a directory"),
        (fifo, "Not a regular file"),
        (huge, "Larger than 4 MiB"),
        (lambda _: Path("/dev/zero"), "Not a regular file"),
        (lambda _: Path("/dev/tty"), ""),
        (lambda _: Path("/proc/self/mem"), "Input/output error"),
        (lambda folder: folder / ("x" * 300), "File name too long"),
    ],
    ids=["directory", "fifo", "huge", "zero", "tty", "mem", "long name"],
)
def test_what_is_no_file(tmp_path: Path, make: Callable[[Path], Path], words: str) -> None:
    """What is not a regular file that can be read is exit 1, with its name and the reason."""
    path = make(tmp_path)
    answer = check(path)

    assert answer.code == 1
    assert answer.errors.startswith(f"ldirpy: {path}: {words}")


def test_an_unreadable_file(tmp_path: Path) -> None:
    """A file that may not be read is exit 1 and says so."""
    path = tmp_path / "closed.cf"
    path.touch(mode=0)
    # root reads everything, unless it is without these two.
    drop = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    answer = check(path, prefix=drop if os.geteuid() == 0 else ())

    assert (answer.code, answer.errors) == (1, f"ldirpy: {path}: Permission denied\n")


def test_a_pipe_of_the_shell() -> None:
    """What the shell pipes in is read, within the limit of size."""
    good = SECTION + b"    real=192.0.2.2:80 gate\n"

    assert check("/dev/stdin", stdin=good).code == 0
    assert check("/dev/stdin", stdin=b"\n" * 5_000_000).errors == (
        "ldirpy: /dev/stdin: Larger than 4 MiB\n"
    )


def test_bytes_that_are_no_utf8(tmp_path: Path) -> None:
    """Old files in Latin-1 are read; their bytes reach the check as they are."""
    path = tmp_path / "latin.cf"
    path.write_bytes(SECTION + b'    real=192.0.2.2:80 gate\n    receive="Gr\xfc\xdfe"\n')

    assert check(path).code == 0
