"""Hands one mail to an SMTP server or to the local sendmail; blocks, within a time limit."""

import smtplib
import subprocess
from collections.abc import Sequence
from email.message import EmailMessage

from ldirpy.errors import MailError

SMTP_TIMEOUT = 20.0  # seconds for each answer of the server
SENDMAIL_TIMEOUT = 30.0  # seconds until sendmail must have taken the mail into its queue
SENDMAIL = "/usr/sbin/sendmail"


def deliver(
    mail: EmailMessage, *, sender: str, recipients: Sequence[str], smtp: str | None
) -> None:
    """Hand over a mail for all recipients; `smtp` is `host`, `host:port` or None for sendmail.

    Raises MailError if it is not taken for one of them.
    """
    if smtp:
        _by_smtp(mail, sender, recipients, smtp)
    else:
        _by_sendmail(mail, sender, recipients)


def _by_smtp(mail: EmailMessage, sender: str, recipients: Sequence[str], smtp: str) -> None:
    try:
        host, port = _place(smtp)
        with smtplib.SMTP(host, port, timeout=SMTP_TIMEOUT) as server:
            refused = server.send_message(mail, sender, list(recipients))
    except (OSError, ValueError) as error:  # smtplib's own exceptions are OSErrors
        raise MailError(f"{smtp}: {_told(error)}") from error
    if refused:
        raise MailError(f"{smtp} refused {', '.join(refused)}", partly=True)


def _place(smtp: str) -> tuple[str, int]:
    """`host`, `host:port`, `[v6]:port` or a bare IPv6 address as host and port, 25 by default."""
    host, colon, port = smtp.rpartition(":")
    if colon and port.isdigit() and (host.endswith("]") or ":" not in host):
        return host.strip("[]"), int(port)
    return smtp.strip("[]"), smtplib.SMTP_PORT


def _by_sendmail(mail: EmailMessage, sender: str, recipients: Sequence[str]) -> None:
    words = [SENDMAIL, "-i", "-f", sender, "--", *recipients]
    try:
        done = subprocess.run(
            words,
            input=mail.as_bytes(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SENDMAIL_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MailError(f"{SENDMAIL}: {_told(error)}") from error
    if done.returncode:
        said = done.stdout.decode("utf-8", "replace").strip()
        raise MailError(f"{SENDMAIL} ended with {done.returncode}: {said}")


def _told(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {error.smtp_error!r}"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
