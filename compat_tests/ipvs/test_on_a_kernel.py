"""The same contract, and what only a kernel can show, run inside a real one."""

from pathlib import Path

import pytest

from compat_tests.kernel.uml import KernelRun, run_in_kernel

INSIDE = Path(__file__).with_name("inside.py")
FEWEST = 80  # contract and kernel-only cases together


@pytest.fixture(scope="module")
def run() -> KernelRun:
    """The tests of this folder, played in a kernel that was booted for them."""
    return run_in_kernel(INSIDE, timeout=300)


@pytest.mark.kernel
def test_every_case_passes(run: KernelRun) -> None:
    """Each case that ran in the kernel passed there."""
    failed = [line for line in run.results if not line["passed"]]

    assert not failed, "\n\n".join(f"{line['test']}\n{line['text']}" for line in failed)
    assert run.status == 0, run.output


@pytest.mark.kernel
def test_cases_were_run_at_all(run: KernelRun) -> None:
    """Both the contract and the kernel's own cases were there."""
    files = {line["test"].partition("::")[0] for line in run.results}

    assert {Path(name).name for name in files} == {"test_contract.py", "test_kernel_only.py"}
    assert len(run.results) >= FEWEST
