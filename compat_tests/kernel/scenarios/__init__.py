"""All scenarios by name; each file has those of one subject."""

from ..scenario import Scenario
from .forwarding import FORWARDING

SCENARIOS: dict[str, Scenario] = {scenario.name: scenario for scenario in FORWARDING}
