"""ldirpy: checks real servers and keeps the kernel's IPVS table right.

The names below are the public interface. Each is imported when it is first used, so that a script
that only reads a configuration does not load HTTP and netlink libraries.
"""

import importlib
from typing import TYPE_CHECKING

from ldirpy._version import __version__

if TYPE_CHECKING:
    from ldirpy.checkers.base import BlockingChecker, Checker, CheckResult, Deadline
    from ldirpy.config.load import load, loads
    from ldirpy.config.model import CheckType, Config, HttpMethod, Real, Virtual
    from ldirpy.daemon.director import Director
    from ldirpy.errors import CheckFailed, ConfigError, IpvsError, LdirpyError
    from ldirpy.ipvs.memory import MemoryTable
    from ldirpy.ipvs.netlink import KernelTable
    from ldirpy.net import Family, Forward, Protocol
    from ldirpy.probe import probe
    from ldirpy.reconcile import plan

_HOMES = {
    "BlockingChecker": "ldirpy.checkers.base",
    "CheckFailed": "ldirpy.errors",
    "CheckResult": "ldirpy.checkers.base",
    "CheckType": "ldirpy.config.model",
    "Checker": "ldirpy.checkers.base",
    "Config": "ldirpy.config.model",
    "ConfigError": "ldirpy.errors",
    "Deadline": "ldirpy.checkers.base",
    "Director": "ldirpy.daemon.director",
    "Family": "ldirpy.net",
    "Forward": "ldirpy.net",
    "HttpMethod": "ldirpy.config.model",
    "IpvsError": "ldirpy.errors",
    "KernelTable": "ldirpy.ipvs.netlink",
    "LdirpyError": "ldirpy.errors",
    "MemoryTable": "ldirpy.ipvs.memory",
    "Protocol": "ldirpy.net",
    "Real": "ldirpy.config.model",
    "Virtual": "ldirpy.config.model",
    "load": "ldirpy.config.load",
    "loads": "ldirpy.config.load",
    "plan": "ldirpy.reconcile",
    "probe": "ldirpy.probe",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


__all__ = [
    "BlockingChecker",
    "CheckFailed",
    "CheckResult",
    "CheckType",
    "Checker",
    "Config",
    "ConfigError",
    "Deadline",
    "Director",
    "Family",
    "Forward",
    "HttpMethod",
    "IpvsError",
    "KernelTable",
    "LdirpyError",
    "MemoryTable",
    "Protocol",
    "Real",
    "Virtual",
    "__version__",
    "load",
    "loads",
    "plan",
    "probe",
]
