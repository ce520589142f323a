"""From the lines of a ldirectord.cf to a record of what it says, before any default.

Every fault is collected. They are told in the order in which Perl's daemon, which stops at the
first, would come upon them: it reads a line at a time, and looks at the servers of a section when
the section ends.
"""

from collections.abc import Iterator
from typing import Any

import attrs

from ldirpy.config.directives import DIRECTIVES, OUTDATED, SERVICES, Directive, known
from ldirpy.config.faults import REFUSED, Fault, Value, choice, nearest
from ldirpy.config.fields import SECRET
from ldirpy.config.lines import BLANKS, INDENT, Line, SectionEnd, directives
from ldirpy.config.resolve import Resolver, SystemResolver
from ldirpy.config.servers import Place
from ldirpy.errors import ConfigError, Problem
from ldirpy.net import Family

# When Perl's daemon comes upon a fault: at a line, what the section that ends there brings up
# first, in this order, then the line itself.
FALLBACK, PLACE, REALS, TWINS, AT_ONCE = range(5)
Order = tuple[int, int, int]

# More than these help nobody, and would take memory without end in a file that is none.
MAX_ERRORS = 100
MAX_WARNINGS = 100


@attrs.frozen
class Said:
    """A directive with its value as parsed."""

    directive: Directive
    value: Any
    line: Line


@attrs.define(eq=False)
class Section:
    """What the section of one virtual service says; `said` has the last of each directive."""

    line: Line
    family: Family
    place: Place | None = None  # None if its virtual= is wrong
    said: dict[str, Said] = attrs.field(factory=dict)
    all: list[Said] = attrs.field(factory=list)
    # The login and password that a service= line brings with it (ftp and sip).
    implied: dict[str, str] = attrs.field(factory=dict)
    end: int = 0  # the line at which Perl's daemon looks at the servers
    late: list[tuple[Line, Fault, int]] = attrs.field(factory=list)

    @property
    def ipv6(self) -> bool:
        return self.family is Family.IPV6

    @property
    def reals(self) -> list[Said]:
        """The lines of its real servers."""
        return self.several("real6" if self.ipv6 else "real")

    def value(self, name: str, default: Any = None) -> Any:
        """What was said last of this name."""
        return self.said[name].value if name in self.said else default

    def several(self, name: str) -> list[Said]:
        """All that was said of a directive that repeats."""
        return [said for said in self.all if said.directive.name == name]


@attrs.define(eq=False)
class Record:
    """What a file says: the values of its lines, with no default filled in and no name looked up.

    As far as values go it holds what Perl's daemon holds when it has parsed the same text.
    """

    path: str
    said: dict[str, Said] = attrs.field(factory=dict)
    all: list[Said] = attrs.field(factory=list)
    sections: list[Section] = attrs.field(factory=list)
    problems: list[tuple[Order, Problem]] = attrs.field(factory=list)
    doubts: list[Problem] = attrs.field(factory=list)

    def value(self, name: str, default: Any = None) -> Any:
        """What was said last of this name, outside of the sections."""
        return self.said[name].value if name in self.said else default

    def several(self, name: str) -> list[Said]:
        """All that was said of a directive that repeats."""
        return [said for said in self.all if said.directive.name == name]

    def everything(self) -> Iterator[Said]:
        """All directives, but for the virtual= lines."""
        yield from self.all
        for section in self.sections:
            yield from section.all

    def refuse(self, line: Line, fault: Fault, order: Order) -> None:
        """Note an error; raises ConfigError when there are enough of them."""
        self.problems.append((order, problem(self.path, line, fault)))
        if len(self.problems) >= MAX_ERRORS:
            end = f"there may be more errors; this is the end after {MAX_ERRORS}"
            last = Problem(path=self.path, line=line.number, message=end)
            raise ConfigError([*self.errors(), last], self.doubts)

    def doubt(self, line: Line, fault: Fault) -> None:
        """Note a warning."""
        if len(self.doubts) < MAX_WARNINGS:
            self.doubts.append(problem(self.path, line, fault))

    def errors(self) -> list[Problem]:
        """All errors, in the order in which Perl's daemon would come upon them."""
        return [one for _, one in sorted(self.problems, key=lambda entry: entry[0])]


def sections(text: str, *, path: str = "<string>", resolver: Resolver | None = None) -> Record:
    """What `text` says, before defaults; its errors are in the record and are not raised."""
    reader = _Reader(Record(path), resolver or SystemResolver())
    for item in directives(text):
        if isinstance(item, SectionEnd):
            reader.close(item)
        else:
            reader.read(item)
    return reader.record


class _Reader:
    def __init__(self, record: Record, resolver: Resolver) -> None:
        self.record = record
        self._resolver = resolver
        self._section: Section | None = None

    def read(self, line: Line) -> None:
        """Take one line in."""
        try:
            self._take(line)
        except Fault as fault:
            if self._section is None:
                self.record.refuse(line, fault, (line.number, AT_ONCE, 0))
            elif fault.late:
                self._section.late.append((line, fault, FALLBACK))
            elif line.name == ("real6" if self._section.ipv6 else "real"):
                self._section.late.append((line, fault, REALS))
            else:
                self.record.refuse(line, fault, (line.number, AT_ONCE, 0))

    def close(self, end: SectionEnd) -> None:
        """Come to the end of a section."""
        section = self._section
        assert section is not None
        section.end = end.number + 1 if end.end_of_file else end.number
        for line, fault, rank in section.late:
            self.record.refuse(line, fault, (section.end, rank, line.number))
        if end.end_of_file and section.line.number == end.number:
            self.record.doubt(
                section.line,
                Fault(
                    f"{REFUSED}: it is the last line of the file",
                    "write its real servers below it",
                ),
            )
        self._section = None

    def _take(self, line: Line) -> None:
        section = self._section if line.inside else None
        row = known(inside=line.inside).get(line.name)
        if row is None:
            raise _unknown(line, section)
        text = line.value
        if text is None:
            text = self._bare(line)
        if section is not None:
            _right_family(line, section)
        ipv6 = section.ipv6 if section else line.name.endswith("6")
        value = Value(text, line.inside, ipv6, line.comment)
        if line.name in ("virtual", "virtual6"):
            family = Family.IPV6 if value.ipv6 else Family.IPV4
            self._section = Section(line, family)
            self.record.sections.append(self._section)
        try:
            said = Said(row, row.parser(inside=line.inside)(value), line)
        finally:
            for doubt in value.doubts:
                self.record.doubt(line, doubt)
        if line.name in ("virtual", "virtual6"):
            assert self._section is not None
            self._section.place = said.value
        elif section is None:
            if line.name == "maintenancedir" and not self._resolver.is_directory(said.value):
                self.record.doubt(line, Fault("there is no such directory"))
            self.record.said[line.name] = said
            self.record.all.append(said)
        else:
            self._look_closer(section, said)
            section.said[line.name] = said
            section.all.append(said)

    def _bare(self, line: Line) -> str:
        """The value of a name without `=`."""
        if line.name != "supervised":
            raise Fault("there is no = behind the name", f"write {line.name}=VALUE")
        self.record.doubt(line, Fault("a bare supervised is deprecated", "write supervised=yes"))
        return "yes"

    def _look_closer(self, section: Section, said: Said) -> None:
        """What Perl's daemon asks of a value at once, beyond its form."""
        match said.directive.name, said.value:
            case "service", str(service):
                self._service(section, service)
            case "protocol", str(protocol):
                _protocol(section, protocol)
            case "monitorfile", str(path):
                if trouble := self._resolver.cannot_append(path):
                    raise Fault(f"cannot write to {path!r}: {trouble}", at=path)
            case "login" | "passwd", _:
                section.implied.pop(said.directive.name, None)

    def _service(self, section: Section, service: str) -> None:
        if service not in SERVICES and service not in self._resolver.plugged_services():
            several = sorted({*SERVICES, *self._resolver.plugged_services()})
            raise Fault(f"unknown service {service!r}", choice(service, several), service)
        host = self._resolver.host_name() if service in ("ftp", "sip") else ""
        brought = {
            "ftp": {"login": "anonymous", "passwd": f"ldirectord@{host}"},
            "sip": {"login": f"ldirectord@{host}"},
        }
        for name, value in brought.get(service, {}).items():
            if name not in section.said:
                section.implied.setdefault(name, value)


def _protocol(section: Section, protocol: str) -> None:
    if section.place is None:
        return
    if section.place.fwmark is not None:
        if protocol != "fwm":
            raise Fault(
                "a firewall mark has the protocol fwm", "write protocol=fwm, or leave it out"
            )
    elif protocol not in ("tcp", "udp"):
        raise Fault(
            f"must be tcp or udp for an address and port, not {protocol!r}",
            choice(protocol, ["tcp", "udp"]),
            protocol,
        )


def _right_family(line: Line, section: Section) -> None:
    plain = line.name.removesuffix("6")
    if plain in ("real", "fallback") and line.name.endswith("6") is not section.ipv6:
        right = plain + ("6" if section.ipv6 else "")
        raise Fault(f"does not go with {section.line.name}", f"write {right}=")


def _unknown(line: Line, section: Section | None) -> Fault:
    """The fault of a line that is no directive here, with what was probably meant."""
    if line.inside and not line.raw.strip(BLANKS):
        return Fault(
            "a line of more than four blanks",
            "take the blanks out: an empty line ends the section of a virtual service",
        )
    if not line.inside and line.raw[:1] in BLANKS:
        return _indented(line)
    if line.raw.startswith("\ufeff"):
        return Fault("the file begins with a byte order mark", "save it as UTF-8 without one")
    if not line.name:
        first = line.raw.lstrip(BLANKS).partition(" ")[0]
        row = first in known(inside=line.inside)
        return Fault(
            "unknown command: not of the form NAME = VALUE", f"write {first}=VALUE" if row else ""
        )
    if line.name in OUTDATED and line.value is not None:
        return Fault("out of date", "write checktimeout= and negotiatetimeout=", line.name)
    if line.name in DIRECTIVES:
        if line.inside:
            return Fault(
                "does not belong inside the section of a virtual service",
                "write it in the first column, before the virtual services",
                line.name,
            )
        return Fault(
            "belongs into the section of a virtual service",
            "write it below a virtual= line, indented by four blanks or more",
            line.name,
        )
    near = nearest(line.name, known(inside=line.inside)) or nearest(line.name, DIRECTIVES)
    return Fault("unknown directive", f"did you mean {near}=?" if near else "", line.name)


def _indented(line: Line) -> Fault:
    """The fault of an indented line that belongs to no virtual service."""
    spread = line.raw.replace("\t", " " * INDENT)
    width = len(spread) - len(spread.lstrip(BLANKS))
    if width < INDENT:
        return Fault(
            f"unknown command: indented by {width} blank{'s' if width > 1 else ''}",
            "indent the lines of a virtual service by four blanks or more, or by a tab, and "
            "directives for all of them not at all",
        )
    return Fault(
        "unknown command: an indented line outside of a virtual service",
        "the lines of a virtual service follow its virtual= line, with no empty line between",
    )


def problem(path: str, line: Line, fault: Fault) -> Problem:
    """A fault or doubt where it stands in the file."""
    value = line.value or ""
    column, length = _marked(line, value, fault)
    text, hint = shown(line), fault.hint
    if text != line.raw:
        column, length, hint = line.column(0), 3, hint.replace(value.strip(BLANKS + '"'), "***")
    return Problem(
        path=path,
        line=line.number,
        column=column,
        length=max(length, 1),
        text=text,
        message=f"{line.name}: {fault.message}" if line.name else fault.message,
        hint=hint,
    )


def _marked(line: Line, value: str, fault: Fault) -> tuple[int, int]:
    """The column of what is at fault, and its length: some words, else the value or the line."""
    if fault.offset >= 0:
        return line.column(fault.offset), len(fault.at)
    if fault.at == line.name != "":
        return line.raw.find(line.name) + 1, len(line.name)
    if fault.at and (offset := value.find(fault.at)) >= 0:
        return line.column(offset), len(fault.at)
    if stripped := value.strip(BLANKS):
        return line.column(value.find(stripped)), len(stripped)
    if line.name:
        return line.column(0), 1
    indent = len(line.raw) - len(line.raw.lstrip(BLANKS))
    return (indent + 1 if indent < len(line.raw) else 1), 1


def shown(line: Line) -> str:
    """The text of a line for a message: without its password, if it has one."""
    misspelt = line.name not in DIRECTIVES and nearest(line.name, SECRET)
    if line.value and (line.name in SECRET or misspelt):
        return line.raw[: line.column(0) - 1] + "***"
    return line.raw
