"""A mail server that takes everything, and takes its time over the first mail."""

import socketserver
import threading
import time

from . import netns


class Mailbox(socketserver.ThreadingTCPServer):
    """Listens at port 25 of a namespace's loopback; `mails` are the texts that have arrived."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, namespace: str, *, first_takes: float) -> None:
        with netns.inside(namespace):
            super().__init__(("127.0.0.1", 25), _Session)
        self.mails: list[str] = []
        self._first_takes = first_takes
        self._lock = threading.Lock()
        self._begun = False
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self, mail: str) -> None:
        """Keeps a mail; of several at a time only the first one waits."""
        with self._lock:
            first, self._begun = not self._begun, True
        if first:
            time.sleep(self._first_takes)
        self.mails.append(mail)


class _Session(socketserver.StreamRequestHandler):
    """RFC 5321 as far as a client that sends mail needs it."""

    server: Mailbox

    def handle(self) -> None:
        self._say("220 mail.example.test ESMTP")
        while line := self.rfile.readline():
            match line.split(maxsplit=1)[0].upper() if line.split() else b"":
                case b"DATA":
                    self._say("354 go on")
                    self.server.take(self._text())
                    self._say("250 taken")
                case b"QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 mail.example.test")

    def _text(self) -> str:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        return b"".join(lines).decode(errors="replace")

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")
