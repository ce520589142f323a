"""Hypothesis strategies: virtual services and the state of their servers, whole configurations."""

import ipaddress
from collections.abc import Callable
from typing import Any, TypeVar

import attrs
import hypothesis.strategies as st

from ldirpy.config.model import CheckType, Config, DirectorState, HttpMethod, Real, Virtual
from ldirpy.net import Family, Forward, Protocol

T = TypeVar("T")

ports = st.sampled_from([0, 80, 81, 8080])
schedulers = st.sampled_from(["rr", "wrr", "wlc", "sh"])


def addresses(family: Family) -> st.SearchStrategy[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """A few addresses, so that collisions happen."""
    base = "192.0.2." if family is Family.IPV4 else "2001:db8::"
    return st.integers(1, 6).map(lambda n: ipaddress.ip_address(f"{base}{n}"))


def reals(family: Family) -> st.SearchStrategy[Real]:
    """Real servers of all forwarding methods, weights and thresholds."""
    return st.builds(
        lambda address, port, forward, weight, low, more: Real(
            address=address,
            port=port,
            forward=forward,
            weight=weight,
            l_threshold=low,
            u_threshold=low + more,
        ),
        addresses(family),
        ports,
        st.sampled_from(Forward),
        st.integers(0, 5),
        st.sampled_from([0, 0, 3]),
        st.sampled_from([0, 0, 4]),
    )


@st.composite
def virtuals(draw: Callable[[st.SearchStrategy[object]], object]) -> Virtual:
    """Virtual services of every kind, with up to five real servers."""
    take: Callable[..., object] = draw
    family = take(st.sampled_from(Family))
    assert isinstance(family, Family)
    common = {
        "family": family,
        "reals": take(st.lists(reals(family), max_size=5)),
        "fallback": take(st.none() | reals(family).map(_plain)),
        "scheduler": take(schedulers),
        "quiescent": take(st.booleans()),
        "persistent": take(st.none() | st.integers(1, 1000)),
        "ops": take(st.booleans()),
    }
    if take(st.booleans()):
        mark = take(st.integers(1, 3))
        return Virtual(protocol=Protocol.FWM, fwmark=mark, **common)  # type: ignore[arg-type]
    return Virtual(
        protocol=take(st.sampled_from([Protocol.TCP, Protocol.UDP])),  # type: ignore[arg-type]
        address=take(addresses(family)),  # type: ignore[arg-type]
        port=take(st.sampled_from([80, 81])),  # type: ignore[arg-type]
        **common,  # type: ignore[arg-type]
    )


def _plain(real: Real) -> Real:
    return Real(address=real.address, port=real.port, forward=real.forward)


# -- whole configurations, with every field of the model --------------------------------------

# Texts of all kinds that a file can hold: no # and no control characters. Other characters than
# ASCII are in old files in any encoding, as bytes that are no UTF-8 too.
_TEXT_CHARACTERS = st.sampled_from("abcXYZ0189 /.,:;=-_+*?()[]|\\$^&%!@~'äß→\udcfc\"")
texts = st.text(_TEXT_CHARACTERS, min_size=1, max_size=12)
bare_texts = texts.filter(lambda text: text == text.strip(" "))
patterns = st.sampled_from(["OK", "^a.*b$", r"\d+\s", "(?i)up|ready", "[[:alpha:]]", "ä", "a, b"])
paths = st.text(st.sampled_from("abc/.-_0 "), min_size=1, max_size=8).map(lambda tail: f"/t{tail}x")
seconds = st.integers(1, 5000)
booleans = st.booleans()
headers = st.tuples(
    st.sampled_from(["X-Check", "Accept", "Cookie"]), st.sampled_from(["1", "a/b; q=0.5", "x=y"])
)
statuses = st.tuples(st.integers(100, 599), st.integers(0, 50)).map(
    lambda pair: (pair[0], min(pair[0] + pair[1], 599))
)
mails = st.lists(
    st.sampled_from(["a@example.com", "root", "b.c+d@example.org"]), max_size=3, unique=True
)
states = st.frozensets(st.sampled_from(DirectorState))
hosts = st.sampled_from(["mail.example.com", "192.0.2.25", "relay"])


def maybe(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    """A value or none."""
    return st.none() | strategy


def dressed_reals(family: Family) -> st.SearchStrategy[Real]:
    """Real servers as above, some with a request and a pattern of their own."""
    requests = texts.filter(lambda text: '"' not in text)
    own = maybe(st.tuples(requests, patterns))
    return st.builds(
        lambda real, pair: attrs.evolve(real, request=pair[0], receive=pair[1]) if pair else real,
        reals(family),
        own,
    )


@st.composite
def configs(draw: st.DrawFn) -> Config:
    """Whole configurations that a file can say, each field set in some of them."""
    fallbacks = maybe(reals(Family.IPV4).map(_plain))
    said: dict[str, Any] = {
        "checktimeout": draw(maybe(seconds)),
        "negotiatetimeout": draw(maybe(seconds)),
        "checkinterval": draw(seconds),
        "checkcount": draw(st.integers(1, 3)),
        "failurecount": draw(st.integers(1, 3)),
        "autoreload": draw(booleans),
        "callback": draw(maybe(paths)),
        "fallback": draw(fallbacks),
        "fallback6": draw(maybe(reals(Family.IPV6).map(_plain))),
        "fallbackcommand": draw(maybe(paths | bare_texts)),
        "logfile": draw(st.sampled_from(["/var/log/ldirectord.log", "local0", "/tmp/a b.log"])),
        "emailalert": draw(mails),
        "emailalertfrom": draw(maybe(st.sampled_from(["a@example.com", "The Director <b@c>"]))),
        "emailalertfreq": draw(st.integers(0, 3)),
        "emailalertstatus": draw(states),
        "smtp": draw(maybe(hosts)),
        "execute": draw(st.lists(st.sampled_from(["other", "web.cf"]), max_size=2, unique=True)),
        "supervised": draw(booleans),
        "fork": draw(booleans),
        "quiescent": draw(booleans),
        "readdquiescent": draw(booleans),
        "cleanstop": draw(booleans),
        "maintenancedir": draw(maybe(st.just("/tmp"))),
    }
    keys = draw(st.lists(_keys(), max_size=4, unique_by=str))
    return Config(virtuals=[draw(_sections(key, said)) for key in keys], **said)


def _keys() -> st.SearchStrategy[dict[str, Any]]:
    """What identifies a virtual service."""
    both = st.sampled_from(Family)
    marks = st.builds(
        lambda mark, family: {"fwmark": mark, "family": family}, st.integers(1, 3), both
    )
    placed = both.flatmap(addresses).flatmap(
        lambda address: st.builds(
            lambda port, protocol: {"address": address, "port": port, "protocol": protocol},
            st.sampled_from([21, 53, 80, 443, 8080]),
            st.sampled_from([Protocol.TCP, Protocol.UDP]),
        )
    )
    return marks | placed


@st.composite
def _sections(draw: st.DrawFn, key: dict[str, Any], said: dict[str, Any]) -> Virtual:
    """A virtual service; what a file cannot take back is inherited from what is said for all."""
    probe = Virtual(**key)
    family = probe.family
    fallback = said["fallback6" if family is Family.IPV6 else "fallback"]
    checktype = draw(st.sampled_from(CheckType))
    service = draw(st.sampled_from(["http", "https", "dns", "none", "mysql", "simpletcp", "ftp"]))
    login = st.just("") if service == probe.service or service != "ftp" else st.just("joe")
    netmasks = ["255.255.255.0", "255.255.255.255"] if family is Family.IPV4 else ["64", "128"]
    return Virtual(
        **key,
        reals=draw(st.lists(dressed_reals(family), max_size=4)),
        fallback=draw(st.just(fallback) | reals(family).map(_plain)),
        scheduler=draw(schedulers),
        schedflags=draw(st.sampled_from(["", "sh-port", "sh-fallback,sh-port"])),
        persistent=draw(maybe(seconds)),
        netmask=draw(maybe(st.sampled_from(netmasks))),
        ops=draw(booleans),
        checktype=checktype,
        connects_per_negotiate=draw(seconds) if checktype is CheckType.COMBINED else 0,
        service=service,
        checkport=draw(maybe(st.integers(1, 65535))),
        checkcommand=draw(st.just("/bin/true") | paths),
        checktimeout=draw(seconds),
        negotiatetimeout=draw(seconds),
        checkinterval=draw(seconds) if said["fork"] else said["checkinterval"],
        checkcount=draw(st.integers(1, 3)),
        failurecount=draw(st.integers(1, 3)),
        request=draw(st.just("/") | texts),
        receive=draw(maybe(patterns)),
        httpmethod=draw(st.sampled_from(HttpMethod)),
        virtualhost=draw(maybe(st.sampled_from(["www.example.com", "a b"]))),
        login=draw(login | texts),
        passwd=draw(login | texts),
        database=draw(st.just("") | texts),
        secret=draw(st.just("") | texts),
        load=draw(maybe(st.just("load_1"))),
        verify=draw(booleans),
        cafile=draw(maybe(paths)),
        httpstatus=draw(st.just([(200, 299)]) | st.lists(statuses, min_size=1, max_size=3)),
        httpheader=draw(st.lists(headers, max_size=2)),
        checksource=draw(maybe(addresses(family))),
        quiescent=draw(booleans),
        cleanstop=draw(booleans),
        fallbackcommand=draw(st.just(said["fallbackcommand"]) | paths | bare_texts),
        monitorfile=draw(maybe(st.just("/dev/null"))),
        emailalert=said["emailalert"] or draw(mails),
        emailalertfreq=draw(st.integers(0, 3)),
        emailalertstatus=draw(states),
        smtp=draw(st.just(said["smtp"]) | hosts),
        servicename=draw(maybe(bare_texts)),
        comment=draw(maybe(bare_texts)),
    )
