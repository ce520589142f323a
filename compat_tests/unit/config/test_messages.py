"""The errors as people see them: `messages.txt` has a faulty text and all that is said of it."""

from pathlib import Path

import pytest

from ldirpy import ConfigError, loads
from ldirpy.config.directives import DIRECTIVES

CASES = [
    case.partition("\n=>\n")[::2]
    for case in (Path(__file__).parent / "messages.txt").read_text().rstrip("\n").split("\n----\n")
]


@pytest.mark.parametrize(("text", "message"), CASES, ids=[text for text, _ in CASES])
def test_the_whole_message(text: str, message: str) -> None:
    """Place, line, caret and advice are these, to the letter."""
    with pytest.raises(ConfigError) as caught:
        loads(f"{text}\n\n", path="a.cf")

    assert str(caught.value) == message


def test_every_directive_has_a_message() -> None:
    """There is a faulty text for each directive but those that take any value."""
    anything = {"login", "database", "secret", "virtualhost", "servicename", "comment", "execute"}
    texts = "\n".join(text for text, _ in CASES)
    same = {"persistent", "negotiatetimeout", "checkcount", "readdquiescent", "cleanstop", "ops"}

    missing = [name for name in DIRECTIVES if f"{name}=" not in texts]
    assert set(missing) <= anything | same | {"cafile"}


@pytest.mark.parametrize("name", ["passwd", "secret", "pasword", "secrets"])
@pytest.mark.parametrize("value", ["hush", '"hush', '"hush # x"', '"hush" "'])
def test_no_password_in_a_message(name: str, value: str) -> None:
    """Neither the message nor the line that it quotes has it."""
    with pytest.raises(ConfigError) as caught:
        loads(f"virtual=192.0.2.1:80\n    {name}={value}\n    nosuch=1\n", path="a.cf")

    assert "hush" not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize(
    ("text", "headline"),
    [
        ("\ufeffautoreload=no", "1:1: the file begins with a byte order mark"),
        ("virtual=192.0.2.1:80\n\t \n", "2:1: a line of more than four blanks"),
        ("virtual=192.0.2.1:80\n\tscheduler=7", "2:12: scheduler: must be lower-case letters, "
         "not '7'"),
        ("virtual=192.0.2.1:80\n  \treal=192.0.2.2:80\tgatee", "2:22: real: unknown forwarding "
         "method 'gatee'"),
    ],
)  # fmt: skip
def test_what_cannot_be_seen(text: str, headline: str) -> None:
    """A tab is one column, and what cannot be seen is told."""
    with pytest.raises(ConfigError) as caught:
        loads(text, path="a.cf")

    assert caught.value.problems[0].headline() == f"a.cf:{headline}"


def test_the_order_is_that_of_perl() -> None:
    """The first error is that at which Perl's daemon stops: servers are looked at late."""
    text = """\
virtual=nosuch.invalid:80
    real=192.0.2.2:80 gatee
    fallback=nosuch.invalid
    scheduler=7

autoreload=maybe
"""
    with pytest.raises(ConfigError) as caught:
        loads(text)

    assert [problem.line for problem in caught.value.problems] == [4, 3, 1, 2, 6]


@pytest.mark.parametrize("blank", ["\x85", "\xa0", "\u3000", "\x1c", "\u2028"])
def test_blanks_of_unicode_are_text(blank: str) -> None:
    """They are no blanks to ldirectord, and a line of them is no directive."""
    with pytest.raises(ConfigError, match="1:1: unknown command"):
        loads(f"{blank}\n")
    with pytest.raises(ConfigError, match="2:5: unknown command"):
        loads(f"virtual=192.0.2.1:80\n    {blank}service=http\n")
