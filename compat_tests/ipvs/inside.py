"""Runs in the user-mode kernel: this folder's tests, on that kernel's table."""

import json
import os
import sys

import pytest


class Reporter:
    """Writes one JSON line for each test."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test counts once; a failure to set it up is its failure."""
        if report.when == "call" or report.failed:
            with open(os.environ["KERNEL_RESULTS"], "a") as results:
                line = {"test": report.nodeid, "passed": report.passed, "text": report.longreprtext}
                results.write(json.dumps(line) + "\n")


os.environ["LDIRPY_IN_KERNEL"] = "1"
options = ["-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "--tb=short"]
sys.exit(pytest.main([*options, "compat_tests/ipvs"], plugins=[Reporter()]))
