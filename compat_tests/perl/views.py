"""One shape for what Perl's daemon holds and for ldirpy's Config, so that they can be compared.

A view maps a path such as `virtuals[0].reals[1].weight` to a value. Both have what takes effect:
the settings of Perl's daemon are from before its defaults are applied, which is done here as
ldirectord(8) says.
"""

import enum
import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from ldirpy.config.model import CheckType, Config, DirectorState, Real, Virtual
from ldirpy.net import Family

View = dict[str, Any]
Settings = Mapping[str, Any]

CHECKTIMEOUT, NEGOTIATETIMEOUT = 5, 30  # seconds, ldirectord(8)
_STATES = (
    DirectorState.STARTING,
    DirectorState.RUNNING,
    DirectorState.STOPPING,
    DirectorState.RELOADING,
)


def flat(tree: Mapping[str, Any]) -> View:
    """The leaves of dicts and lists in each other, by their path."""
    return dict(_leaves("", tree))


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}" if path else key, inner)
    elif isinstance(value, list):
        yield f"{path}.count", len(value)
        for number, inner in enumerate(value):
            yield from _leaves(f"{path}[{number}]", inner)
    else:
        yield path, value


# -- ldirpy ------------------------------------------------------------------------------------


def of_config(config: Config) -> View:
    """What ldirpy makes of a file."""
    names = (
        *("autoreload", "callback", "checkinterval", "checkcount", "failurecount"),
        *("emailalertfrom", "emailalertfreq", "supervised", "fork", "quiescent"),
        *("readdquiescent", "cleanstop", "logfile", "smtp", "maintenancedir", "fallbackcommand"),
        *("checktimeout", "negotiatetimeout"),
    )
    tree: dict[str, Any] = {name: getattr(config, name) for name in names}
    tree["fallbackcommand"] = _bare(config.fallbackcommand)
    tree["execute"] = ",".join(sorted(set(config.execute)))
    tree["emailalert"] = ",".join(config.emailalert)
    tree["emailalertstatus"] = _bits(config.emailalertstatus)
    tree["virtuals"] = [_virtual(virtual) for virtual in config.virtuals]
    return flat(tree)


def _virtual(virtual: Virtual) -> dict[str, Any]:
    names = (
        *("port", "fwmark", "scheduler", "persistent", "ops"),
        *("connects_per_negotiate", "service", "checkport", "checkcommand", "checktimeout"),
        *("negotiatetimeout", "checkinterval", "checkcount", "failurecount", "request"),
        *("virtualhost", "login", "passwd", "database", "secret", "load"),
        *("quiescent", "cleanstop", "fallbackcommand", "monitorfile", "emailalertfreq", "smtp"),
        *("servicename", "comment"),
    )
    tree: dict[str, Any] = {name: getattr(virtual, name) for name in names}
    for name in ("fallbackcommand", "servicename", "comment", "schedflags"):
        tree[name] = _bare(getattr(virtual, name))
    tree["schedflags"] = tree["schedflags"] or ""
    tree |= {
        "address": None if virtual.address is None else str(virtual.address),
        "family": virtual.family.name,
        "protocol": virtual.protocol.value,
        "checktype": virtual.checktype.value,
        "httpmethod": virtual.httpmethod.value,
        "receive": virtual.receive or "",
        "netmask": virtual.netmask,
        "emailalert": ",".join(virtual.emailalert),
        "emailalertstatus": _bits(virtual.emailalertstatus),
        "fallback": virtual.fallback and _real(virtual.fallback),
        "reals": [_real(real) for real in virtual.reals],
    }
    return tree


def _real(real: Real) -> dict[str, Any]:
    return {
        "address": str(real.address),
        "port": real.port,
        "forward": real.forward.value,
        "weight": real.weight,
        "request": real.request,
        "receive": real.receive,
        "l_threshold": real.l_threshold,
        "u_threshold": real.u_threshold,
    }


def _bits(states: frozenset[DirectorState]) -> int:
    return sum(1 << number for number, state in enumerate(_STATES) if state in states)


# -- Perl --------------------------------------------------------------------------------------


def of_perl(values: Settings) -> View:
    """What Perl's daemon holds, with its defaults applied."""
    told = values["scalars"]
    tree: dict[str, Any] = {
        "autoreload": _yes(told["AUTOCHECK"]),
        "callback": _text(told.get("CALLBACK")),
        "checktimeout": _set(told["CHECKTIMEOUT"]),
        "negotiatetimeout": _set(told["NEGOTIATETIMEOUT"]),
        "checkinterval": int(told["CHECKINTERVAL"]),
        "checkcount": int(told["CHECKCOUNT"]),
        "failurecount": int(told["FAILURECOUNT"]),
        "emailalert": _addresses(told["EMAILALERT"]),
        "emailalertfrom": _text(told.get("EMAILALERTFROM")),
        "emailalertfreq": int(told["EMAILALERTFREQ"]),
        "emailalertstatus": int(told["EMAILALERTSTATUS"]),
        "supervised": _yes(told["SUPERVISED"]),
        "fork": _yes(told["FORKING"]),
        "quiescent": _yes(told["QUIESCENT"]),
        "readdquiescent": _yes(told["READDQUIESCENT"]),
        "cleanstop": _yes(told["CLEANSTOP"]),
        "logfile": _text(told["LDIRLOG"]),
        "smtp": _text(told.get("SMTP")),
        "maintenancedir": _text(told.get("MAINTDIR")),
        "fallbackcommand": _unquoted(told.get("FALLBACKCOMMAND")),
        "execute": ",".join(_text(name) or "" for name in values["instances"]),
        "virtuals": [_perl_virtual(virtual, told) for virtual in values["virtuals"]],
    }
    return flat(tree)


def _perl_virtual(own: Settings, told: Settings) -> dict[str, Any]:
    marked = own["protocol"] == "fwm"
    ct, nt = _set(own["checktimeout"]), _set(own["negotiatetimeout"])
    gct, gnt = _set(told["CHECKTIMEOUT"]), _set(told["NEGOTIATETIMEOUT"])
    family = Family(own["addressfamily"])
    shared = told.get("FALLBACK6" if family is Family.IPV6 else "FALLBACK") or {}
    fallback = own.get("fallback") or shared.get(own["protocol"])
    alert = own.get("emailalert") or told["EMAILALERT"]
    interval = own.get("checkinterval") if told["FORKING"] == "yes" else None
    return {
        "address": None if marked else _address(own["server"]),
        "port": int(own["port"]),
        "fwmark": int(own["fwm"]) if marked else None,
        "family": family.name,
        "protocol": own["protocol"],
        "scheduler": own["scheduler"],
        # 0 is told of in the table, where Perl has ipvsadm refuse it.
        "persistent": int(own.get("persistent") or 0) or None,
        "netmask": _netmask(own.get("netmask")),
        "schedflags": _unquoted(own.get("schedflags")) or "",
        "ops": _yes(own["ops"]),
        "checktype": own["checktype"],
        "connects_per_negotiate": int(own["num_connects"]) if own["checktype"] == "combined" else 0,
        "service": own["service"],
        "checkport": None if own.get("checkport") is None else int(own["checkport"]),
        "checkcommand": _text(own["checkcommand"]),
        "checktimeout": ct or nt or gct or gnt or CHECKTIMEOUT,
        "negotiatetimeout": nt or ct or gnt or gct or NEGOTIATETIMEOUT,
        "checkinterval": int(interval or told["CHECKINTERVAL"]),
        "checkcount": _set(own["checkcount"]) or int(told["CHECKCOUNT"]),
        "failurecount": _set(own["failurecount"]) or int(told["FAILURECOUNT"]),
        "request": _text(own["request"]),
        "receive": _text(own["receive"]),
        "httpmethod": own["httpmethod"],
        "virtualhost": _text(own.get("virtualhost")),
        "login": _text(own["login"]),
        "passwd": _text(own["passwd"]),
        "database": _text(own["database"]),
        "secret": _text(own["secret"]),
        "load": _text(own.get("load")),
        "quiescent": _yes(own.get("quiescent") or told["QUIESCENT"]),
        "cleanstop": _yes(own.get("cleanstop") or told["CLEANSTOP"]),
        "fallbackcommand": _unquoted(own.get("fallbackcommand") or told.get("FALLBACKCOMMAND")),
        "monitorfile": _text(own.get("monitorfile")),
        "emailalert": _addresses(alert),
        "emailalertfreq": int(own.get("emailalertfreq", told["EMAILALERTFREQ"])),
        "emailalertstatus": int(own.get("emailalertstatus", told["EMAILALERTSTATUS"])),
        "smtp": _text(own.get("smtp") or told.get("SMTP")),
        "servicename": _unquoted(own.get("servicename")),
        "comment": _unquoted(own.get("comment")),
        "fallback": fallback and _perl_real(fallback, port_of=own),
        "reals": [_perl_real(real) for real in own.get("real", [])],
    }


def _perl_real(real: Settings, *, port_of: Settings | None = None) -> dict[str, Any]:
    port = int(real.get("port") or 0)
    if port == 0 and port_of is not None:
        port = port_of["port"]
    return {
        "address": _address(real["server"]),
        "port": int(port or 0),
        "forward": real["forward"],
        "weight": int(real["weight"]),
        "request": _text(real.get("request")),
        "receive": _text(real.get("receive")),
        "l_threshold": int(real.get("l-threshold") or 0),
        "u_threshold": int(real.get("u-threshold") or 0),
    }


def _address(text: str) -> str:
    return str(ip_address(text.strip("[]")))


def _netmask(mask: Any) -> str | None:
    return None if mask is None else str(int(mask)) if str(mask).isdigit() else str(mask)


def _yes(word: str) -> bool | str:
    return {"yes": True, "no": False}.get(word, word)


def _set(number: Any) -> int | None:
    return None if number is None or int(number) < 0 else int(number)


def _text(text: str | None) -> str | None:
    """A text of Perl's bytes as ldirpy holds it."""
    return None if text is None else text.encode("latin-1").decode("utf-8", "surrogateescape")


def _addresses(text: str) -> str:
    """Mail addresses with bare commas between."""
    return ",".join(filter(None, (part.strip() for part in (_text(text) or "").split(","))))


def _unquoted(text: str | None) -> str | None:
    """A text of Perl's without the quotes around it."""
    return _bare(_text(text))


def _bare(text: str | None) -> str | None:
    """A text without the quotes around it, which both leave to a shell or a reader to drop."""
    if text is not None and len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return text or None


# -- before defaults ----------------------------------------------------------------------------

# Their names are looked up, so they are compared as they take effect.
RESOLVED = frozenset({"fallback", "fallback6", "execute", "address", "port", "reals"})
# What Perl's daemon holds where a file says nothing.
UNSET: Mapping[str, tuple[Any, ...]] = {
    **dict.fromkeys(("checktimeout", "negotiatetimeout"), (-1,)),
    **dict.fromkeys(("failurecount", "checkcount"), (-1, 1)),
    "checkinterval": (10,),
    "emailalertfreq": (0,),
    **dict.fromkeys(("request",), ("/",)),
    **dict.fromkeys(("receive", "database", "secret", "emailalert"), ("",)),
    **dict.fromkeys(("callback", "maintenancedir", "fallbackcommand", "emailalertfrom"), (None,)),
    **dict.fromkeys(("autoreload", "fork", "supervised", "readdquiescent", "ops"), ("no",)),
    "cleanstop": ("yes",),
    "quiescent": ("no",),
    "scheduler": ("wrr",),
    "checktype": ("negotiate",),
    "checkcommand": ("/bin/true",),
    "httpmethod": ("GET",),
}


def plain(value: Any, name: str) -> Any:
    """A value of either side before defaults, in one form."""
    if name == "checktype":
        return value[0].value if isinstance(value, tuple) else value
    if isinstance(value, frozenset):
        return _bits(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) or (isinstance(value, str) and value.isdigit()):
        return int(value)
    return _bare(value) if isinstance(value, str) else value


# -- what is checked ---------------------------------------------------------------------------


def checks_of_config(config: Config) -> list[str]:
    """The checks of ldirpy, each as Perl's daemon names it in its debug lines."""
    return list(
        dict.fromkeys(
            _check(virtual, real) for virtual in config.virtuals for real in virtual.reals
        )
    )


def checks_of_perl(values: Settings) -> list[str]:
    """The checks of Perl's daemon by their names, in the order it makes them."""
    # A weight stands there as it was written.
    return [
        re.sub(r":0*(\d+:(?:gate|masq|ipip):)", r":\1", _text(check["real"]) or "")
        for check in values["checks"]
    ]


def _check(virtual: Virtual, real: Real) -> str:
    kind = virtual.checktype
    if kind in (CheckType.NEGOTIATE, CheckType.COMBINED):
        head = f"{kind.value}:{virtual.service}"
    elif kind in (CheckType.EXTERNAL, CheckType.EXTERNAL_PERL):
        head = f"{kind.value}:{virtual.checkcommand}"
    else:
        head = kind.value
    words = [
        head, virtual.protocol.value, str(real), virtual.virtualhost or "",
        str(virtual.checkport or ""), str(real.weight), real.forward.value,
        _quotemeta(real.request or virtual.request or ""),
        _quotemeta(real.receive or virtual.receive or ""),
    ]  # fmt: skip
    return ":".join(words)


def _quotemeta(text: str) -> str:
    """As Perl's quotemeta does it, on bytes."""
    raw = text.encode("utf-8", "surrogateescape")
    quoted = b"".join(
        bytes([byte])
        if byte < 128 and (chr(byte).isalnum() or byte == 95)
        else b"\\" + bytes([byte])
        for byte in raw
    )
    return quoted.decode("utf-8", "surrogateescape")
