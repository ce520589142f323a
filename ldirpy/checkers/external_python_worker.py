"""The worker of checktype=external-python: `python external_python_worker.py FUNCTION DESCRIPTOR`.

It imports FUNCTION, `package.module:function`, says "0" on DESCRIPTOR, and then calls it for each
line of arguments on its standard input. The answer is one line: the exit status and, if that is not
0, a text. See workers.py for the other side. Nothing of ldirpy is imported here.
"""

import functools
import importlib
import os
import sys
from collections.abc import Callable


def main() -> None:
    """Answer until standard input ends."""
    target, descriptor = sys.argv[1], int(sys.argv[2])
    os.set_inheritable(descriptor, False)
    orders = os.fdopen(os.dup(0))
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    try:
        function = imported(target)
    except BaseException as error:
        answer(descriptor, 1, f"{target} cannot be imported: {said(error)}")
        return
    answer(descriptor, 0)
    for line in orders:
        answer(descriptor, *outcome(function, line.split()))


def imported(target: str) -> Callable[..., object]:
    """The function that `package.module:function` names."""
    module, _, name = target.partition(":")
    function = functools.reduce(getattr, name.split("."), importlib.import_module(module))
    if not callable(function):
        raise TypeError("it is not a function")
    return function


def outcome(function: Callable[..., object], words: list[str]) -> tuple[int, str]:
    """The exit status of one call, and a text if there is something to say.

    Words of digits alone are numbers: ports and firewall marks.
    """
    try:
        result = function(*(int(word) if word.isdecimal() else word for word in words))
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            return error.code or 0, ""
        return 1, str(error.code)
    except BaseException as error:
        return 1, said(error)
    if result is None or result:
        return 0, ""
    # Behind what the function has said itself: the first line there is the message.
    print(f"the function returned {result!r}", file=sys.stderr, flush=True)
    return 1, ""


def said(error: BaseException) -> str:
    """An exception in one line: its own text, or its name if it has none."""
    text = str(error).strip()
    if not text:
        return type(error).__name__
    return f"{type(error).__name__}: {text.splitlines()[0]}"


def answer(descriptor: int, status: int, text: str = "") -> None:
    """One line, at once."""
    line = f"{status} {text.splitlines()[0] if text else ''}"[:1000]
    os.write(descriptor, line.encode("utf-8", "backslashreplace") + b"\n")


if __name__ == "__main__":
    main()
