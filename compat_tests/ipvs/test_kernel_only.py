"""The netlink adapter held against ipvsadm, the other program that speaks to the kernel."""

import contextlib
import os
import subprocess
import threading
from ipaddress import ip_address

import attrs
import pytest

from compat_tests.ipvs.samples import RIP, SERVICES, STICKY, STICKY6, TCP, UDP, dest_for
from ldirpy.config.model import Real
from ldirpy.desired import WantedService
from ldirpy.errors import IpvsError
from ldirpy.ipvs.model import (
    AddDest,
    AddService,
    DestId,
    EditDest,
    EditService,
    Entry,
    ForwardMethod,
    IpvsTable,
    Service,
)
from ldirpy.ipvs.netlink import KernelTable
from ldirpy.reconcile import plan


def ipvsadm(*words: str) -> str:
    return subprocess.run(["ipvsadm", *words], check=True, capture_output=True, text=True).stdout


# What ipvsadm -Sn prints of each of SERVICES, and the options that make the same.
SAVED = [
    "-A -t 198.51.100.1:80 -s rr",
    "-A -u 198.51.100.1:53 -s wlc -o",
    "-A -f 7 -s wrr",
    "-A -f 7 -6 -s lc",
    "-A -t [2001:db8::1]:80 -s wrr",
    "-A -t 198.51.100.1:443 -s wlc -p 600 -M 255.255.255.0",
    "-A -t [2001:db8::1]:443 -s wlc -p 300 -M 64",
    "-A -u 198.51.100.1:5060 -s sh -b sh-fallback,sh-port",
    "-A -t 198.51.100.1:5061 -s mh -b mh-port",
]


@pytest.mark.parametrize(("service", "saved"), list(zip(SERVICES, SAVED, strict=True)), ids=SAVED)
def test_ipvsadm_sees_what_we_write(table: IpvsTable, service: Service, saved: str) -> None:
    """A service written over netlink is the one that ipvsadm would have written."""
    table.apply([AddService(service)])

    assert ipvsadm("-Sn").split() == saved.split()


@pytest.mark.parametrize(("service", "saved"), list(zip(SERVICES, SAVED, strict=True)), ids=SAVED)
def test_we_see_what_ipvsadm_writes(table: IpvsTable, service: Service, saved: str) -> None:
    """A service written by ipvsadm is read in our normal form."""
    ipvsadm(*saved.split())

    assert table.read() == {service.id: Entry(service=service)}


def test_ipvsadm_sees_our_dests(table: IpvsTable) -> None:
    """Weight, method and thresholds reach the kernel as meant."""
    dest = dest_for(TCP, weight=4, upper=20, lower=10, forward=ForwardMethod.TUNNEL)
    table.apply([AddService(TCP), AddDest(TCP.id, dest)])

    (shown,) = [line.split() for line in ipvsadm("-Ln", "--thresholds").splitlines()[-1:]]
    assert shown[:5] == ["->", "192.0.2.1:80", "20", "10", "0"]
    saved = ipvsadm("-Sn").splitlines()[1].split()
    assert saved[:8] == "-a -t 198.51.100.1:80 -r 192.0.2.1:80 -i -w 4".split()


def test_we_see_dests_of_ipvsadm(table: IpvsTable) -> None:
    """A dest written by ipvsadm is read in full."""
    ipvsadm(*"-A -t 198.51.100.1:80 -s rr".split())
    ipvsadm(*"-a -t 198.51.100.1:80 -r 192.0.2.1 -g -w 9 -x 8 -y 7".split())

    dest = dest_for(TCP, weight=9, upper=8, lower=7, forward=ForwardMethod.ROUTE)
    assert table.read()[TCP.id].dests == {dest.id: dest}


def test_a_local_server_is_not_edited_for_ever(table: IpvsTable) -> None:
    """A server on the director itself needs no edit, whether the kernel calls it Local or not.

    Linux 6.1 keeps the method it was given; older kernels answer Local.
    """
    subprocess.run("ip addr replace 192.0.2.1/32 dev lo; ip link set lo up", shell=True, check=True)
    try:
        dest = dest_for(TCP, forward=ForwardMethod.ROUTE)
        real = Real(address=dest.id.address, port=dest.id.port)
        want = WantedService(service=TCP, dests={dest.id: dest}, known={dest.id: real})
        table.apply(plan([want], table.read()))

        assert list(table.read()[TCP.id].dests) == [dest.id]
        assert plan([want], table.read()) == ()
        local = attrs.evolve(dest, forward=ForwardMethod.LOCAL)
        table.apply([EditDest(TCP.id, local)])
        assert table.read()[TCP.id].dests == {dest.id: local}
        assert plan([want], table.read()) == ()
    finally:
        subprocess.run(["ip", "addr", "del", "192.0.2.1/32", "dev", "lo"], check=True)


def test_an_edit_clears_what_it_does_not_name(table: IpvsTable) -> None:
    """Persistence, one-packet and netmask are gone after an edit without them."""
    for before in (STICKY, STICKY6, UDP):
        plain = Service(id=before.id, scheduler="rr")
        table.apply([AddService(before), EditService(plain)])
        assert table.read([before.id])[before.id].service == plain
    for line in ipvsadm("-Sn").splitlines():
        assert line.split()[3:] == ["-s", "rr"]


def test_an_edit_is_no_delete(table: IpvsTable) -> None:
    """An edit keeps the counters of a dest and of its service, which a new one would not have."""
    dest = dest_for(TCP)
    table.apply([AddService(TCP), AddDest(TCP.id, dest)])
    before = table.read()
    table.apply([EditService(TCP), EditDest(TCP.id, attrs.evolve(dest, weight=2))])

    assert list(table.read()) == list(before)
    assert table.read()[TCP.id].dests[dest.id].weight == 2


def test_a_thousand_dests(table: IpvsTable) -> None:
    """A dump that takes many netlink messages comes back whole."""
    dests = [
        attrs.evolve(dest_for(TCP), id=DestId(ip_address(int(RIP) + n), 80)) for n in range(1000)
    ]
    table.apply([AddService(TCP), *(AddDest(TCP.id, dest) for dest in dests)])

    assert set(table.read()[TCP.id].dests.values()) == set(dests)


def test_without_permission() -> None:
    """Without CAP_NET_ADMIN the message says what is missing."""
    found: list[str] = []

    def unprivileged() -> None:
        # Credentials belong to a thread on Linux; the raw system call changes only this one's.
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        libc.syscall(117, 65534, 65534, 65534)  # setresuid on x86-64
        with contextlib.closing(KernelTable()) as denied:
            try:
                denied.read()
            except IpvsError as error:
                found.append(str(error))

    thread = threading.Thread(target=unprivileged)
    thread.start()
    thread.join()
    assert os.geteuid() == 0
    assert found == [
        "access to the kernel's IPVS table is denied: run as root or with CAP_NET_ADMIN"
    ]
