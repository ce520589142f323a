"""ldirpy reads a ldirectord.cf as Perl's ldirectord does, or differs on purpose and by name."""

import contextlib
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ldirpy.config.model import Config
from ldirpy.errors import ConfigError

from . import compare, constructs, grammar, views
from .compare import Tally
from .conftest import reported
from .deviations import DEVIATIONS, READ_WITH_A_WARNING
from .oracle import Oracle

pytestmark = pytest.mark.perl

ROOT = Path(__file__).parents[2]
STARTED = 300  # of the generated files that are also started, which takes the daemon longer


def agreed(tally: Tally) -> None:
    """Fail with what was not explained, each with its file."""
    shown = [
        f"{found}\n{found.text.decode('utf-8', 'replace')}" for found in tally.unexplained[:10]
    ]
    assert not shown, f"{tally}\n" + "\n".join(shown)


def test_constructs(oracle: Oracle, request: pytest.FixtureRequest) -> None:
    """Each way to write each directive means the same to both."""
    tally = compare.run(oracle, dict.fromkeys(constructs.texts()))
    reported(request.config, "constructs", tally)

    agreed(tally)
    assert {*DEVIATIONS, READ_WITH_A_WARNING} <= {*tally.deviations}


def test_generated_files(
    oracle: Oracle, seed: int, count: int, request: pytest.FixtureRequest
) -> None:
    """Thousands of files, right and wrong, mean the same to both."""
    texts = grammar.texts(count, seed)
    tally = compare.run(oracle, texts[:STARTED])
    compare.run(oracle, texts[STARTED:], start=False, into=tally)
    reported(request.config, f"generated with LDIRPY_SEED={seed}", tally)

    agreed(tally)
    assert tally.files == count
    assert tally.accepted > count // 5


@pytest.mark.parametrize(
    ("found", "instead"),
    [
        ("checktimeout=", "checkinterval="),
        (" masq", " gate"),
        ("quiescent=yes", "quiescent=no"),
        ("#", "\\#"),
    ],
)
def test_a_broken_rule_is_found(oracle: Oracle, seed: int, found: str, instead: str) -> None:
    """A parser with one rule wrong does not pass: the comparison sees it."""

    def broken(text: bytes) -> Config:
        return compare.own_load(text.replace(found.encode(), instead.encode()))

    texts = [text for text in grammar.texts(300, seed) if found.encode() in text][:40]

    assert compare.run(oracle, texts, start=False).unexplained == []
    assert compare.run(oracle, texts, start=False, load=broken).unexplained != []


def test_deviations_are_told() -> None:
    """Each deviation that the comparison knows stands in docs/deviations.md."""
    text = (ROOT / "docs" / "deviations.md").read_text()
    told = set(re.findall(r"^### ([\w-]+)$", text, re.MULTILINE))

    assert {*DEVIATIONS, READ_WITH_A_WARNING} <= told


# -- the sample of the Debian package -----------------------------------------------------------


def _sample() -> list[str]:
    listed = subprocess.run(
        ["dpkg", "-L", "ldirectord"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    place = next(path for path in listed.splitlines() if path.endswith("examples/ldirectord.cf"))
    return Path(place).read_text(encoding="utf-8").split("\n")


def _switched_on(rows: list[str]) -> Iterator[str]:
    """The sample with each commented block switched on, one by one and all together."""
    blocks: list[list[int]] = []
    for number, row in enumerate(rows):
        if re.match(r"#\s*[a-z0-9]+\s*=", row):
            if blocks and blocks[-1][-1] == number - 1:
                blocks[-1].append(number)
            else:
                blocks.append([number])
    for block in [*blocks, [number for several in blocks for number in several]]:
        yield "\n".join(
            re.sub("^#", "", row) if number in block else row for number, row in enumerate(rows)
        )


def test_the_debian_sample(oracle: Oracle, request: pytest.FixtureRequest) -> None:
    """The sample of the package, as it is and with its commented parts switched on."""
    rows = _sample()
    texts = [text.encode() for text in dict.fromkeys(["\n".join(rows), *_switched_on(rows)])]
    tally = compare.run(oracle, texts)
    reported(request.config, "the Debian sample", tally)

    agreed(tally)
    assert tally.files > 5


# -- a directory of other people's files --------------------------------------------------------


@pytest.fixture
def wild(corpus: Path | None) -> list[Path]:
    """The files of that directory, none if it is not named."""
    if corpus is None:
        return []
    files = sorted(corpus.glob("*.cf"))
    assert files
    return files


def test_corpus(oracle: Oracle, wild: list[Path], request: pytest.FixtureRequest) -> None:
    """Files from the wild mean the same to both: verdict, line, values, services and servers."""
    tally = compare.run(oracle, [file.read_bytes() for file in wild])
    reported(request.config, "files of LDIRPY_CORPUS", tally)

    agreed(tally)


def test_corpus_written_back(
    oracle: Oracle, wild: list[Path], request: pytest.FixtureRequest
) -> None:
    """What `to_text` writes of an accepted file is the same to ldirpy, and to Perl."""
    written = []
    for file in wild:
        with contextlib.suppress(ConfigError):
            config = compare.own_load(file.read_bytes())
            written.append(config.to_text().encode("utf-8", "surrogateescape"))
            assert compare.own_load(written[-1]) == config, file
    tally = compare.run(oracle, written, start=False)
    reported(request.config, "written back", tally)

    agreed(tally)
    assert tally.accepted == tally.files


def test_corpus_before_defaults(wild: list[Path], request: pytest.FixtureRequest) -> None:
    """What a file says is what Perl holds of it before defaults, where parsed/ has that."""
    compared = 0
    for file in wild:
        held = file.parent / "parsed" / f"{file.stem}.json"
        if not held.exists():
            continue
        tree = json.loads(held.read_text())
        record = compare.record(file.read_bytes())
        pairs = [(tree["globals"], record.said)]
        pairs += [
            (virtual, section.said)
            for virtual, section in zip(tree["virtuals"], record.sections, strict=True)
        ]
        for values, said in pairs:
            for name, value in values.items():
                if name in said and name not in views.RESOLVED:
                    compared += 1
                    assert views.plain(said[name].value, name) == views.plain(value, name), (
                        file,
                        name,
                    )
                elif name in views.UNSET:
                    compared += 1
                    assert value in views.UNSET[name], (file, name)
    reported(request.config, "values before defaults", str(compared))
    assert bool(compared) == any((file.parent / "parsed").is_dir() for file in wild)
