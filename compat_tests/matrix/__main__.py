"""Prints the matrix of checks, and writes it into docs/check-matrix.md."""

import asyncio

from compat_tests.matrix.table import DOCUMENT, HEAD, line, run


def main() -> None:
    text = HEAD + "".join(f"{line(cell)}\n" for cell in asyncio.run(run()))
    print(text, end="")
    DOCUMENT.write_text(text)


main()
