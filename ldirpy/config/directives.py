"""Every directive of ldirectord.cf: where it may stand, how it is read, and what it is for.

The table is the language. The parser, `ldirpy show`, the reference in docs/ and the tests read it.
"""

import enum
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ldirpy.config import servers, values
from ldirpy.config.faults import Value


class Scope(enum.Flag):
    """Where a directive may stand. What may stand in both is inherited by the virtual services."""

    GLOBAL = enum.auto()
    VIRTUAL = enum.auto()
    BOTH = GLOBAL | VIRTUAL


Parser = Callable[[Value], Any]


@attrs.frozen
class Directive:
    """One row: a word of the language.

    `field` is the attribute of Config, Virtual or Real that it sets; `default` is a text for
    people. `inside` is the parser in a section, where it is not the same.
    """

    name: str
    scope: Scope
    parse: Parser
    field: str
    default: str
    doc: str
    inside: Parser | None = None
    repeats: bool = attrs.field(default=False, kw_only=True)  # each adds to those before
    extension: bool = attrs.field(default=False, kw_only=True)  # ldirpy's own

    def parser(self, *, inside: bool) -> Parser:
        """The parser for a place."""
        return self.inside if inside and self.inside is not None else self.parse


def _row(
    name: str, scope: Scope, parse: Parser, default: str, doc: str, **more: Any
) -> tuple[str, Directive]:
    field = more.pop("field", name)
    return name, Directive(name, scope, parse, field, default, doc, **more)


G, V, B = Scope.GLOBAL, Scope.VIRTUAL, Scope.BOTH

DIRECTIVES: Mapping[str, Directive] = dict(
    [
        # The servers.
        _row("virtual", G, servers.virtual, "", "opens the section of a virtual service: "
             "ADDRESS:PORT, NAME:PORT or a firewall mark", field="virtuals", repeats=True),
        _row("virtual6", G, servers.virtual, "", "the same for IPv6: [ADDRESS]:PORT, NAME:PORT or "
             "a firewall mark", field="virtuals", repeats=True),
        _row("real", V, servers.real, "", "a real server or a range of them: HOST[->HOST][:PORT] "
             'METHOD [WEIGHT] ["request", "receive"] [l:N] [u:N]', field="reals", repeats=True),
        _row("real6", V, servers.real, "", "the same in a virtual6 section: [ADDRESS][:PORT] ...",
             field="reals", repeats=True),
        _row("fallback", B, servers.fallback, "none", "the server that stands in while no real "
             "server is up: HOST[:PORT] [METHOD]"),
        _row("fallback6", B, servers.fallback, "none", "the same for virtual6 sections",
             field="fallback6"),
        # IPVS.
        _row("protocol", V, values.word, "tcp; udp for port 53; fwm for a firewall mark",
             "tcp, udp, or fwm for a firewall mark"),
        _row("scheduler", V, values.scheduler, "wrr", "the IPVS scheduler"),
        _row("schedflags", V, values.scheduler_flags, "none", "flags of the scheduler, with commas "
             "between"),
        _row("persistent", V, values.seconds_or_none, "not persistent", "seconds for which a "
             "client stays with its real server"),
        _row("netmask", V, values.netmask, "each client for itself", "with persistent: clients "
             "that count as one, as a netmask or an IPv6 prefix length"),
        _row("ops", V, values.yes_no, "no", "schedule each packet on its own (udp only)"),
        _row("quiescent", B, values.yes_no, "no", "keep a server that is down in the table with "
             "weight 0"),
        _row("readdquiescent", G, values.yes_no, "no", "put a quiesced server back that somebody "
             "took out of the table"),
        _row("cleanstop", B, values.yes_no, "yes", "take the services out of the table at the end"),
        # Checks.
        _row("checktype", V, values.check_type, "negotiate", "connect, external, external-perl, "
             "negotiate, off, on, ping, a number N (a negotiate after N connects), or ldirpy's own "
             "external-python"),
        _row("service", V, values.word, "by the port, else none", "what to speak in a negotiate "
             "check"),
        _row("checkport", V, values.port_number, "the real server's port", "the port to check"),
        _row("checkcommand", V, values.path, "/bin/true", "the command of an external check"),
        _row("checktimeout", B, values.number, "negotiatetimeout, else 5", "seconds for a check "
             "other than negotiate"),
        _row("negotiatetimeout", B, values.number, "checktimeout, else 30", "seconds for a "
             "negotiate check"),
        _row("checkinterval", B, values.number, "10", "seconds between checks; for one virtual "
             "service only with fork=yes"),
        _row("checkcount", B, values.number, "1", "attempts of a ping check; deprecated"),
        _row("failurecount", B, values.number, "1", "failures in a row until a server is down"),
        _row("request", V, values.request, '"/"', "what to ask for"),
        _row("receive", V, values.receive, "anything", "a Perl regular expression that the answer "
             "must match"),
        _row("httpmethod", V, values.http_method, "GET", "GET or HEAD"),
        _row("virtualhost", V, values.virtualhost, "the address", "the Host header of http and "
             "https"),
        _row("login", V, values.quoted, "none; anonymous with service=ftp", "the name to log in "
             "with"),
        _row("passwd", V, values.quoted, "none; ldirectord@HOST with service=ftp", "the password "
             "to log in with"),
        _row("database", V, values.quoted, "none", "the database of an SQL check"),
        _row("secret", V, values.quoted, "none", "the secret of a radius check"),
        _row("load", V, values.word_in_quotes, "none", "has no effect"),
        # Mails, logs and hooks.
        _row("logfile", G, values.in_quotes, "/var/log/ldirectord.log", "an absolute path, or a "
             "syslog facility"),
        _row("monitorfile", V, values.path, "none", "a file with a line for each check"),
        _row("emailalert", B, values.mail_addresses, "nobody", "who gets mail about changes"),
        _row("emailalertfrom", G, values.some_text, "the mail system's", "the sender of that mail"),
        _row("emailalertfreq", B, values.frequency, "0", "seconds until a mail is repeated; 0 for "
             "never"),
        _row("emailalertstatus", B, values.states, "all", "in which states of the daemon mail is "
             "sent: all, none, or some of starting, running, stopping, reloading"),
        _row("smtp", B, values.mail_server, "the local mail system", "the server that takes mail"),
        _row("servicename", V, values.stretch, "none", "a name for mails"),
        _row("comment", V, values.stretch, "none", "a note for mails"),
        _row("fallbackcommand", B, values.some_text, "none", "run when the last real server goes "
             "and when the first is back", inside=values.path),
        _row("callback", G, values.in_quotes, "none", "run after the configuration has changed"),
        # The daemon.
        _row("autoreload", G, values.yes_no, "no", "read the configuration again when it has "
             "changed"),
        _row("fork", G, values.yes_no, "no", "check each virtual service at its own checkinterval"),
        _row("supervised", G, values.yes_no, "no", "stay in the foreground and log to stdout"),
        _row("execute", G, values.stretch, "none", "the name of another instance to start",
             repeats=True),
        _row("maintenancedir", G, values.some_text, "none", "a directory whose files name servers "
             "in maintenance"),
        # ldirpy's own.
        _row("verify", B, values.yes_no, "no", "https: check the certificate and its name",
             extension=True),
        _row("cafile", B, values.path, "the system's", "with verify: the certificates to trust",
             extension=True),
        _row("httpstatus", B, values.statuses, "200-299", "the status codes that are good, as "
             "200-299,401", extension=True),
        _row("httpheader", B, values.header, "none", 'a header to send, as "Name: value"',
             repeats=True, extension=True),
        _row("checksource", B, values.address, "the kernel's choice", "the address that checks "
             "come from", extension=True),
    ]
)  # fmt: skip

# Words of the past, which are an error with their advice.
OUTDATED: Mapping[str, Scope] = {"timeout": G, "connecttimeout": B}

# Values of `service` that ldirpy can check without another package.
SERVICES = (
    *("dns", "ftp", "http", "https", "http_proxy", "imap", "imaps", "ldap", "ldaps", "mysql"),
    *("nntp", "none", "oracle", "pgsql", "pop", "pops", "radius", "simpletcp", "sip", "smtp"),
    "submission",
)


def known(*, inside: bool) -> dict[str, Directive]:
    """The directives that may stand in a section, or outside of one."""
    return _INSIDE if inside else _OUTSIDE


_INSIDE = {name: row for name, row in DIRECTIVES.items() if Scope.VIRTUAL in row.scope}
_OUTSIDE = {name: row for name, row in DIRECTIVES.items() if Scope.GLOBAL in row.scope}
