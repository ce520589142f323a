"""The decisions from configuration and health to operations, held against their promises."""

import random
from ipaddress import ip_address

import attrs
import hypothesis.strategies as st
import pytest
from hypothesis import given

from compat_tests.unit.strategies import virtuals
from ldirpy.config.model import Real, Virtual
from ldirpy.desired import dest_id, prefix_length, scheduler_flags, service_id, service_of, wanted
from ldirpy.ipvs.memory import MemoryTable
from ldirpy.ipvs.model import (
    AddDest,
    AddService,
    DeleteDest,
    DeleteService,
    Dest,
    DestId,
    EditDest,
    Entry,
    Flag,
    ForwardMethod,
    ServiceId,
    Table,
)
from ldirpy.net import Family, Forward, Protocol
from ldirpy.reconcile import forget, plan, plan_dests

A, B, F = ip_address("192.0.2.1"), ip_address("192.0.2.2"), ip_address("192.0.2.9")
VIP = ip_address("198.51.100.1")
WEB = Virtual(
    address=VIP,
    port=80,
    scheduler="rr",
    reals=[
        Real(address=A, port=80, forward=Forward.MASQ, weight=2),
        Real(address=B, port=80, forward=Forward.MASQ),
    ],
    fallback=Real(address=F, port=80, forward=Forward.MASQ),
)
KEY = service_id(WEB)


def masq(address: object, weight: int, port: int = 80) -> Dest:
    return Dest(
        id=DestId(ip_address(str(address)), port), forward=ForwardMethod.MASQ, weight=weight
    )


def table(virtual: Virtual, *dests: Dest) -> Table:
    entry = Entry(service=service_of(virtual), dests={dest.id: dest for dest in dests})
    return {entry.service.id: entry}


@given(virtuals(), st.data())
def test_a_plan_carried_out_leaves_nothing_to_do(virtual: Virtual, data: st.DataObject) -> None:
    """Whatever is up and whatever the table held, after a plan the next plan is empty."""
    memory = MemoryTable()
    for _ in range(3):
        up = set(data.draw(st.lists(st.sampled_from(virtual.reals)))) if virtual.reals else set()
        want = wanted(virtual, up, readd=data.draw(st.booleans()))
        memory.apply(plan([want], memory.read()))

        assert plan([want], memory.read()) == ()


@given(virtuals(), st.data())
def test_the_fallback_serves_just_while_nobody_else_does(
    virtual: Virtual, data: st.DataObject
) -> None:
    """After any change of health the fallback is in the table exactly while no server is up."""
    memory = MemoryTable()
    memory.apply(plan([wanted(virtual, set(), readd=True)], memory.read()))
    ups: set[Real] = set()
    for _ in range(4):
        if not virtual.reals:
            break
        changed = data.draw(st.sampled_from(virtual.reals))
        ups ^= {changed}
        want = wanted(virtual, ups, readd=False)
        touched = {dest_id(virtual, changed)}
        if virtual.fallback:
            touched.add(dest_id(virtual, virtual.fallback))
        memory.apply(plan_dests(want, memory.read()[service_id(virtual)], touched))

        dests = memory.read()[service_id(virtual)].dests
        serving = {dest_id(virtual, real) for real in ups}
        if virtual.fallback:
            key = dest_id(virtual, virtual.fallback)
            quiesced = virtual.quiescent and key in {dest_id(virtual, r) for r in virtual.reals}
            assert (key in dests) is (not ups or key in serving or quiesced)
        for real in virtual.reals:
            key = dest_id(virtual, real)
            if key not in serving and key in dests and dests[key].weight:
                assert virtual.fallback is not None
                assert key == dest_id(virtual, virtual.fallback)


def test_there_is_no_moment_without_a_server() -> None:
    """At every step from one server to the fallback and back somebody is in the table."""
    memory = MemoryTable(table(WEB, masq(A, 2)))
    real = WEB.reals[0]
    fallback = dest_id(WEB, WEB.fallback) if WEB.fallback else None
    assert fallback is not None
    for ups in (set(), {real}):
        want = wanted(WEB, ups, readd=False)
        for operation in plan_dests(want, memory.read()[KEY], {dest_id(WEB, real), fallback}):
            memory.apply([operation])
            assert memory.read()[KEY].dests


def test_start_over_an_empty_table() -> None:
    """A server that is not up yet is not added, so that nobody is sent to it; the fallback is."""
    assert plan([wanted(WEB, set(), readd=True)], {}) == (
        AddService(service_of(WEB)),
        AddDest(KEY, masq(F, 1)),
    )


def test_start_adopts_what_is_there() -> None:
    """A server that is there as wanted stays, a stranger goes, another service is left alone."""
    other = table(attrs.evolve(WEB, port=81), masq("192.0.2.7", 1))
    actual = {**table(WEB, masq(A, 2), masq("192.0.2.66", 4)), **other}

    operations = plan([wanted(WEB, {WEB.reals[0]}, readd=True)], actual)

    assert operations == (DeleteDest(KEY, DestId(ip_address("192.0.2.66"), 80)),)


def test_a_weight_set_by_hand_stays() -> None:
    """A change of one server's health does not touch the weight of another."""
    actual = table(WEB, masq(A, 7), masq(B, 1))[KEY]
    want = wanted(WEB, {WEB.reals[0]}, readd=False)

    assert plan_dests(want, actual, {DestId(B, 80)}) == (DeleteDest(KEY, DestId(B, 80)),)


def test_a_reload_restores_a_weight_set_by_hand() -> None:
    """A start or reload brings every weight back to the configured one."""
    actual = table(WEB, masq(A, 7), masq(B, 1))

    assert plan([wanted(WEB, set(WEB.reals), readd=True)], actual) == (EditDest(KEY, masq(A, 2)),)


def test_quiescent_keeps_a_server_with_weight_0() -> None:
    """With quiescent=yes a server that went down stays in the table with weight 0."""
    virtual = attrs.evolve(WEB, quiescent=True)
    actual = table(virtual, masq(A, 2), masq(B, 1))[KEY]
    want = wanted(virtual, {WEB.reals[1]}, readd=False)

    assert plan_dests(want, actual, {DestId(A, 80)}) == (EditDest(KEY, masq(A, 0)),)


@pytest.mark.parametrize("readd", [True, False])
def test_a_quiesced_server_removed_by_hand(readd: bool) -> None:
    """It comes back with weight 0 only when it is asked for."""
    virtual = attrs.evolve(WEB, quiescent=True)
    actual = table(virtual, masq(B, 1))[KEY]
    want = wanted(virtual, {WEB.reals[1]}, readd=readd)

    operations = plan_dests(want, actual, {DestId(A, 80)})

    assert operations == ((AddDest(KEY, masq(A, 0)),) if readd else ())


def test_a_local_server_is_not_edited_for_ever() -> None:
    """The kernel's method Local stands for any configured method."""
    local = Dest(id=DestId(A, 80), forward=ForwardMethod.LOCAL, weight=2)

    assert plan([wanted(WEB, {WEB.reals[0]}, readd=True)], table(WEB, local)) == ()


@pytest.mark.parametrize("forward", Forward)
@pytest.mark.parametrize("port", [0, 8080])
def test_the_port_rule(forward: Forward, port: int) -> None:
    """Gate and ipip take the virtual's port, masq its own; a mark's servers keep their own."""
    real = Real(address=A, port=port, forward=forward)
    mark = Virtual(protocol=Protocol.FWM, fwmark=1, reals=[real])

    own = port if forward is Forward.MASQ else 80
    assert dest_id(WEB, real) == DestId(A, own)
    assert dest_id(mark, real) == DestId(A, port)


def test_gate_servers_that_differ_in_the_port_are_one() -> None:
    """One of them being up keeps the entry, with that one's weight."""
    one = Real(address=A, port=80, weight=3)
    two = Real(address=A, port=81, weight=5)
    virtual = Virtual(address=VIP, port=80, reals=[one, two], quiescent=True)

    (dest,) = wanted(virtual, {one}, readd=True).dests.values()
    assert (dest.id, dest.weight) == (DestId(A, 80), 3)


def test_forget_takes_only_what_exists() -> None:
    """A service that somebody else removed already is not removed again."""
    gone = ServiceId(Protocol.TCP, Family.IPV4, VIP, 99)

    assert forget([KEY, gone], table(WEB)) == (DeleteService(KEY),)


def test_service_settings() -> None:
    """Persistence, one-packet and scheduler flags of a virtual service reach the kernel's."""
    virtual = Virtual(
        address=VIP, port=53, protocol=Protocol.UDP, scheduler="sh", persistent=600,
        netmask="255.255.255.0", ops=True, schedflags="sh-fallback, sh-port",
    )  # fmt: skip

    service = service_of(virtual)

    assert service.flags == Flag.PERSISTENT | Flag.ONEPACKET | Flag.SCHED1 | Flag.SCHED2
    assert (service.timeout, service.prefix) == (600, 24)
    assert Flag.ONEPACKET not in service_of(attrs.evolve(virtual, protocol=Protocol.TCP)).flags


@pytest.mark.parametrize(
    ("text", "length"),
    [(None, None), ("255.255.255.255", 32), ("255.255.240.0", 20), ("0.0.0.0", 0), ("64", 64)],
)
def test_prefix_length(text: str | None, length: int | None) -> None:
    """A netmask is a dotted quad, or for IPv6 the length itself."""
    assert prefix_length(text) == length


@pytest.mark.parametrize(
    ("call", "text", "message"),
    [
        (prefix_length, "255.0.255.0", "netmask=255.0.255.0 has holes"),
        (scheduler_flags, "sh-falback", "schedflags=sh-falback: unknown scheduler flag"),
    ],
)
def test_what_means_nothing_is_refused(call: object, text: str, message: str) -> None:
    """The refusal quotes what was given."""
    assert callable(call)
    with pytest.raises(ValueError, match=message):
        call(text)


def test_a_long_life_stays_right() -> None:
    """Two thousand random changes of health, hands in the table and reloads: always settled."""
    chance = random.Random(7)
    virtual = attrs.evolve(WEB, quiescent=True)
    memory = MemoryTable()
    ups: set[Real] = set()
    memory.apply(plan([wanted(virtual, ups, readd=True)], {}))
    for _ in range(2000):
        real = chance.choice(virtual.reals)
        key = dest_id(virtual, real)
        entry = memory.read()[KEY]
        match chance.randrange(3):
            case 0:
                ups ^= {real}
                touched = {key, DestId(F, 80)}
                memory.apply(plan_dests(wanted(virtual, ups, readd=False), entry, touched))
            case 1 if key in entry.dests:
                memory.apply([EditDest(KEY, masq(key.address, chance.randrange(9)))])
            case _:
                want = wanted(virtual, ups, readd=True)
                memory.apply(plan([want], memory.read()))
                assert memory.read()[KEY].dests == want.dests
        assert (DestId(F, 80) in memory.read()[KEY].dests) is (not ups)
