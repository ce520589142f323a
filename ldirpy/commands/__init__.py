"""The commands of the command line, one module each with `run(words) -> exit code`.

Each is imported only when it is the one that is called.
"""

from collections.abc import Mapping

# The first word on the command line and the module that takes the words behind it.
COMMANDS: Mapping[str, str] = {
    "check": "ldirpy.commands.check",
    "probe": "ldirpy.commands.probe",
    "show": "ldirpy.commands.show",
    "takeover": "ldirpy.commands.takeover",
}
