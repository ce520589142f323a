"""All scenarios by name; each file has those of one subject."""

from ..scenario import Scenario
from .checks import CHECKS
from .day import DAYS
from .failures import FAILURES
from .forwarding import FORWARDING
from .forwarding6 import FORWARDING6
from .hands import HANDS
from .lifecycle import LIFECYCLE
from .options import OPTIONS

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        *FORWARDING,
        *FORWARDING6,
        *FAILURES,
        *CHECKS,
        *LIFECYCLE,
        *HANDS,
        *OPTIONS,
        *DAYS,
    )
}
