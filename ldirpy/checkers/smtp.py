"""service=smtp and submission: a mail server greets, and accepts EHLO or HELO."""

import contextlib
import smtplib
from typing import Self

import attrs

from ldirpy.checkers.dialogue import DialogueChecker, Line, told
from ldirpy.checkers.endpoint import Endpoint
from ldirpy.config.model import Real, Virtual
from ldirpy.errors import CheckFailed

OUR_NAME = "localhost.localdomain"  # what ldirectord calls itself; the host's own may not resolve


@attrs.frozen(kw_only=True)
class SmtpChecker(DialogueChecker):
    """A greeting of 220, EHLO or else HELO, QUIT."""

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        return cls(endpoint=Endpoint.of(virtual, real))

    def talk(self, line: Line) -> str:
        client = smtplib.SMTP(local_hostname=OUR_NAME)
        client.sock = line.as_socket()
        try:
            code, text = client.getreply()
            if code != 220:
                raise CheckFailed(f"no greeting of 220 but {told(_reply(code, text))}")
            client.ehlo_or_helo_if_needed()
        except smtplib.SMTPHeloError as error:
            reply = _reply(error.smtp_code, error.smtp_error)
            raise CheckFailed(f"HELO refused: {told(reply)}") from error
        except smtplib.SMTPException as error:
            raise CheckFailed(f"not an SMTP server: {told(error)}") from error
        # The verdict is clear: whether the server has a word for the end does not matter.
        with contextlib.suppress(CheckFailed, OSError):
            client.putcmd("QUIT")
        return f"{code} {text.decode('utf-8', 'replace').splitlines()[0]}" if text else str(code)


def _reply(code: int, text: bytes | str) -> bytes:
    said = text.encode() if isinstance(text, str) else text
    # smtplib gives -1 for a line without a code, and cuts off what stands in its place.
    return b"%d %s" % (code, said) if code > 0 else b"... " + said
