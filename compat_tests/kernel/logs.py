"""The texts that both daemons log, compared server by server."""

import re
from collections import defaultdict
from collections.abc import Sequence

STAMP = re.compile(r"^\[[^]]*\] ?")  # supervised=yes: [date] TEXT
VERSION = re.compile(r"\bv\d\S*")
PID = re.compile(r"\bpid: \d+")
# A text is about a real or fallback server of a virtual service, a virtual service, or neither.
SUBJECT = re.compile(r"(?:(?:real|fallback) server|count): (\S+ \([^)]*\))|(virtual server: \S+)")
PROTOCOL = re.compile(r"\((?:tcp|udp|fwm):")

# ldirpy's own lines (deviation reasons-in-the-log).
REASON = "Check failed: "
# Perl's for each virtual service at each reload (deviation a-reload-tells-what-it-changed).
CHANGED = "Changed virtual server: "


def difference(perl: str, ldirpy: str, *, only_last: bool) -> str:
    """What both logged of the same events: says what differs, or nothing.

    The order counts for each server and each virtual service; in the log as a whole it is a matter
    of who is checked when. With only_last just the last text of each of them has to be the same.
    """
    theirs, ours = _texts(perl), _texts(ldirpy)
    ours = [text for text in ours if not text.startswith(REASON)]
    theirs = [text for text in theirs if not text.startswith(CHANGED) or text in ours]
    by_subject = (_by_subject(theirs), _by_subject(ours))
    wrong = []
    for subject in sorted({*by_subject[0], *by_subject[1]}):
        first, second = (texts.get(subject, []) for texts in by_subject)
        if only_last:
            first, second = first[-1:], second[-1:]
        if first != second:
            wrong.append(f"{subject or 'the daemon'}: Perl logged {first}, ldirpy {second}")
    return "\n".join(wrong)


def count(text: str) -> int:
    """How many texts of a log are compared."""
    return len(_texts(text))


def _texts(log: str) -> list[str]:
    """The log without dates, versions and pids."""
    lines = (STAMP.sub("", line) for line in log.splitlines() if STAMP.match(line))
    return [PID.sub("pid: PID", VERSION.sub("vVERSION", line)).rstrip() for line in lines]


def _by_subject(texts: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        match = SUBJECT.search(text)
        subject = match[1] or match[2] if match else ""
        found[PROTOCOL.sub("(", subject)].append(text)
    return found
