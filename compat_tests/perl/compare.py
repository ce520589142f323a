"""Holds ldirpy's reading of a text against what Perl's daemon made of it."""

import contextlib
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from ipaddress import ip_address

import attrs

from ldirpy import desired
from ldirpy.config.effective import effective
from ldirpy.config.faults import REFUSED
from ldirpy.config.load import loads
from ldirpy.config.model import Config, Virtual
from ldirpy.config.parse import Record, sections
from ldirpy.config.resolve import SystemResolver
from ldirpy.errors import ConfigError
from ldirpy.ipvs.model import Dest, DestId, Flag, ForwardMethod, Service, ServiceId
from ldirpy.net import Family, Protocol

from . import views
from .deviations import DEVIATIONS, OF_CHECKS, READ_WITH_A_WARNING, repaired
from .oracle import NAME, Answer, Oracle

Load = Callable[[bytes], Config]


@attrs.frozen(kw_only=True)
class Disagreement:
    """One thing that the two say differently; `deviation` names it if it is on purpose."""

    what: str
    perl: object
    ldirpy: object
    text: bytes = attrs.field(repr=False)
    marked: bool = False  # it is about a virtual service of a firewall mark
    row: str = ""  # the line it is about
    lines: tuple[int, ...] = ()  # those of all errors that ldirpy tells
    deviation: str = ""

    def __str__(self) -> str:
        name = f" ({self.deviation})" if self.deviation else ""
        return f"{self.what}: Perl {self.perl!r}, ldirpy {self.ldirpy!r}{name}"


@attrs.define
class Tally:
    """What a run compared, and what it found."""

    files: int = 0
    accepted: int = 0
    values: int = 0
    services: int = 0
    servers: int = 0
    deviations: Counter[str] = attrs.field(factory=Counter)
    unexplained: list[Disagreement] = attrs.field(factory=list)

    def __str__(self) -> str:
        known = ", ".join(f"{name} {count}" for name, count in sorted(self.deviations.items()))
        return (
            f"{self.files} files ({self.accepted} accepted), {self.values} values,"
            f" {self.services} services and {self.servers} servers set;"
            f" deviations: {known or 'none'}; unexplained: {len(self.unexplained)}"
        )


def own_load(text: bytes) -> Config:
    """ldirpy's parser."""
    return loads(text, path=NAME)


def run(
    oracle: Oracle,
    texts: Iterable[bytes],
    *,
    start: bool = True,
    load: Load = own_load,
    into: Tally | None = None,
) -> Tally:
    """Give every text to both; with `start` also compare what the daemon sets in the table.

    What is found is added to the tally `into`, or to a new one.
    """
    tally = Tally() if into is None else into
    files = [_File(text, text) for text in texts]
    tally.files += len(files)
    todo = files
    # What Perl refuses and ldirpy reads is repaired, and asked again.
    while todo:
        answers = oracle.status(file.text for file in todo)
        for file, answer in zip(todo, answers, strict=True):
            file.answer = answer
        todo = [file for file in todo if file.repair(tally)]
    accepted = [file for file in files if file.answer.accepted]
    tally.accepted += len(accepted)
    if start:
        for file, answer in zip(accepted, oracle.start(f.text for f in accepted), strict=True):
            file.started = answer
    for file in files:
        known = set()
        for found in file.differences(load, tally):
            named = _named(found)
            known.add(named.deviation)
            # What follows from values that differ by name is not told a second time.
            if named.what.startswith(("checks", "server ")) and known & OF_CHECKS:
                continue
            if named.deviation:
                tally.deviations[named.deviation] += 1
            else:
                tally.unexplained.append(named)
    return tally


def _named(found: Disagreement) -> Disagreement:
    for name, explains in DEVIATIONS.items():
        if explains(found):
            return attrs.evolve(found, deviation=name)
    return found


@attrs.define
class _File:
    """One text on its way through a run; `text` is the original or as it is repaired."""

    original: bytes
    text: bytes
    answer: Answer = attrs.field(init=False)
    started: Answer | None = None

    def repair(self, tally: Tally) -> bool:
        """Put right what only Perl's daemon minds; whether there was such a thing."""
        answer = self.answer
        if answer.accepted or not any(
            doubt.line == answer.line and REFUSED in doubt.message
            for doubt in record(self.text).doubts
        ):
            return False
        text = repaired(self.text, answer.line, answer.message)
        if text is None:
            return False
        tally.deviations[READ_WITH_A_WARNING] += 1
        self.text = text
        return True

    def differences(self, load: Load, tally: Tally) -> Iterator[Disagreement]:
        """All that the two say differently of the original and of the text as Perl takes it."""
        answer = self.answer
        outcomes = [_outcome(load, text) for text in dict.fromkeys([self.original, self.text])]
        outcome = outcomes[-1]
        if not _alike(outcomes[0], outcome):
            yield self._differs("repaired", str(outcomes[0]), str(outcome), outcome)
        if not answer.accepted:
            perl = f"line {answer.line}: {answer.message}"
            if answer.line == 0:
                perl = f"status {answer.status}: {answer.output[-300:]}"
            if isinstance(outcome, Config):
                yield self._differs("verdict", perl, "accepted", outcome)
            elif outcome.line != answer.line:
                told = f"line {outcome.line}: {outcome.message}"
                yield self._differs("line", perl, told, outcome)
            return
        if not isinstance(outcome, Config):
            told = f"line {outcome.line}: {outcome.message}"
            yield self._differs("verdict", "accepted", told, outcome)
            return
        assert answer.values is not None, answer.output
        mine, theirs = views.of_config(outcome), views.of_perl(answer.values)
        tally.values += len(theirs)
        for path in sorted(set(mine) | set(theirs)):
            if mine.get(path) != theirs.get(path):
                yield self._differs(path, theirs.get(path), mine.get(path), outcome)
        checks, perl_checks = views.checks_of_config(outcome), views.checks_of_perl(answer.values)
        if checks != perl_checks:
            yield self._differs("checks", perl_checks, checks, outcome)
        if self.started is not None:
            for what, perl_set, ldirpy_set in _table_differences(outcome, self.started, tally):
                yield self._differs(what, perl_set, ldirpy_set, outcome)

    def _differs(
        self, what: str, perl: object, ldirpy: object, outcome: Config | ConfigError
    ) -> Disagreement:
        marked, line = False, 0
        lines: tuple[int, ...] = ()
        place = re.match(r"virtuals\[(\d+)\](?:\.reals\[(\d+)\])?", what)
        if isinstance(outcome, ConfigError):
            line = outcome.line
            lines = tuple(problem.line for problem in outcome.problems)
        elif place and int(place[1]) < len(outcome.virtuals):
            virtual = outcome.virtuals[int(place[1])]
            marked = virtual.fwmark is not None
            if place[2] and int(place[2]) < len(virtual.reals):
                line = virtual.reals[int(place[2])].line
        rows = self.text.decode("utf-8", "surrogateescape").split("\n")
        row = rows[line - 1] if 0 < line <= len(rows) else ""
        return Disagreement(
            what=what,
            perl=perl,
            ldirpy=ldirpy,
            text=self.original,
            marked=marked,
            row=row,
            lines=lines,
        )


def record(text: bytes) -> Record:
    """All that ldirpy's parser notes of a text, right or wrong."""
    resolver = SystemResolver()
    noted = sections(text.decode("utf-8", "surrogateescape"), path=NAME, resolver=resolver)
    with contextlib.suppress(ConfigError):
        effective(noted, resolver)
    return noted


def _outcome(load: Load, text: bytes) -> Config | ConfigError:
    try:
        return load(text)
    except ConfigError as error:
        return error


def _alike(one: Config | ConfigError, other: Config | ConfigError) -> bool:
    if isinstance(one, Config):
        return one == other
    return isinstance(other, ConfigError) and one.line == other.line


# -- what is set in the table ------------------------------------------------------------------


def _table_differences(
    config: Config, started: Answer, tally: Tally
) -> Iterable[tuple[str, object, object]]:
    services: list[Service] = []
    dests: dict[ServiceId, list[Dest]] = {}
    for command in started.commands:
        words = shlex.split(command)
        if words[0] != "./ipvsadm":
            continue
        try:
            if words[1] == "-A":
                services.append(added_service(words[2:]))
            elif words[1] == "-a":
                service, dest = added_dest(words[2:])
                dests.setdefault(service, []).append(dest)
        except ValueError as error:
            yield "command", command, str(error)
    mine = [desired.service_of(virtual) for virtual in config.virtuals]
    tally.services += len(services)
    for number in range(max(len(mine), len(services))):
        pair = [found[number] if number < len(found) else None for found in (services, mine)]
        if pair[0] != pair[1]:
            yield f"service[{number}]", pair[0], pair[1]
    for virtual in config.virtuals:
        allowed = _possible(virtual)
        for dest in dests.get(desired.service_id(virtual), ()):
            tally.servers += 1
            if dest not in allowed:
                yield f"server {dest.id} of {virtual}", dest, allowed


def _possible(virtual: Virtual) -> list[Dest]:
    """The dests of a service with all real servers up, each, and with none of them."""
    found = list(desired.wanted(virtual, virtual.reals, readd=True).dests.values())
    for up in ([], *([real] for real in virtual.reals)):
        found += desired.wanted(virtual, up, readd=True).dests.values()
    return found


def added_service(words: Sequence[str]) -> Service:
    """The service that `ipvsadm -A WORDS` adds."""
    said = _options(words)
    flags = desired.scheduler_flags(said.get("-b", ""))
    timeout, prefix = 0, None
    if "-p" in said:
        flags |= Flag.PERSISTENT
        timeout = int(said["-p"])
        prefix = desired.prefix_length(said.get("-M"))
    if "-o" in said:
        flags |= Flag.ONEPACKET
    return Service(
        id=_service_id(said), scheduler=said["-s"], flags=flags, timeout=timeout, prefix=prefix
    )


def added_dest(words: Sequence[str]) -> tuple[ServiceId, Dest]:
    """The dest that `ipvsadm -a WORDS` adds, and its service."""
    said = _options(words)
    service = _service_id(said)
    host, _, port = said["-r"].rpartition(":")
    method = ForwardMethod.MASQ
    if "-g" in said:
        method = ForwardMethod.ROUTE
    if "-i" in said:
        method = ForwardMethod.TUNNEL
    number = int(port)
    # ipvsadm writes the service's port over that of a server that is routed or tunnelled to.
    if service.fwmark == 0 and method is not ForwardMethod.MASQ:
        number = service.port
    return service, Dest(
        id=DestId(ip_address(host.strip("[]")), number),
        forward=method,
        weight=int(said["-w"]),
        upper=int(said["-x"]),
        lower=int(said["-y"]),
    )


def _service_id(said: dict[str, str]) -> ServiceId:
    if "-f" in said:
        family = Family.IPV6 if "-6" in said else Family.IPV4
        return ServiceId(Protocol.FWM, family, None, 0, int(said["-f"]))
    protocol = Protocol.TCP if "-t" in said else Protocol.UDP
    host, _, port = (said.get("-t") or said["-u"]).rpartition(":")
    address = ip_address(host.strip("[]"))
    return ServiceId(protocol, Family.of(address), address, int(port))


_WITHOUT_VALUE = {"-6", "-o", "-g", "-m", "-i"}


def _options(words: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        found[word] = "" if word in _WITHOUT_VALUE else next(rest)
    return found
