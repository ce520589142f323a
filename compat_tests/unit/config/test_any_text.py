"""Any text at all: it is a Config, or a ConfigError that names its lines."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ldirpy import Config, ConfigError
from ldirpy.config.directives import DIRECTIVES
from ldirpy.config.effective import effective
from ldirpy.config.parse import sections
from ldirpy.config.resolve import SystemResolver
from ldirpy.config.warnings import refused_by_perl, warnings
from ldirpy.net import Address, Family


class Offline(SystemResolver):
    """The system's answers, without a look at a network for names."""

    def address(self, host: str, family: Family) -> Address:
        if any(char.isalpha() for char in host) and ":" not in host:
            raise LookupError(f"{host} is not looked up in a test")
        return super().address(host, family)


_WORDS = st.sampled_from(
    [
        *DIRECTIVES, "timeout", "yes", "no", "=", " = ", "192.0.2.1", ":80", "->192.0.2.9", " gate",
        " masq", " 5", "\"a\", \"b\"", " l:1", "u:2", "[2001:db8::1]", "negotiate", "http", "mysql",
        "\n", "\n    ", "\n\t", "#", "\"", "\r\n", " ", "0", "99999999999999999999", "é", "\udcff",
        "all,none", "\x0b", "virtual=192.0.2.1:80\n    ", "virtual6=7\n    ",
    ]
)  # fmt: skip
_TEXTS = st.one_of(st.text(max_size=200), st.lists(_WORDS, max_size=40).map("".join))


@settings(deadline=None)  # a busy machine is not a slow parser
@given(_TEXTS)
def test_any_text(text: str) -> None:
    """Nothing but ConfigError comes out, and its problems stand in lines of the text."""
    resolver = Offline()
    record = sections(text, path="a.cf", resolver=resolver)
    try:
        config = effective(record, resolver)
    except ConfigError as error:
        problems = [error.problems[0], *error.problems, *error.warnings]
    else:
        assert isinstance(config, Config)
        problems = [*warnings(record, config), *refused_by_perl(record)]
    lines = text.split("\n")
    for problem in problems:
        assert 1 <= problem.line <= len(lines)
        assert 0 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert str(problem).startswith(f"a.cf:{problem.line}")
