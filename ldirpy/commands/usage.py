"""What the commands share: how they say that they were called wrongly."""

import argparse
import sys
from typing import NoReturn

USAGE_ERROR = 64  # EX_USAGE of sysexits.h; 1 and 2 have their own meaning


class Parser(argparse.ArgumentParser):
    """argparse's parser with our exit code for wrong usage."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE_ERROR, f"{self.prog}: {message}\n")
