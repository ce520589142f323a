"""What is legal in a file and probably not meant.

A pure look at the record of a file and at the Config that it means. What the parsers of values
saw on their way stands in the record already.
"""

import re
from collections.abc import Iterator

from ldirpy.config.directives import SERVICES
from ldirpy.config.faults import Fault
from ldirpy.config.lines import Line
from ldirpy.config.model import CheckType, Config, HttpMethod, Real, Virtual
from ldirpy.config.parse import Record, Said, Section, problem
from ldirpy.desired import dest_id
from ldirpy.errors import Problem
from ldirpy.net import Forward, Protocol

SQL = frozenset({"mysql", "pgsql", "oracle"})
_HTTP = frozenset({"http", "https"})
_LOGIN = frozenset({"ftp", "pop", "pops", "imap", "imaps", "ldap", "ldaps", "radius", "sip"}) | SQL

# The services whose checks use a directive. What other packages bring may use any.
USED_BY = {
    "request": _HTTP | SQL | {"http_proxy", "ftp", "ldap", "ldaps", "dns", "simpletcp"},
    "receive": _HTTP | {"http_proxy", "ftp", "ldap", "ldaps", "dns", "simpletcp"},
    "httpmethod": _HTTP | {"http_proxy"},
    "virtualhost": _HTTP | {"http_proxy"},
    "login": _LOGIN,
    "passwd": _LOGIN,
    "database": SQL,
    "secret": frozenset({"radius"}),
    "verify": frozenset({"https"}),
    "cafile": frozenset({"https"}),
    "httpstatus": _HTTP | {"http_proxy"},
    "httpheader": _HTTP | {"http_proxy"},
}
_NEGOTIATES = (CheckType.NEGOTIATE, CheckType.COMBINED)
_EXTERNAL = (CheckType.EXTERNAL, CheckType.EXTERNAL_PERL, CheckType.EXTERNAL_PYTHON)


def warnings(record: Record, config: Config) -> tuple[Problem, ...]:
    """All that a careful reader would point out, in the order of the lines."""
    found = [*record.doubts]
    found += [problem(record.path, line, doubt) for line, doubt in _all(record, config)]
    return tuple(sorted(found, key=lambda one: one.line))


def refused_by_perl(record: Record) -> tuple[Problem, ...]:
    """Each directive and value that is ldirpy's own: what `ldirpy check --perl` adds."""
    found = []
    for said in record.everything():
        name, value = said.directive.name, said.value
        if said.directive.extension:
            doubt = Fault("ldirectord does not know this directive, and refuses it", at=name)
        elif name == "checktype" and value[0] is CheckType.EXTERNAL_PYTHON:
            doubt = Fault("ldirectord does not know this check type, and refuses it")
        elif name == "service" and value not in SERVICES:
            doubt = Fault("ldirectord does not know this service, and refuses it")
        else:
            continue
        found.append(problem(record.path, said.line, doubt))
    return tuple(sorted(found, key=lambda one: one.line))


Doubts = Iterator[tuple[Line, Fault]]


def _all(record: Record, config: Config) -> Doubts:
    yield from _said_again(record.all)
    yield from _quiescent(record)
    yield from _mail(record)
    if checkcount := record.said.get("checkcount"):
        yield checkcount.line, Fault("is deprecated", "write failurecount", "checkcount")
    for section, virtual in zip(record.sections, config.virtuals, strict=True):
        yield from _said_again(section.all)
        yield from _comments_in_quotes(section)
        yield from _ignored(section, virtual, forks=config.fork)
        yield from _checks(section, virtual)
        yield from _servers(section, virtual)


def _said_again(several: list[Said]) -> Doubts:
    """A directive that overrides an earlier one of the same section."""
    last: dict[str, Said] = {}
    for said in several:
        name = said.directive.name
        if name in last and not said.directive.repeats:
            earlier = last[name].line.number
            yield said.line, Fault(f"overrides line {earlier}", "take one of them out", name)
        last[name] = said


def _quiescent(record: Record) -> Doubts:
    if "quiescent" in record.said:
        return
    for section in record.sections:
        if "quiescent" not in section.said:
            yield (
                section.line,
                Fault(
                    "quiescent is not set: it is no then, though ldirectord's manual says yes",
                    "write quiescent=yes or quiescent=no, before the virtual services",
                ),
            )
            return


def _mail(record: Record) -> Doubts:
    """What is about mail, when nobody gets any."""
    if "emailalert" in record.said or any("emailalert" in one.said for one in record.sections):
        return
    holders: list[Record | Section] = [record, *record.sections]
    for name in ("emailalertfrom", "emailalertfreq", "emailalertstatus", "smtp"):
        for holder in holders:
            if name in holder.said:
                yield (
                    holder.said[name].line,
                    Fault("has no effect: there is no emailalert", "", name),
                )


def _comments_in_quotes(section: Section) -> Doubts:
    for said in section.all:
        line = said.line
        before, mark, _ = line.raw.partition("#")
        if mark and before.count('"') % 2:
            yield (
                line,
                Fault(
                    "a # starts a comment in quotes too: the value ends before it",
                    "take out the #, or what follows it",
                    offset=len(before.replace("\t", "    ")) - line.start,
                ),
            )


def _ignored(section: Section, virtual: Virtual, *, forks: bool) -> Doubts:
    """Directives that have no effect in this mode."""

    def useless(name: str, why: str, hint: str = "") -> Doubts:
        if name in section.said:
            yield section.said[name].line, Fault(f"has no effect {why}", hint, name)

    if not forks:
        yield from useless("checkinterval", "without fork=yes", "write fork=yes before the "
                           "virtual services, or checkinterval there")  # fmt: skip
    if virtual.ops and virtual.protocol is not Protocol.UDP:
        yield from useless("ops", f"with protocol {virtual.protocol.value}: it is for udp")
    if virtual.persistent is None:
        yield from useless("netmask", "without persistent")
        if "persistent" in section.said:
            yield section.said["persistent"].line, Fault("0 is not persistent", "leave it out")
    if virtual.checktype is not CheckType.PING:
        yield from useless("checkcount", "on a check other than ping", "write failurecount")
    if virtual.checktype not in _EXTERNAL:
        yield from useless("checkcommand", f"with checktype {virtual.checktype.value}")
    if virtual.checktype not in _NEGOTIATES:
        for name in USED_BY:
            yield from useless(name, f"with checktype {virtual.checktype.value}")
        return
    if virtual.service in SERVICES:
        for name, users in USED_BY.items():
            if virtual.service not in users:
                yield from useless(name, f"with service {virtual.service}")


def _checks(section: Section, virtual: Virtual) -> Doubts:
    """Checks that cannot do what somebody hopes for."""
    checktype = section.said.get("checktype")
    if virtual.checktype in _EXTERNAL and "checkcommand" not in section.said and checktype:
        yield checktype.line, Fault("there is no checkcommand: all servers are up", "write one")
    if virtual.checktype not in _NEGOTIATES:
        return
    if virtual.service in SQL:
        missing = [name for name in ("login", "request") if name not in section.said]
        # A request may stand with each real server.
        if "request" in missing and virtual.reals and all(one.request for one in virtual.reals):
            missing.remove("request")
        if missing:
            where = section.said.get("service")
            yield (
                where.line if where else section.line,
                Fault(
                    f"a check by {virtual.service} without {' and '.join(missing)} is always down",
                    f"write {' and '.join(f'{name}=...' for name in missing)}",
                ),
            )
    if "receive" in section.said and virtual.service in USED_BY["receive"]:
        said = section.said["receive"]
        if virtual.httpmethod is HttpMethod.HEAD and virtual.service in USED_BY["httpmethod"]:
            yield said.line, Fault("can never match: the answer to HEAD has no page",
                                   "write httpmethod=GET, or take out receive")  # fmt: skip
        elif why := never(said.value):
            yield said.line, Fault(f"can never match: {why[0]}", why[1])
    for said in section.reals:
        if said.value.receive and (why := never(said.value.receive)):
            yield said.line, Fault(f"receive can never match: {why[0]}", why[1], said.value.receive)


def never(pattern: str) -> tuple[str, str] | None:
    """Why a pattern matches nothing at all, with advice; None if it may match something.

    Only the two slips that people make: `$` before more text, and `^` behind some.
    """
    if re.search(r"\(\?\^?[a-z]*m", pattern) or any(mark in pattern for mark in ("|", "[", "(?#")):
        return None
    if re.search(r"\(\?\^?[a-z]*x", pattern):
        return None
    bare = re.sub(r"\\Q.*?(\\E|$)", "q", pattern, flags=re.DOTALL)
    bare = re.sub(r"\\.", "e", bare, flags=re.DOTALL)
    if re.search(r"\$[A-Za-z0-9_ .]", bare) and not re.search(r"\$[A-Za-z0-9_ .][?*{]", bare):
        return "there is text behind $, the end", "write \\$ for a dollar sign"
    if re.search(r"[A-Za-z0-9_ ]\^", bare):
        return "there is text before ^, the beginning", "write \\^ for a caret"
    return None


def _servers(section: Section, virtual: Virtual) -> Doubts:
    if not section.reals:
        yield section.line, Fault("has no real servers", "write real= lines below it")
    lines = {said.line.number: said.line for said in section.reals}
    first: dict[object, Real] = {}
    told: set[int] = set()
    mapped: set[int] = set()
    for real in virtual.reals:
        line = lines[real.line]
        key = dest_id(virtual, real)
        twin = first.setdefault(key, real)
        if twin is not real and real.line not in told:
            told.add(real.line)
            yield (
                line,
                Fault(
                    f"{real.address} is there already, in line {twin.line}", "take one of them out"
                ),
            )
        if (
            real.port not in (0, virtual.port)
            and virtual.fwmark is None
            and real.forward is not Forward.MASQ
            and real.line not in mapped
        ):
            mapped.add(real.line)
            yield (
                line,
                Fault(
                    f"{real.forward.value} cannot change the port: "
                    f"clients come to port {virtual.port} of the real server",
                    f"write :{virtual.port}, or masq",
                    f":{real.port}",
                ),
            )
    fallback = virtual.fallback
    if fallback and dest_id(virtual, fallback) in first:
        wanted = "fallback6" if section.ipv6 else "fallback"
        own = section.said.get(wanted)
        yield (
            own.line if own else section.line,
            Fault(
                f"the fallback server {fallback} is a real server too",
                "name a server that is up when the others are not",
            ),
        )


def in_the_open(record: Record, mode: int) -> Problem | None:
    """The warning about a file with passwords that others may read or write; `mode` is its mode."""
    secret = next(
        (said.line for said in record.everything() if said.directive.name in ("passwd", "secret")),
        None,
    )
    if secret is None or not mode & 0o006:
        return None
    what = "write" if mode & 0o002 else "read"
    return problem(
        record.path,
        secret,
        Fault(f"everybody may {what} this file, which has a password", f"chmod o= {record.path}"),
    )
