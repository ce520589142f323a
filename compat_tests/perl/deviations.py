"""Where ldirpy reads a file differently on purpose, by the names of docs/deviations.md.

Two tables. A *repair* is for a line that Perl's daemon refuses and ldirpy reads with a warning: the
line as Perl takes it, which both must then read alike. A *deviation* says whether one difference
is the one of its name, and is no wider than that.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ldirpy.config.lines import BLANKS

if TYPE_CHECKING:
    from .compare import Disagreement

# -- what Perl refuses and ldirpy reads with a warning ------------------------------------------

READ_WITH_A_WARNING = "read-with-a-warning"
_TAIL = r"[ \t\r\f\v]*(?:#.*)?$"


def _yes_no(line: str) -> str:
    return re.sub(rf"(=\s*(?:yes|no)){_TAIL}", r"\1", line)


def _netmask(line: str) -> str:
    return re.sub(rf"(netmask\s*=\s*[0-9.]+){_TAIL}", r"\1", line)


def _states(line: str) -> str:
    return re.sub(rf"(emailalertstatus\s*=.*?[a-z,]){_TAIL}", r"\1", line)


def _fallback(line: str) -> str:
    return re.sub(r"^(fallback6?\s*=.*?)\s+#.*", r"\1", line)


def _comma(line: str) -> str:
    return re.sub(r'"\s+,', '",', line)


def _port_name(line: str) -> str:
    """The number for a service name that one protocol only knows."""

    def number(found: re.Match[str]) -> str:
        for protocol in ("tcp", "udp"):
            try:
                return f":{socket.getservbyname(found[1], protocol)}"
            except OSError:
                continue
        return found[0]

    return re.sub(r":([a-z][\w-]*)", number, line)


# The words of Perl's daemon, and the line as it takes it.
REPAIRS: Mapping[str, Callable[[str], str]] = {
    r"\w+ must be 'yes' or 'no'": _yes_no,
    r"(?i).*netmask.*": _netmask,
    r"invalid email alert status at: .*": _states,
    r"forward method must be gate, masq or ipip": _fallback,
    r"Invalid real server line, around .*": _comma,
    r"invalid port for fallback server": _port_name,
    # It misses the end of a section that has not begun when the file ends.
    r"duplicate virtual server": lambda line: f"{line}\n",
}


def repaired(text: bytes, line: int, message: str) -> bytes | None:
    """The text with its line as Perl's daemon takes it; None if there is no repair."""
    rows = text.decode("latin-1").split("\n")
    if not 0 < line <= len(rows):
        return None
    for words, repair in REPAIRS.items():
        if re.fullmatch(words, message, re.DOTALL):
            row = repair(rows[line - 1])
            if row != rows[line - 1]:
                return "\n".join([*rows[: line - 1], row, *rows[line:]]).encode("latin-1")
    return None


# -- differences --------------------------------------------------------------------------------


def _line_of_a_twin(found: Disagreement) -> bool:
    return (
        found.what == "line"
        and "duplicate virtual server" in str(found.perl)
        and "this virtual service is there already" in str(found.ldirpy)
    )


_TEXTS = (
    "execute|maintenancedir|smtp|servicename|comment|fallbackcommand|emailalertfrom|checkcommand|"
    "monitorfile|callback|logfile|virtualhost|load"
)


def _blanks_behind_texts(found: Disagreement) -> bool:
    if found.what.endswith("emailalert") and '"' in str(found.perl):
        return str(found.perl).strip(BLANKS + '"') == str(found.ldirpy)
    if not re.fullmatch(rf"(.*\.)?({_TEXTS})", found.what) or not isinstance(found.perl, str):
        return False
    perl = [word.strip(BLANKS) for word in found.perl.split(",")]
    bare = [re.sub(r'^"(.*)"$', r"\1", word) for word in perl]
    return ",".join(dict.fromkeys(bare)) == (found.ldirpy or "")


def _comments_behind_mail(found: Disagreement) -> bool:
    return (
        found.what.endswith("emailalert")
        and isinstance(found.perl, str)
        and isinstance(found.ldirpy, str)
        and re.fullmatch(re.escape(found.ldirpy) + r"[,\s]*\s#.*", found.perl, re.DOTALL)
        is not None
    )


def _fallback_of_a_mark(found: Disagreement) -> bool:
    if found.what == "command":
        return re.fullmatch(r"\./ipvsadm -a -f \d+ (-6 )?.*-r :0 .*", str(found.perl)) is not None
    return (
        re.fullmatch(r"virtuals\[\d+\]\.fallback(\.\w+)?", found.what) is not None
        and found.perl is None
        and found.marked
    )


def _of_a_real(found: Disagreement, *fields: str) -> bool:
    """Whether it is about one of these fields of a real server that Perl has as not given."""
    return (
        re.fullmatch(rf"virtuals\[\d+\]\.reals\[\d+\]\.({'|'.join(fields)})", found.what)
        is not None
        and not found.perl
    )


def _leading_slash(found: Disagreement) -> bool:
    """What Perl loses behind such a request, or does not look at."""
    lost = _of_a_real(found, "receive", "l_threshold", "u_threshold")
    return (lost or _refused(found, "cannot read")) and re.search(r'\s"/', found.row) is not None


def _empty_receive(found: Disagreement) -> bool:
    return _of_a_real(found, "receive") and found.perl == "" and found.ldirpy is None


def _order(found: Disagreement) -> bool:
    """What Perl loses of a line that does not have weight, strings, l: and u: in this order."""
    lost = _of_a_real(found, "request", "receive", "l_threshold", "u_threshold")
    words = re.findall(r'\s(".*"(?=\s|$)|[0-9]+(?=\s|$)|l:[0-9]+|u:[0-9]+)', found.row)
    kinds = [0 if w.isdigit() else 1 if w[0] == '"' else 2 if w[0] == "l" else 3 for w in words]
    twice = found.what in ("line", "verdict") and "cannot read" in str(found.ldirpy)
    return (lost and kinds != sorted(kinds)) or (twice and len(set(kinds)) < len(kinds))


def _refused(found: Disagreement, words: str) -> bool:
    """Whether ldirpy refuses, in these words, what Perl takes, or comes to refuse later."""
    if found.what == "line":
        perl = re.match(r"line (\d+)", str(found.perl))
        # Perl's error is told as well, or comes later.
        if not perl or not (int(perl[1]) in found.lines or int(perl[1]) > found.lines[0]):
            return False
    elif (found.what, found.perl) != ("verdict", "accepted"):
        return False
    return re.search(words, str(found.ldirpy)) is not None


def _blank_before_the_comma(found: Disagreement) -> bool:
    return (
        _of_a_real(found, "request", "receive") and re.search(r'"\s+,\s*"', found.row) is not None
    )


def _behind_the_method(found: Disagreement) -> bool:
    return _refused(found, "unknown forwarding method '((gate|masq|ipip)[^a-z]|[^a-z])")


def _double_colon(found: Disagreement) -> bool:
    return _refused(
        found, "cannot tell the address from the port|not a host or an address|not an IPv6 address"
    )


_WORD_OF_DIGITS = r'\sreal6?\s*=.*?\s"[^"]*\s[0-9]+\b[^"]*"'


def _digits_in_a_request(found: Disagreement) -> bool:
    if found.what in ("verdict", "line"):
        return (
            "Invalid real server line" in str(found.perl)
            and re.search(_WORD_OF_DIGITS, found.text.decode("latin-1")) is not None
        )
    lost = _of_a_real(found, "request", "receive", "l_threshold", "u_threshold")
    weight = re.fullmatch(r"virtuals.*\.reals.*\.weight", found.what) is not None
    return (lost or weight) and re.search(_WORD_OF_DIGITS, found.row) is not None


def _impossible_values(found: Disagreement) -> bool:
    return _refused(
        found,
        "must be at most|must be a number above 0|a firewall mark must be|dotted quad|prefix|"
        "the range names",
    )


def _port_of_a_range(found: Disagreement) -> bool:
    return _refused(found, "the port of a range stands behind its end")


def _port_name_with_a_mark(found: Disagreement) -> bool:
    return (
        found.what in ("verdict", "line")
        and "invalid port for fallback server" in str(found.perl)
        and re.search(rb"^virtual6?\s*=\s*[0-9]", found.text, re.MULTILINE) is not None
        and re.search(rb"^\s+fallback6?\s*=\s*\S+:[a-z]", found.text, re.MULTILINE) is not None
    )


def _empty_logfile(found: Disagreement) -> bool:
    return (found.what, found.perl) == ("logfile", "")


def _persistent_0(found: Disagreement) -> bool:
    return found.what.startswith("service[") and "PERSISTENT: 1>, timeout=0" in str(found.perl)


def _checktype_0(found: Disagreement) -> bool:
    return found.what.endswith(".checktype") and (found.perl, found.ldirpy) == (
        "combined", "negotiate",
    ) and re.search(rb"checktype\s*=[^0-9\n]*0+[^0-9]", found.text) is not None  # fmt: skip


def _receive_is_compiled(found: Disagreement) -> bool:
    return _refused(found, "not a regular expression")


DEVIATIONS: Mapping[str, Callable[[Disagreement], bool]] = {
    READ_WITH_A_WARNING: _blank_before_the_comma,
    "junk-behind-the-method": _behind_the_method,
    "the-line-of-a-twin": _line_of_a_twin,
    "blanks-behind-texts": _blanks_behind_texts,
    "comments-behind-mail-addresses": _comments_behind_mail,
    "fallback-for-all-and-marks": _fallback_of_a_mark,
    "a-real-servers-request-with-a-leading-slash": _leading_slash,
    "an-empty-receive": _empty_receive,
    "thresholds-in-either-order": _order,
    "double-colon-port": _double_colon,
    "digits-in-a-request": _digits_in_a_request,
    "impossible-values": _impossible_values,
    "receive-is-compiled": _receive_is_compiled,
    "the-port-of-a-range": _port_of_a_range,
    "the-name-of-a-port-with-a-mark": _port_name_with_a_mark,
    "an-empty-logfile": _empty_logfile,
    "checktype-0": _checktype_0,
    "persistent-0": _persistent_0,
}
# Differences of the checks and of the servers in the table follow from these.
OF_CHECKS = frozenset(
    [
        READ_WITH_A_WARNING,
        "blanks-behind-texts",
        "a-real-servers-request-with-a-leading-slash",
        "an-empty-receive",
        "digits-in-a-request",
        "thresholds-in-either-order",
        "checktype-0",
    ]
)
