"""An SMTP server as a program: writes each mail it takes as a line of JSON to standard output."""

import email
import email.policy
import json
import sys
import threading
from typing import Any

from aiosmtpd.controller import Controller


class Handler:
    """Takes every mail."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Write down what came."""
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = mail.get_body()
        record = {
            "sender": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "headers": {name: str(value) for name, value in mail.items()},
            "body": body.get_content() if body else "",
        }
        print(json.dumps(record), flush=True)
        return "250 taken"


def main(address: str, port: int) -> None:
    """Serve until killed."""
    controller = Controller(Handler(), hostname=address, port=port)
    controller.start()
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
