"""What every IPVS table promises: the same cases for the one in memory and for the kernel's."""

import errno

import attrs
import pytest

from compat_tests.ipvs.samples import RIP, SERVICES, TCP, dest_for
from ldirpy.errors import IpvsError
from ldirpy.ipvs.model import (
    AddDest,
    AddService,
    DeleteDest,
    DeleteService,
    DestId,
    EditDest,
    EditService,
    Entry,
    Flag,
    ForwardMethod,
    IpvsTable,
    Operation,
    Service,
)

DEST = dest_for(TCP)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: str(service.id))
def test_a_service_of_each_kind(table: IpvsTable, service: Service) -> None:
    """What is written of a service and its dest is what is read back."""
    dest = dest_for(service, weight=3)
    table.apply([AddService(service), AddDest(service.id, dest)])

    assert table.read() == {service.id: Entry(service=service, dests={dest.id: dest})}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: str(service.id))
def test_a_service_of_each_kind_can_be_edited(table: IpvsTable, service: Service) -> None:
    """An edit changes scheduler, flags, time-out and netmask, and keeps the dests."""
    dest = dest_for(service)
    changed = attrs.evolve(service, scheduler="sed", flags=Flag.PERSISTENT, timeout=77, prefix=16)
    table.apply([AddService(service), AddDest(service.id, dest), EditService(changed)])

    assert table.read() == {service.id: Entry(service=changed, dests={dest.id: dest})}
    table.apply([EditService(service)])

    assert table.read() == {service.id: Entry(service=service, dests={dest.id: dest})}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: str(service.id))
def test_a_service_of_each_kind_can_be_deleted(table: IpvsTable, service: Service) -> None:
    """A deleted service is gone with its dests; it can be added again, empty."""
    table.apply([AddService(service), AddDest(service.id, dest_for(service))])
    table.apply([DeleteService(service.id)])
    assert table.read() == {}

    table.apply([AddService(service)])

    assert table.read() == {service.id: Entry(service=service)}


@pytest.mark.parametrize("forward", [0, 2, 3], ids=["masq", "tunnel", "route"])
@pytest.mark.parametrize("service", SERVICES, ids=lambda service: str(service.id))
def test_edit_and_delete_a_dest(table: IpvsTable, service: Service, forward: int) -> None:
    """Weight, thresholds and forwarding method of a dest can be changed, and it can be deleted."""
    dest = dest_for(service, forward=forward, weight=5, upper=100, lower=10)
    table.apply([AddService(service), AddDest(service.id, dest)])
    for changed in (
        attrs.evolve(dest, weight=0, upper=0, lower=0),
        attrs.evolve(dest, weight=65535, upper=7, lower=7),
        attrs.evolve(dest, forward=ForwardMethod.MASQ),
        dest,
    ):
        table.apply([EditDest(service.id, changed)])
        assert table.read()[service.id].dests == {dest.id: changed}

    table.apply([DeleteDest(service.id, dest.id)])

    assert table.read()[service.id].dests == {}


def test_dests_that_differ_in_the_port(table: IpvsTable) -> None:
    """The port is a part of what tells dests apart; the table itself forces none."""
    dests = [
        attrs.evolve(DEST, id=DestId(RIP, port), forward=ForwardMethod.ROUTE)
        for port in (80, 81, 0)
    ]
    table.apply([AddService(TCP), *(AddDest(TCP.id, dest) for dest in dests)])

    assert dict(table.read()[TCP.id].dests) == {dest.id: dest for dest in dests}


def test_read_only_some(table: IpvsTable) -> None:
    """Of the services that are asked for those that exist come back, in full, and no others."""
    table.apply([AddService(service) for service in SERVICES[:3]])
    table.apply([AddDest(TCP.id, DEST)])

    found = table.read([TCP.id, SERVICES[5].id])

    assert found == {TCP.id: Entry(service=TCP, dests={DEST.id: DEST})}


@pytest.mark.parametrize(
    ("operation", "number", "message"),
    [
        (AddService(TCP), errno.EEXIST, "cannot add virtual service TCP 198.51.100.1:80: it is al"),
        (
            AddDest(TCP.id, DEST),
            errno.EEXIST,
            "add real server 192.0.2.1:80 to TCP 198.51.100.1:80",
        ),
        (EditDest(TCP.id, dest_for(TCP, weight=-1)), errno.ERANGE, "out of range"),
        (EditDest(TCP.id, dest_for(TCP, lower=5, upper=4)), errno.ERANGE, "must not exceed u:"),
        (EditService(attrs.evolve(TCP, scheduler="nix")), errno.ENOENT, "the scheduler 'nix'"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_full_table_refuses(
    table: IpvsTable, operation: Operation, number: int, message: str
) -> None:
    """A refusal has the kernel's number, names the service, and changes nothing."""
    table.apply([AddService(TCP), AddDest(TCP.id, DEST)])

    with pytest.raises(IpvsError, match=message) as caught:
        table.apply([operation])

    assert caught.value.errno == number
    assert table.read() == {TCP.id: Entry(service=TCP, dests={DEST.id: DEST})}


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (EditService(TCP), "cannot change virtual service TCP 198.51.100.1:80: there is no such"),
        (DeleteService(TCP.id), "cannot remove virtual service TCP 198.51.100.1:80: there is no"),
        (AddDest(TCP.id, DEST), "there is no such virtual service"),
        (EditDest(TCP.id, DEST), "there is no such virtual service"),
        (DeleteDest(TCP.id, DEST.id), "there is no such virtual service"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_an_empty_table_refuses(table: IpvsTable, operation: Operation, message: str) -> None:
    """Nothing can be done to a service that is not there."""
    with pytest.raises(IpvsError, match=message) as caught:
        table.apply([operation])

    assert caught.value.errno == errno.ESRCH
    assert table.read() == {}


@pytest.mark.parametrize("operation", [EditDest(TCP.id, DEST), DeleteDest(TCP.id, DEST.id)])
def test_what_is_refused_for_a_missing_dest(table: IpvsTable, operation: Operation) -> None:
    """Nothing can be done to a dest that is not there."""
    table.apply([AddService(TCP)])

    with pytest.raises(IpvsError, match=r"there is no such real server") as caught:
        table.apply([operation])

    assert caught.value.errno == errno.ENOENT


def test_an_unknown_scheduler(table: IpvsTable) -> None:
    """A scheduler that the kernel lacks is refused with its name and what to do."""
    with pytest.raises(IpvsError, match=r"scheduler 'wrong': .*modprobe ip_vs_wrong"):
        table.apply([AddService(attrs.evolve(TCP, scheduler="wrong"))])


def test_the_first_refusal_ends_a_batch(table: IpvsTable) -> None:
    """What comes before a refused operation is done, what comes after it is not."""
    with pytest.raises(IpvsError):
        table.apply([AddService(TCP), AddService(TCP), AddDest(TCP.id, DEST)])

    assert table.read() == {TCP.id: Entry(service=TCP)}
