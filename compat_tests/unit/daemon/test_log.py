"""The log of a day, in the words that the Perl daemon was seen to write for the same day."""

import asyncio
import logging
from collections.abc import Iterator

import attrs
import pytest

from compat_tests.jumploop import run_jumping
from compat_tests.unit.daemon.scripted import Stage
from compat_tests.unit.daemon.stories import WEB, StrictTable, directing, real, virtual
from ldirpy.config.model import Config, Virtual
from ldirpy.ipvs.model import DeleteDest, DestId

ONE, TWO, SORRY = "192.0.2.1:80", "192.0.2.2:80", "192.0.2.99:80"
VIP = "198.51.100.1:80"


class Lines(logging.Handler):
    """Collects the lines of the log since it was last asked."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())

    def taken(self) -> list[str]:
        lines = self._lines[:]
        self._lines.clear()
        return lines

    def about(self, server: str) -> list[str]:
        """Those about one server, without the words that tell which."""
        return [line.replace(server, "X") for line in self.taken() if server in line]


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines()
    logger = logging.getLogger("ldirpy")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)


def test_a_day_without_quiescent(stage: Stage, table: StrictTable, lines: Lines) -> None:
    """Start, a soft failure, deaths, returns and the stop are told in ldirectord's words."""

    async def day() -> None:
        async with directing(Config(virtuals=[attrs.evolve(WEB, failurecount=2)]), table):
            await asyncio.sleep(1)
            assert sorted(lines.taken()) == sorted(
                [
                    f"Added virtual server: {VIP}",
                    f"Added fallback server: {SORRY} ({VIP}) (Weight set to 1)",
                    f"Resetting soft failure count: {ONE} (tcp:{VIP})",
                    f"Resetting soft failure count: {TWO} (tcp:{VIP})",
                    f"Added real server: {ONE} ({VIP}) (Weight set to 1)",
                    f"Added real server: {TWO} ({VIP}) (Weight set to 1)",
                    f"Deleted fallback server: {SORRY} ({VIP})",
                ]
            )
            stage.fail(["192.0.2.1"])
            await asyncio.sleep(10)
            assert lines.taken() == [
                f"Check failed: {ONE} (tcp:{VIP}): down by script",
                f"Soft failure real server: {ONE} (tcp:{VIP}) failure 1/2",
            ]
            await asyncio.sleep(10)
            assert lines.taken() == [
                f"Check failed: {ONE} (tcp:{VIP}): down by script",
                f"Deleted real server: {ONE} ({VIP})",
            ]
            await asyncio.sleep(100)
            assert lines.taken() == []
            stage.fail(["192.0.2.1", "192.0.2.2"])
            await asyncio.sleep(20)
            assert lines.taken()[-2:] == [
                f"Added fallback server: {SORRY} ({VIP}) (Weight set to 1)",
                f"Deleted real server: {TWO} ({VIP})",
            ]
            stage.fail(["192.0.2.2"])
            await asyncio.sleep(10)
            assert lines.taken() == [
                f"Resetting soft failure count: {ONE} (tcp:{VIP})",
                f"Added real server: {ONE} ({VIP}) (Weight set to 1)",
                f"Deleted fallback server: {SORRY} ({VIP})",
            ]

    run_jumping(day())
    assert lines.taken() == [
        f"Purged real server (stop): {ONE} ({VIP})",
        f"Purged virtual server (stop): {VIP}",
    ]


@pytest.mark.parametrize("readdquiescent", [True, False])
def test_a_day_with_quiescent(
    stage: Stage, table: StrictTable, lines: Lines, readdquiescent: bool
) -> None:
    """Quiesced servers are told apart from those added with weight 0, and from those put back."""
    config = Config(
        virtuals=[virtual(quiescent=True, reals=[real(1), real(2, weight=0)])],
        readdquiescent=readdquiescent,
    )

    async def day() -> None:
        async with directing(config, table):
            await asyncio.sleep(1)
            first = "Readd Quiescent" if readdquiescent else "Quiescent"
            assert lines.about(ONE) == [
                f"{first} real server: X ({VIP}) (Weight set to 0)",
                f"Resetting soft failure count: X (tcp:{VIP})",
                f"Restored real server: X ({VIP}) (Weight set to 1)",
            ]
            stage.fail(["192.0.2.1"])
            await asyncio.sleep(10)
            assert lines.about(ONE) == [
                f"Check failed: X (tcp:{VIP}): down by script",
                f"Quiescent real server: X ({VIP}) (Weight set to 0)",
            ]
            stage.fail([])
            await asyncio.sleep(10)
            assert lines.about(ONE) == [
                f"Resetting soft failure count: X (tcp:{VIP})",
                f"Restored real server: X ({VIP}) (Weight set to 1)",
            ]
            table.apply([DeleteDest(key := next(iter(table.read())), DestId(real(1).address, 80))])
            stage.fail(["192.0.2.1"])
            await asyncio.sleep(10)
            readded = [f"Readd Quiescent real server: X ({VIP}) (Weight set to 0)"]
            assert lines.about(ONE)[1:] == (readded if readdquiescent else [])
            assert (DestId(real(1).address, 80) in table.read()[key].dests) == readdquiescent

    run_jumping(day())


def test_reloads(stage: Stage, table: StrictTable, lines: Lines) -> None:
    """A reload tells what it changed, and nothing else."""

    def config(*virtuals: Virtual) -> Config:
        return Config(virtuals=virtuals)

    async def day() -> None:
        async with directing(config(WEB, virtual([1], port=81)), table) as director:
            await asyncio.sleep(1)
            lines.taken()
            director.reload(config(WEB, virtual([1], port=81)))
            await asyncio.sleep(1)
            assert lines.taken() == []
            director.reload(config(virtual(scheduler="rr", reals=[real(1, weight=5)])))
            await asyncio.sleep(1)
            assert lines.taken() == [
                "Purged virtual server (start): 198.51.100.1:81",
                f"Changed virtual server: {VIP}",
                f"Restored real server: {ONE} ({VIP}) (Weight set to 5)",
                f"Purged real server (start): {TWO} ({VIP})",
            ]

    run_jumping(day())


def test_a_server_in_two_services(stage: Stage, table: StrictTable, lines: Lines) -> None:
    """A real server of two virtual services is purged from both, and told so for both."""
    other = attrs.evolve(WEB, port=81)

    async def day() -> None:
        async with directing(Config(virtuals=[WEB, other]), table):
            await asyncio.sleep(1)
            lines.taken()

    run_jumping(day())
    assert [line for line in lines.taken() if ONE in line] == [
        f"Purged real server (stop): {ONE} ({VIP})",
        f"Purged real server (stop): {ONE} (198.51.100.1:81)",
    ]
