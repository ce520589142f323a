"""Real servers in maintenance: out at once and unchecked, back when a check passes."""

import asyncio
import os
from pathlib import Path

import attrs
import pytest

from compat_tests.jumploop import run_jumping
from compat_tests.unit.daemon.scripted import Stage
from compat_tests.unit.daemon.stories import WEB, StrictTable, directing, real, serving, virtual
from ldirpy.config.model import Config
from ldirpy.daemon import maintaining
from ldirpy.daemon.director import Director
from ldirpy.daemon.events import DirectorEvent, Judged
from ldirpy.health import Event
from ldirpy.ipvs.model import AddDest, DeleteDest, DestId
from ldirpy.maintenance import is_out

NOBODY = is_out([], {})
ONE = is_out(["192.0.2.1"], {})


def test_out_and_back(stage: Stage, table: StrictTable) -> None:
    """It goes out at once, whatever failurecount is, is not checked, and a check brings it back."""

    async def story() -> None:
        async with directing(
            Config(virtuals=[attrs.evolve(WEB, failurecount=9)]), table
        ) as director:
            await asyncio.sleep(5)
            director.hold(ONE)
            await asyncio.sleep(0.1)
            assert serving(table) == {2: 1}
            checks = len(stage.checks["192.0.2.1"])
            await asyncio.sleep(100)
            assert len(stage.checks["192.0.2.1"]) == checks
            assert len(stage.checks["192.0.2.2"]) > checks
            director.hold(NOBODY)
            await asyncio.sleep(10)
            assert serving(table) == {1: 1, 2: 1}

    run_jumping(story())


def test_all_out(stage: Stage, table: StrictTable) -> None:
    """When the last one goes into maintenance the fallback serves."""

    async def story() -> None:
        async with directing(Config(virtuals=[WEB]), table) as director:
            await asyncio.sleep(5)
            director.hold(is_out(["192.0.2.1", "192.0.2.2:80"], {}))
            await asyncio.sleep(0.1)
            assert serving(table) == {99: 1}

    run_jumping(story())


@pytest.mark.parametrize("readdquiescent", [True, False])
def test_removed_by_hand(stage: Stage, table: StrictTable, readdquiescent: bool) -> None:
    """A quiesced server that somebody removes is put back each round just with readdquiescent."""
    config = Config(virtuals=[virtual(quiescent=True)], readdquiescent=readdquiescent)

    async def story() -> None:
        async with directing(config, table) as director:
            await asyncio.sleep(5)
            director.hold(ONE)
            await asyncio.sleep(0.1)
            assert serving(table) == {1: 0, 2: 1}
            for _ in range(2):
                dest = DestId(real(1).address, 80)
                if dest in next(iter(table.read().values())).dests:
                    table.apply([DeleteDest(next(iter(table.read())), dest)])
                await asyncio.sleep(10)
                assert serving(table) == ({1: 0, 2: 1} if readdquiescent else {2: 1})

    run_jumping(story())


def test_a_reload_keeps_them_out(stage: Stage, table: StrictTable) -> None:
    """A reload, also one that names the server anew, does not bring it back."""

    async def story() -> None:
        async with directing(Config(virtuals=[virtual([2])]), table) as director:
            await asyncio.sleep(5)
            director.hold(ONE)
            director.reload(Config(virtuals=[WEB]))
            await asyncio.sleep(30)
            assert serving(table) == {2: 1}
            assert "192.0.2.1" not in stage.checks

    run_jumping(story())


def test_each_round_has_a_result(stage: Stage, table: StrictTable) -> None:
    """In maintenance every round counts as a result, which the monitor file tells."""
    results: list[Judged] = []

    def listen(event: DirectorEvent) -> None:
        if isinstance(event, Judged) and event.real == real(1):
            results.append(event)

    async def story() -> None:
        async with directing(Config(virtuals=[WEB]), table, [listen]) as director:
            await asyncio.sleep(5)
            director.hold(ONE)
            await asyncio.sleep(20)

    run_jumping(story())
    assert [result.event for result in results] == [Event.PASSED, *[Event.MAINTENANCE] * 3]
    assert results[-1].message == "Server in maintenance"


def test_the_directory_is_watched(
    stage: Stage, table: StrictTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file made in the directory takes the server out; its name was looked up once, at load."""
    monkeypatch.setattr(maintaining, "LOOK_INTERVAL", 0.02)
    config = Config(virtuals=[attrs.evolve(WEB, checkinterval=1)], maintenancedir=str(tmp_path))
    lookups: list[str] = []

    def host_name(address: object) -> str | None:
        lookups.append(str(address))
        return "web1.example.com" if str(address) == "192.0.2.1" else None

    async def until(servers: dict[int, int]) -> None:
        async with asyncio.timeout(10):
            while not table.read() or serving(table) != servers:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.02)

    async def story() -> None:
        async with directing(config, table) as director:
            watch = asyncio.create_task(
                maintaining.Maintenance(director, host_name=host_name).watch()
            )
            await until({1: 1, 2: 1})
            (tmp_path / "web1:80").touch()
            await until({2: 1})
            os.unlink(tmp_path / "web1:80")
            await until({1: 1, 2: 1})
            os.rename(tmp_path, f"{tmp_path}.gone")
            await asyncio.sleep(0.1)
            assert serving(table) == {1: 1, 2: 1}
            watch.cancel()

    asyncio.run(story())
    assert sorted(lookups) == ["192.0.2.1", "192.0.2.2"]


def test_out_from_the_start(stage: Stage, table: StrictTable, tmp_path: Path) -> None:
    """One that is out as the daemon starts is never checked, nor put into the table."""
    (tmp_path / "web1").touch()
    config = Config(virtuals=[attrs.evolve(WEB, checkinterval=1)], maintenancedir=str(tmp_path))
    names = {"192.0.2.1": "web1.example.com"}

    async def story() -> None:
        director = Director(config, table)
        maintenance = maintaining.Maintenance(
            director, host_name=lambda address: names.get(str(address))
        )
        await maintenance.prepare()
        task = asyncio.create_task(director.run())
        await asyncio.sleep(1.5)
        assert serving(table) == {2: 1}
        director.stop()
        await task

    asyncio.run(story())
    assert "192.0.2.1" not in stage.checks
    assert not any(
        isinstance(op, AddDest) and str(op.dest.id.address) == "192.0.2.1"
        for op in table.operations
    )
