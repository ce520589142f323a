"""service=ldap and ldaps: a directory lets us in and has exactly the entry asked for."""

from typing import Any, Self

import attrs
from ldap3 import ANONYMOUS, BASE, DEREF_NEVER, NO_ATTRIBUTES, SIMPLE
from ldap3.core.exceptions import LDAPExceptionError
from ldap3.operation.bind import bind_operation
from ldap3.operation.search import search_operation
from pyasn1.codec.ber import encoder
from pyasn1.error import PyAsn1Error

from ldirpy.checkers.base import Checker, Deadline, pattern_of, request_of
from ldirpy.checkers.endpoint import Endpoint
from ldirpy.checkers.ldap_talk import Talk, demand_success
from ldirpy.config.model import Real, Virtual
from ldirpy.errors import CheckFailed
from ldirpy.pattern import demand


@attrs.frozen(kw_only=True)
class LdapChecker(Checker):
    """A bind, simple with both `login` and `passwd`, else anonymous; a search for one entry."""

    endpoint: Endpoint
    login: str = ""
    passwd: str = attrs.field(default="", repr=False)
    request: str = ""
    receive: str | None = None

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        """The checker of `real`; raises ValueError for what LDAP cannot carry."""
        known = bool(virtual.login and virtual.passwd)
        checker = cls(
            endpoint=Endpoint.of(virtual, real, tls=virtual.service == "ldaps"),
            login=virtual.login if known else "",
            passwd=virtual.passwd if known else "",
            request=(request_of(virtual, real) or "").removeprefix("/"),
            receive=pattern_of(virtual, real),
        )
        try:
            encoder.encode(checker._bind())
            encoder.encode(checker._search())
        except (LDAPExceptionError, PyAsn1Error, UnicodeError):
            # The error itself would show what it is.
            raise ValueError("login, passwd or request cannot be sent over LDAP") from None
        return checker

    async def check(self, deadline: Deadline) -> str:
        async with self.endpoint.stream() as stream:
            talk = Talk(stream)
            await talk.send("bindRequest", self._bind())
            _, answer = await talk.receive("bindResponse")
            demand_success("bind refused", answer, self.passwd)
            names = await self._found(talk)
            if len(names) != 1:
                raise CheckFailed(f'{len(names)} entries for "{self.request}", not one')
        demand(self.receive, names[0])
        return names[0].decode("utf-8", "replace") or "the root entry"

    def _bind(self) -> Any:
        method = SIMPLE if self.login else ANONYMOUS
        return bind_operation(3, method, self.login, self.passwd or None)

    def _search(self) -> Any:
        # The dereferencing, no limits, all that RFC 4511 (section 4.5.1) leaves to the client.
        options = DEREF_NEVER, [NO_ATTRIBUTES], 0, 0, False, False, False
        return search_operation(self.request, "(objectClass=*)", BASE, *options)

    async def _found(self, talk: Talk) -> list[bytes]:
        """The names of all entries that the search finds."""
        await talk.send("searchRequest", self._search())
        names = []
        while True:
            kind, answer = await talk.receive("searchResEntry", "searchResRef", "searchResDone")
            if kind == "searchResEntry":
                names.append(bytes(answer["object"]))
            elif kind == "searchResDone":
                demand_success(f'no entry "{self.request}"', answer)
                return names
