"""The table under test: one in memory, or the kernel's when pytest itself runs in that kernel."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from ldirpy.ipvs.memory import MemoryTable
from ldirpy.ipvs.model import IpvsTable

# Set by test_on_a_kernel.py for the pytest that it runs in a user-mode kernel.
IN_KERNEL = "LDIRPY_IN_KERNEL" in os.environ

collect_ignore = ["test_on_a_kernel.py"] if IN_KERNEL else ["test_kernel_only.py"]


@pytest.fixture
def table() -> Iterator[IpvsTable]:
    """An empty table."""
    if not IN_KERNEL:
        yield MemoryTable()
        return
    from ldirpy.ipvs.netlink import KernelTable

    subprocess.run(["ipvsadm", "-C"], check=True)
    kernel = KernelTable()
    yield kernel
    kernel.close()
