"""checktype=external-python: functions that behave, and that do not."""

import asyncio
import re
from pathlib import Path

import pytest

from compat_tests.checkers.peers import HERE, judged, nothing_left
from ldirpy.checkers.base import CheckResult
from ldirpy.checkers.external_python import ExternalPythonChecker
from ldirpy.config.model import Real, Virtual
from ldirpy.net import Protocol

FUNCTIONS = """
import os, sys, time
calls = 0
class Box:
    @staticmethod
    def inside(*_): return 1
def nothing(*_): return None
def true(*_): return True
def false(*_): return False
def zero(*_): return 0
def empty(*_): return ""
def raises(*_): raise ConnectionError("the queue is full\\nmore")
def raises_bare(*_): raise ValueError
def exits(*_): sys.exit(0)
def exits_3(*_): sys.exit(3)
def exits_text(*_): sys.exit("no licence")
def prints(*_): print("0 well\\n" * 9, flush=True); os.write(1, b"1 ill\\n")
def says_why(*_): print("disk full", file=sys.stderr); return False
def hangs(*_): time.sleep(60)
def dies(*_): os._exit(5)
def arguments(*words): assert words == ("127.0.0.1", 80, "127.0.0.2", 81), words
def mark(*words): assert words == (7, 0, "::2", 81), words
def counts(*_):
    global calls
    calls += 1
    return calls < 3
number = 5
"""

OUTCOMES = {
    "nothing": (True, "the function said so"),
    "true": (True, "the function said so"),
    "Box.inside": (True, "the function said so"),
    "arguments": (True, "the function said so"),
    "exits": (True, "the function said so"),
    "prints": (True, "the function said so"),
    "false": (False, "the function returned False"),
    "zero": (False, "the function returned 0"),
    "empty": (False, "the function returned ''"),
    "raises": (False, "ConnectionError: the queue is full"),
    "raises_bare": (False, "ValueError"),
    "exits_3": (False, "exit status 3"),
    "exits_text": (False, "no licence"),
    "says_why": (False, "disk full"),
    "hangs": (False, "no answer in 1 s"),
    "dies": (False, r"the script has ended its worker \(exit status 5\)"),
    "number": (False, "checks:number cannot be imported: TypeError: it is not a function"),
    "missing": (False, "checks:missing cannot be imported: AttributeError: .*"),
}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module `checks` that can be imported."""
    (tmp_path / "checks.py").write_text(FUNCTIONS)
    (tmp_path / "broken.py").write_text("import no_such_module")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def checker(function: str) -> ExternalPythonChecker:
    service = Virtual(address=HERE, port=80, checkcommand=function)
    return ExternalPythonChecker.from_config(service, Real(address=HERE + 1, port=81))


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize("name", OUTCOMES)
def test_functions(name: str) -> None:
    """Every outcome of a function is a verdict with its message, and leaves nothing behind."""
    up, message = OUTCOMES[name]

    async def run() -> CheckResult:
        return await judged(checker(f"checks:{name}"))

    async def leaving_nothing() -> CheckResult:
        async with nothing_left():
            return await run()

    result = asyncio.run(leaving_nothing())

    assert result.up is up
    assert re.fullmatch(message, result.message)


@pytest.mark.usefixtures("module")
def test_a_module_that_does_not_import() -> None:
    """A module that cannot be imported is down with the reason."""
    result = asyncio.run(judged(checker("broken:check")))

    assert result.message == (
        "broken:check cannot be imported: ModuleNotFoundError: No module named 'no_such_module'"
    )


@pytest.mark.usefixtures("module")
def test_firewall_mark_and_ipv6() -> None:
    """A mark comes as a number with port 0, an IPv6 address without brackets."""
    from ipaddress import ip_address

    service = Virtual(fwmark=7, protocol=Protocol.FWM, checkcommand="checks:mark")
    real = Real(address=ip_address("::2"), port=81)
    result = asyncio.run(judged(ExternalPythonChecker.from_config(service, real)))

    assert result.up, result.message


@pytest.mark.usefixtures("module")
def test_the_module_is_kept() -> None:
    """The module is imported once, and keeps its variables from call to call."""
    one = checker("checks:counts")

    async def run() -> list[bool]:
        return [(await judged(one)).up for _ in range(4)]

    assert asyncio.run(run()) == [True, True, False, False]


@pytest.mark.parametrize("command", ["/bin/true", "module", "module:", ":function", "a b:c"])
def test_what_is_no_function(command: str) -> None:
    """A checkcommand that does not name a function is a configuration error."""
    with pytest.raises(ValueError, match="needs a function"):
        checker(command)
