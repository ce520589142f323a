"""Handing over a mail: to a real SMTP server, and to postfix's sendmail."""

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from compat_tests.daemon import smtp_server
from ldirpy import mail as mail_module
from ldirpy.errors import MailError
from ldirpy.mail import deliver

pytestmark = pytest.mark.servers

TWO = ["ada@example.com", "bob@example.com"]


def letter() -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "lb@example.com", ", ".join(TWO), "down"
    mail.set_content("It is down.\n.\nReally: \N{LATIN SMALL LETTER U WITH DIAERESIS}\n")
    return mail


def free_port(address: str) -> int:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served(address: str) -> Iterator[tuple[int, Any]]:
    """A real SMTP server; its port, and what reads the next mail that it took."""
    port = free_port(address)
    words = [sys.executable, smtp_server.__file__, address, str(port)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            assert server.stdout.readline() == "ready\n"
            yield port, lambda: json.loads(server.stdout.readline() if server.stdout else "")
        finally:
            server.kill()


@pytest.mark.parametrize(("address", "place"), [("127.0.0.1", "127.0.0.1:{}"), ("::1", "[::1]:{}")])
def test_by_smtp(address: str, place: str) -> None:
    """Every recipient is one of the envelope, and the text arrives as it was."""
    with served(address) as (port, next_mail):
        deliver(letter(), sender="lb@example.com", recipients=TWO, smtp=place.format(port))
        came = next_mail()

    assert (came["sender"], came["recipients"]) == ("lb@example.com", TWO)
    assert came["body"].replace("\r\n", "\n") == letter().get_content()
    assert came["headers"]["Subject"] == "down"


def test_a_server_that_is_not_there() -> None:
    """It is told with its name."""
    place = f"127.0.0.1:{free_port('127.0.0.1')}"
    with pytest.raises(MailError, match=f"^{place}: Connection refused"):
        deliver(letter(), sender="lb@example.com", recipients=TWO, smtp=place)


def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time limit the mail counts as not taken."""
    monkeypatch.setattr(mail_module, "SMTP_TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(MailError, match="timed out"):
            deliver(letter(), sender="lb@example.com", recipients=TWO, smtp=place)
    assert time.monotonic() - began < 5


def test_by_sendmail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """postfix's sendmail takes it into its queue for both, a dot on a line of its own included."""
    spool = tmp_path / "spool"
    for name in ("maildrop", "public"):
        (spool / name).mkdir(parents=True)
    (tmp_path / "main.cf").write_text(
        f"queue_directory = {spool}\ndata_directory = {tmp_path}\ncompatibility_level = 3.6\n"
        "myhostname = lb.example.com\n"
    )
    monkeypatch.setenv("MAIL_CONFIG", str(tmp_path))

    deliver(letter(), sender="lb@example.com", recipients=TWO, smtp=None)

    (queued,) = (spool / "maildrop").iterdir()
    words = ["postcat", "-c", str(tmp_path), str(queued)]
    shown = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert "sender: lb@example.com\n" in shown
    assert all(f"recipient: {name}\n" in shown for name in TWO)
    assert "\n.\n" in shown


def test_without_sendmail(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told which program is missing."""
    monkeypatch.setattr(mail_module, "SENDMAIL", "/nonexistent/sendmail")
    with pytest.raises(MailError, match="/nonexistent/sendmail: No such file"):
        deliver(letter(), sender="lb@example.com", recipients=TWO, smtp=None)
