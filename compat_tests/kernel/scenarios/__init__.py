"""All scenarios by name; each file has those of one subject."""

from ..scenario import Scenario
from .checks import CHECKS
from .failures import FAILURES
from .forwarding import FORWARDING
from .lifecycle import LIFECYCLE
from .options import OPTIONS

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario for scenario in (*FORWARDING, *FAILURES, *CHECKS, *LIFECYCLE, *OPTIONS)
}
