"""Runs inside the kernel: a reload of a thousand real servers, and a rack of 200 that dies.

Writes one JSON line for each of the two.
"""

import json
import os
import signal
import sys
import time
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from compat_tests.kernel import crowd
from compat_tests.kernel.mailbox import Mailbox
from compat_tests.kernel.netlink_tap import Tap

MANY = 1000
QUIET = 5.0  # seconds in which nothing more may be said
RACK = 200
MAIL_TAKES = 15.0  # seconds that the mail server lets the first mail wait
RHYTHM = 10.0  # seconds before and after the death in which checks are looked at

MANY_CONFIG = """\
checkinterval = 5
checktimeout = 20
virtual = 10.99.0.1:80
    checktype = connect
    service = http
"""

RACK_CONFIG = """\
checkinterval = 1
negotiatetimeout = 20
emailalert = "operators@example.test"
emailalertfrom = "director@example.test"
emailalertstatus = running
smtp = 127.0.0.1
virtual = 10.99.0.1:80
    service = http
    request = "page"
    receive = "well"
    real = 127.3.0.1:81 masq
"""


def main() -> None:
    """Plays both."""
    crowd.build()
    _report(**thousand())
    _report(**rack())


def thousand() -> dict[str, object]:
    """Reloads with one weight changed; what was said to the kernel then, and at the start."""
    tap = Tap(crowd.NAME)
    web = crowd.web_server("many", "80")
    director = crowd.director(_many())
    started = crowd.wait(lambda: crowd.weights().count(1) == MANY, "all are in the table")
    said_at_start = tap.commands()

    crowd.configuration_file().write_text(_many(changed=MANY // 2))
    director.send_signal(signal.SIGHUP)
    reloaded = crowd.wait(lambda: 7 in crowd.weights(), "the weight has changed")
    time.sleep(QUIET)
    said = tap.commands()

    director.terminate()
    director.wait(crowd.BOUND)
    web.kill()
    web.wait()
    return {
        "servers": MANY,
        "seconds_to_start": started,
        "said_at_start": said_at_start,
        "seconds_to_reload": reloaded,
        "said": said,
        "left": len(crowd.weights()),
    }


def rack() -> dict[str, object]:
    """Lets 200 real servers die at once; the mails, and the rhythm of a check that goes on."""
    well = crowd.web_server("well", "81")
    dying = crowd.web_server("rack", "80")
    mailbox = Mailbox(crowd.NAME, first_takes=MAIL_TAKES)
    reals = "".join(f"    real = {address}:80 masq\n" for address in crowd.addresses(2, RACK))
    director = crowd.director(RACK_CONFIG + reals)
    crowd.wait(lambda: crowd.weights().count(1) == RACK + 1, "the whole rack is in the table")
    # All checks have been made once: from then on alerts are those of the state "running".
    time.sleep(RHYTHM)
    before_death = len(mailbox.mails)

    died = time.time()
    dying.kill()
    dying.wait()
    out = crowd.wait(lambda: crowd.weights() == [1], "the rack is out of the table")
    crowd.wait(lambda: _told(mailbox.mails) >= RACK, "the mails tell of all of them")
    time.sleep(max(0.0, died + RHYTHM - time.time()))

    director.terminate()
    director.wait(crowd.BOUND)
    well.kill()
    well.wait()
    times = [float(line) for line in (crowd.FOLDER / "well" / "times").read_text().split()]
    steps = [(first, second - first) for first, second in pairwise(times)]
    return {
        "rack": RACK,
        "mails_before": before_death,
        "mails": len(mailbox.mails) - before_death,
        "told": _told(mailbox.mails),
        "seconds_to_out": out,
        "rhythm_before": [step for at, step in steps if died - RHYTHM <= at < died],
        "rhythm_after": [step for at, step in steps if at + step >= died],
    }


def _many(changed: int | None = None) -> str:
    """The configuration of a thousand, with another weight for one of them."""
    return MANY_CONFIG + "".join(
        f"    real = {address}:80 masq {7 if n == changed else 1}\n"
        for n, address in enumerate(crowd.addresses(1, MANY))
    )


def _told(mails: list[str]) -> int:
    """How many servers of the rack the mails name as deleted."""
    text = "\n".join(mails)
    return sum(
        f"Deleted real server: {address}:80 " in text for address in crowd.addresses(2, RACK)
    )


def _report(**line: object) -> None:
    with open(os.environ["KERNEL_RESULTS"], "a") as results:
        results.write(json.dumps(line) + "\n")


main()
