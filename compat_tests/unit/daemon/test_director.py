"""The director on a table in memory, in jumping time: who is in the table, and since when."""

import asyncio
import logging
from ipaddress import ip_address

import attrs
import pytest

from compat_tests.jumploop import run_jumping
from compat_tests.unit.daemon.scripted import Stage
from compat_tests.unit.daemon.stories import (
    VIP,
    WEB,
    StrictTable,
    directing,
    real,
    serving,
    virtual,
)
from ldirpy.config.model import CheckType, Config, Real
from ldirpy.daemon.director import Director
from ldirpy.desired import wanted
from ldirpy.errors import ConfigError
from ldirpy.ipvs.memory import MemoryTable
from ldirpy.ipvs.model import AddDest, Dest, DestId, EditDest, ServiceId
from ldirpy.reconcile import plan


def test_a_life(stage: Stage, table: StrictTable) -> None:
    """Start, death, return, death of all, return: the table follows within one interval."""

    async def life() -> None:
        async with directing(Config(virtuals=[WEB]), table):
            await asyncio.sleep(1)
            assert serving(table) == {1: 1, 2: 1}
            stage.fail(["192.0.2.1"])
            await asyncio.sleep(10.1)
            assert serving(table) == {2: 1}
            stage.fail(["192.0.2.1", "192.0.2.2"])
            await asyncio.sleep(10.1)
            assert serving(table) == {99: 1}
            stage.fail([])
            await asyncio.sleep(10.1)
            assert serving(table) == {1: 1, 2: 1}

    run_jumping(life())
    assert table.read() == {}


def test_a_steady_state_writes_nothing(stage: Stage, table: StrictTable) -> None:
    """In an hour without a change no operation reaches the table."""

    async def hour() -> None:
        async with directing(Config(virtuals=[WEB]), table):
            await asyncio.sleep(1)
            before = len(table.operations)
            table.apply([EditDest(key := next(iter(table.read())), by_hand(table, key, 2, 7))])
            await asyncio.sleep(3600)
            assert len(table.operations) == before + 1
            stage.fail(["192.0.2.1"])
            await asyncio.sleep(11)
            assert serving(table) == {2: 7}

    run_jumping(hour())


def test_an_answer_comes_after_what_was_asked(stage: Stage, table: StrictTable) -> None:
    """When the director answers, the reload that was asked for before is in the table."""

    async def asked() -> None:
        async with directing(Config(virtuals=[WEB]), table) as director:
            await asyncio.sleep(1)
            director.reload(Config(virtuals=[attrs.evolve(WEB, scheduler="rr")]))
            await director.answer()
            assert [entry.service.scheduler for entry in table.read().values()] == ["rr"]

    run_jumping(asked())


@pytest.mark.parametrize("quiescent", [False, True])
def test_going_on_where_another_was_cut_off(
    stage: Stage, table: StrictTable, quiescent: bool
) -> None:
    """Weights set by hand stay until the server's state changes; so does 0 without quiescent."""
    web = attrs.evolve(WEB, quiescent=quiescent)
    table.apply(plan([wanted(web, web.reals, readd=True)], {}))
    key = next(iter(table.read()))
    table.apply(
        [EditDest(key, by_hand(table, key, 1, 7)), EditDest(key, by_hand(table, key, 2, 0))]
    )

    async def story() -> None:
        director = Director(Config(virtuals=[web]), table, keep_weights=True)
        running = asyncio.create_task(director.run())
        await asyncio.sleep(60)
        assert serving(table) == {1: 7, 2: 1 if quiescent else 0}
        stage.fail(["192.0.2.1", "192.0.2.2"])
        await asyncio.sleep(11)
        stage.fail([])
        await asyncio.sleep(11)
        assert serving(table) == {1: 1, 2: 1}
        director.stop()
        await running

    run_jumping(story())


def test_a_reload_sets_the_weights(stage: Stage, table: StrictTable) -> None:
    """A reload ends what a start has kept."""
    table.apply(plan([wanted(WEB, WEB.reals, readd=True)], {}))
    key = next(iter(table.read()))
    table.apply([EditDest(key, by_hand(table, key, 1, 7))])

    async def story() -> None:
        director = Director(Config(virtuals=[WEB]), table, keep_weights=True)
        running = asyncio.create_task(director.run())
        await asyncio.sleep(1)
        director.reload(Config(virtuals=[WEB]))
        await director.answer()
        assert serving(table) == {1: 1, 2: 1}
        director.stop()
        await running

    run_jumping(story())


def by_hand(table: MemoryTable, key: ServiceId, number: int, weight: int) -> Dest:
    dest = table.read()[key].dests[DestId(ip_address(f"192.0.2.{number}"), 80)]
    return attrs.evolve(dest, weight=weight)


def test_those_that_hang_delay_nobody(stage: Stage, table: StrictTable) -> None:
    """With 200 servers that swallow packets another's death is seen within its own interval."""
    stage.hanging = {f"192.0.2.{n}" for n in range(3, 203)}
    config = Config(virtuals=[virtual(range(1, 203))])

    async def story() -> None:
        async with directing(config, table):
            await asyncio.sleep(600.0)
            assert serving(table) == {1: 1, 2: 1}
            stage.fail(["192.0.2.1"])
            await asyncio.sleep(10.0)
            assert serving(table) == {2: 1}

    run_jumping(story())


def test_the_pause_is_between_checks(stage: Stage, table: StrictTable) -> None:
    """The next check comes checkinterval after the end of the last one, hung or not."""
    stage.hanging = {"192.0.2.1"}

    async def story() -> None:
        async with directing(Config(virtuals=[WEB]), table):
            await asyncio.sleep(60)

    run_jumping(story())
    for name, pace in (("192.0.2.1", 15), ("192.0.2.2", 10)):
        times = stage.checks[name]
        assert len(times) >= 60 // pace
        assert times == pytest.approx([times[0] + pace * n for n in range(len(times))], abs=0.01)


def test_first_checks_are_spread(stage: Stage, table: StrictTable) -> None:
    """A thousand first checks do not start in one instant, and all start in the first second."""
    reals = [Real(address=ip_address(int(VIP) + n), port=80) for n in range(1, 1001)]

    async def story() -> None:
        async with directing(Config(virtuals=[attrs.evolve(WEB, reals=reals)]), table):
            await asyncio.sleep(5)

    run_jumping(story())
    starts = sorted(times[0] for times in stage.checks.values())
    assert len(starts) == 1000
    assert starts[-1] <= 1.0
    assert max(starts.count(instant) for instant in set(starts)) <= 5


def test_one_check_for_two_services(stage: Stage, table: StrictTable) -> None:
    """Equal servers of two virtual services are checked once, and each counts a failure once."""
    config = Config(virtuals=[virtual(failurecount=3), virtual(port=81, failurecount=3)])

    async def story() -> None:
        async with directing(config, table):
            await asyncio.sleep(5)
            stage.fail(["192.0.2.1"])
            await asyncio.sleep(20)  # two failures
            assert serving(table) == serving(table, 81) == {1: 1, 2: 1}
            await asyncio.sleep(10)  # the third
            assert serving(table) == serving(table, 81) == {2: 1}
            assert len(stage.checks["192.0.2.1"]) == 4

    run_jumping(story())


def test_what_is_there_keeps_serving(stage: Stage) -> None:
    """Started over a table, servers with a weight serve on while their first check runs."""
    stage.hanging = {"192.0.2.1"}
    before = plan([wanted(WEB, set(WEB.reals), readd=True)], {})
    table = StrictTable()
    table.apply(before)
    table.operations.clear()

    async def story() -> None:
        async with directing(Config(virtuals=[WEB]), table):
            await asyncio.sleep(4)
            assert serving(table) == {1: 1, 2: 1}
            assert table.operations == []
            await asyncio.sleep(2)
            assert serving(table) == {2: 1}

    run_jumping(story())


@pytest.mark.parametrize("cleanstop", [True, False])
def test_stop(stage: Stage, table: StrictTable, cleanstop: bool) -> None:
    """With cleanstop the table is empty after a stop, without it it is as it was."""

    async def story() -> None:
        async with directing(Config(virtuals=[attrs.evolve(WEB, cleanstop=cleanstop)]), table):
            await asyncio.sleep(1)

    run_jumping(story())
    if cleanstop:
        assert table.read() == {}
    else:
        assert serving(table) == {1: 1, 2: 1}


def test_reload_touches_only_what_changed(stage: Stage, table: StrictTable) -> None:
    """A reload with one weight changed is one operation, and the checks go on in their rhythm."""
    heavier = attrs.evolve(WEB, reals=[real(1, weight=5), real(2)])

    async def story() -> None:
        async with directing(Config(virtuals=[WEB]), table) as director:
            await asyncio.sleep(15)
            before = len(table.operations)
            director.reload(Config(virtuals=[heavier]))
            await asyncio.sleep(1)
            assert len(table.operations) == before + 1
            assert serving(table) == {1: 5, 2: 1}
            await asyncio.sleep(14)
            assert len(stage.checks["192.0.2.1"]) == len(stage.checks["192.0.2.2"]) == 3

    run_jumping(story())


def test_reload_keeps_counting_failures(stage: Stage, table: StrictTable) -> None:
    """A failure before a reload counts after it."""
    patient = attrs.evolve(WEB, failurecount=2)

    async def story() -> None:
        async with directing(Config(virtuals=[patient]), table) as director:
            await asyncio.sleep(5)
            stage.fail(["192.0.2.1"])
            await asyncio.sleep(10)
            assert serving(table) == {1: 1, 2: 1}
            director.reload(Config(virtuals=[attrs.evolve(patient, servicename="web")]))
            await asyncio.sleep(10)
            assert serving(table) == {2: 1}

    run_jumping(story())


def test_reload_with_servers_and_services_gone(stage: Stage, table: StrictTable) -> None:
    """What the new configuration does not name is taken out and no longer checked."""

    async def story() -> None:
        async with directing(Config(virtuals=[WEB, virtual([3], port=81)]), table) as director:
            await asyncio.sleep(5)
            director.reload(Config(virtuals=[virtual([1])]))
            await asyncio.sleep(1)
            assert serving(table) == {1: 1}
            assert len(table.read()) == 1
            seen = {name: len(times) for name, times in stage.checks.items()}
            await asyncio.sleep(100)
            assert len(stage.checks["192.0.2.2"]) == seen["192.0.2.2"]
            assert len(stage.checks["192.0.2.3"]) == seen["192.0.2.3"]
            assert len(stage.checks["192.0.2.1"]) > seen["192.0.2.1"]

    run_jumping(story())


def test_a_bad_reload_changes_nothing(stage: Stage, table: StrictTable) -> None:
    """A configuration that cannot be carried out is refused, and the old one goes on."""

    async def story() -> None:
        async with directing(Config(virtuals=[WEB]), table) as director:
            await asyncio.sleep(5)
            bad = attrs.evolve(WEB, request="/refuse", reals=[real(1, line=7)])
            with pytest.raises(ConfigError, match=r"web.cf:7: service=scripted: it will not"):
                director.reload(Config(virtuals=[bad], path="web.cf"))
            stage.fail(["192.0.2.1"])
            await asyncio.sleep(10)
            assert serving(table) == {2: 1}

    run_jumping(story())


def test_one_refusal_does_not_hold_up_the_rest(
    stage: Stage, table: StrictTable, caplog: pytest.LogCaptureFixture
) -> None:
    """What the kernel refuses is said once, tried again, and done when the kernel relents."""
    table.refuse = lambda op: isinstance(op, AddDest) and str(op.dest.id.address) == "192.0.2.1"

    async def story() -> None:
        async with directing(Config(virtuals=[WEB]), table):
            await asyncio.sleep(30)
            assert serving(table) == {2: 1}
            table.refuse = lambda op: False
            await asyncio.sleep(6)
            assert serving(table) == {1: 1, 2: 1}

    logging.getLogger("ldirpy").propagate = True
    with caplog.at_level(logging.ERROR, "ldirpy"):
        run_jumping(story())
    assert caplog.messages == ["the kernel will not"]


def test_a_fault_in_a_checker_is_a_failed_check(
    stage: Stage, table: StrictTable, caplog: pytest.LogCaptureFixture
) -> None:
    """A checker that raises what it must not is logged, its server is down, all others go on."""
    stage.broken = {"192.0.2.1"}

    async def story() -> None:
        async with directing(Config(virtuals=[WEB]), table):
            await asyncio.sleep(25)
            assert serving(table) == {2: 1}
            stage.broken = set()
            await asyncio.sleep(10)
            assert serving(table) == {1: 1, 2: 1}

    run_jumping(story())
    assert "Fault in the checker ScriptedChecker" in caplog.messages


@pytest.mark.parametrize(
    ("checktype", "expected"), [(CheckType.ON, {1: 1, 2: 1}), (CheckType.OFF, {99: 1})]
)
def test_on_and_off(
    stage: Stage, table: StrictTable, checktype: CheckType, expected: dict[int, int]
) -> None:
    """checktype=on is up without a check, off stays down without one."""

    async def story() -> None:
        async with directing(Config(virtuals=[attrs.evolve(WEB, checktype=checktype)]), table):
            await asyncio.sleep(25)
            assert serving(table) == expected

    run_jumping(story())
    assert stage.checks == {}


def test_all_that_is_wrong_is_told(stage: Stage) -> None:
    """A director refuses a configuration it cannot carry out, with every reason and its line."""
    config = Config(
        path="a.cf",
        virtuals=[
            virtual([1], service="nosuch", line=3),
            virtual([1], port=81, schedflags="nix", line=9),
        ],
    )

    with pytest.raises(ConfigError) as caught:
        Director(config, MemoryTable())

    assert [str(problem).partition("; ")[0] for problem in caught.value.problems] == [
        "a.cf:3: no checker for service=nosuch is installed",
        "a.cf:9: schedflags=nix: unknown scheduler flag 'nix': ipvsadm knows flag-1, flag-2, "
        "flag-3, sh-fallback, sh-port, mh-fallback, mh-port",
    ]


def test_one_weight_of_a_thousand(stage: Stage, table: StrictTable) -> None:
    """A reload of 1,000 real servers in ten services with one weight changed is one operation."""
    numbers = [n for n in range(1, 101) if n != 99] + [101]
    services = [virtual(numbers, port=port) for port in range(8000, 8010)]
    first = services[0].reals[0]
    heavier = attrs.evolve(
        services[0], reals=[attrs.evolve(first, weight=7), *services[0].reals[1:]]
    )

    async def story() -> None:
        async with directing(Config(virtuals=services), table) as director:
            await asyncio.sleep(15)
            assert sum(len(entry.dests) for entry in table.read().values()) == 1000
            table.operations.clear()
            checks = {name: len(times) for name, times in stage.checks.items()}
            director.reload(Config(virtuals=[heavier, *services[1:]]))
            await asyncio.sleep(1)
            assert [type(operation) for operation in table.operations] == [EditDest]
            assert serving(table, 8000)[1] == 7
            assert {name: len(times) for name, times in stage.checks.items()} == checks

    run_jumping(story())


def test_each_service_has_its_interval(stage: Stage, table: StrictTable) -> None:
    """checkinterval of a virtual service is its own pace, also for a server that both have."""
    fast = virtual([1, 2], checkinterval=2)
    slow = virtual([1, 3], checkinterval=30, port=81)

    async def story() -> None:
        async with directing(Config(virtuals=[fast, slow], fork=True), table):
            await asyncio.sleep(60.5)

    run_jumping(story())
    assert len(stage.checks["192.0.2.2"]) == pytest.approx(31, abs=1)
    assert len(stage.checks["192.0.2.3"]) == pytest.approx(3, abs=1)
    assert len(stage.checks["192.0.2.1"]) == pytest.approx(34, abs=2)


def test_a_reload_while_the_table_cannot_be_read(stage: Stage, table: StrictTable) -> None:
    """The old configuration goes on, and the new one is adopted when the table can be read."""

    async def story() -> None:
        async with directing(Config(virtuals=[WEB]), table) as director:
            await asyncio.sleep(1)
            table.mute = True
            director.reload(Config(virtuals=[virtual([1])]))
            await asyncio.sleep(1)
            table.mute = False
            assert serving(table) == {1: 1, 2: 1}
            await asyncio.sleep(5)
            assert serving(table) == {1: 1}

    run_jumping(story())


def test_a_new_service_of_known_servers(stage: Stage, table: StrictTable) -> None:
    """Servers that are checked already serve a service that a reload adds at once."""
    slow = attrs.evolve(WEB, checkinterval=600)

    async def story() -> None:
        async with directing(Config(virtuals=[slow]), table) as director:
            stage.fail(["192.0.2.2"])
            await asyncio.sleep(5)
            director.reload(Config(virtuals=[slow, attrs.evolve(slow, port=81)]))
            await asyncio.sleep(0.1)
            assert serving(table, 81) == serving(table, 80) == {1: 1}

    run_jumping(story())


def test_the_last_reload_counts(stage: Stage, table: StrictTable) -> None:
    """One that had to wait for the table does not undo a later one."""

    async def story() -> None:
        async with directing(Config(virtuals=[WEB]), table) as director:
            await asyncio.sleep(1)
            table.mute = True
            director.reload(Config(virtuals=[virtual([1])]))
            await asyncio.sleep(1)
            table.mute = False
            director.reload(Config(virtuals=[virtual([2])]))
            await asyncio.sleep(30)
            assert serving(table) == {2: 1}

    run_jumping(story())
