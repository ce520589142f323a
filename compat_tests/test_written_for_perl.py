"""What Config.to_text writes, in the eyes of Perl's parser."""

import subprocess
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from compat_tests.unit.strategies import configs
from ldirpy import CheckType, Config, Virtual
from ldirpy.config.directives import DIRECTIVES

COUNT = 12  # each is a start of Perl's ldirectord

PARSED = 3  # the exit code of `status` for a good file of an instance that is not running


def written() -> list[str]:
    """The texts of some configurations, the same in each run."""
    texts: list[str] = []

    @seed(4)
    @settings(
        max_examples=COUNT,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(configs())
    def collect(config: Config) -> None:
        plain = [without_extensions(virtual) for virtual in config.virtuals]
        texts.append(attrs.evolve(config, virtuals=plain).to_text())

    collect()
    return texts


def without_extensions(virtual: Virtual) -> Virtual:
    """The virtual service without what only ldirpy knows."""
    blank = Virtual(fwmark=1)
    own = {row.field: getattr(blank, row.field) for row in DIRECTIVES.values() if row.extension}
    if virtual.checktype is CheckType.EXTERNAL_PYTHON:
        own["checktype"] = CheckType.EXTERNAL
    return attrs.evolve(virtual, **own)


@pytest.mark.perl
def test_perl_takes_what_is_written(tmp_path: Path) -> None:
    """Perl's parser has nothing to say against any of them."""
    complaints = []
    for number, text in enumerate(written()):
        path = tmp_path / f"{number}.cf"
        path.write_text(text, errors="surrogateescape")
        words = ["ldirectord", "-d", str(path), "status"]
        done = subprocess.run(words, capture_output=True, cwd=tmp_path, check=False)
        if done.returncode != PARSED:
            complaints.append(f"{text}\n{done.stderr.decode(errors='replace')}")

    assert complaints == []
    assert len(list(tmp_path.glob("*.cf"))) == COUNT
