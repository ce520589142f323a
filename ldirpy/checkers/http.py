"""service=http and https: a page is fetched, its status and its text decide.

requests makes the request (see http_hop), the standard library's http.client reads the answer
(see http_answer). Between the two stands a bare asyncio socket instead of a connection pool, so
that a check which waits holds a socket and no thread, and so that one deadline holds for all of it.

These libraries take their time to load, and requests to make a request. They are loaded when a
request is sent. One that is plain, and so cannot be refused, is made then too: to look at a file
of ten thousand servers stays quick.
"""

import asyncio
import ipaddress
import re
import socket
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

import attrs

from ldirpy.checkers.base import Checker, Deadline, check_port, pattern_of, request_of
from ldirpy.checkers.stream import Stream
from ldirpy.checkers.tls import Trust
from ldirpy.config.model import HttpMethod, Real, Virtual
from ldirpy.errors import CheckFailed
from ldirpy.net import Address, host_port
from ldirpy.pattern import demand

if TYPE_CHECKING:
    from ldirpy.checkers.http_hop import Hop

MAX_REDIRECTS = 7  # as LWP::UserAgent's max_redirect
URL_SAFE = "".join(map(chr, range(33, 127)))  # a request is taken as it stands, as far as it can
_PLAIN_URL = re.compile(r"https?://[0-9a-f.:\[\]]+/[!-~]*")  # an address, and printable ASCII
_PLAIN_HOST = re.compile(r"[\w.-]+|\[[0-9a-f.:]+\]", re.ASCII)


@attrs.frozen(kw_only=True)
class HttpChecker(Checker):
    """One request for `url`, sent to `address`, or without one to where the URL says.

    With `proxy` it is sent there. A status within one of the ranges `statuses` is good.
    """

    url: str
    address: Address | None = None
    proxy: tuple[Address, int] | None = None
    method: HttpMethod = HttpMethod.GET
    virtualhost: str | None = None
    headers: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=False)
    statuses: tuple[tuple[int, int], ...] = ((200, 299),)
    receive: str | None = None
    trust: Trust | None = None
    source: Address | None = None
    _made: "list[Hop]" = attrs.field(init=False, factory=list, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        plain = _PLAIN_URL.fullmatch(self.url) and _PLAIN_HOST.fullmatch(self.virtualhost or "-")
        if self.proxy is not None or self.headers or not plain:
            self._first()

    def _first(self) -> "Hop":
        """The request, made once; raises ValueError if it cannot be sent."""
        if not self._made:
            from ldirpy.checkers.http_hop import Hop

            hop = Hop.first(
                self.method.value,
                self.url,
                address=self.address,
                proxy=self.proxy,
                virtualhost=self.virtualhost,
                headers=self.headers,
            )
            self._made.append(hop)
        return self._made[0]

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        """The checker of `real`; Host is virtualhost, else its bare address, as in ldirectord."""
        # A full URL is used as it stands; the parser has put a slash before it.
        url = url_of(request_of(virtual, real) or "/")
        address = None
        if not url.startswith(("http://", "https://")):
            address = real.address
            url = f"{virtual.service}://{host_port(address, check_port(virtual, real))}/{url}"
        bare = f"[{real.address}]" if real.address.version == 6 else str(real.address)
        host = virtual.virtualhost or bare
        return cls.made(virtual, real, url=url, address=address, virtualhost=host)

    @classmethod
    def made(cls, virtual: Virtual, real: Real, **settings: object) -> Self:
        """The checker with `settings` and what else `virtual` says; raises ValueError."""
        trust = Trust.from_config(virtual)
        try:
            return cls(
                method=virtual.httpmethod,
                headers=virtual.httpheader,
                statuses=virtual.httpstatus,
                receive=pattern_of(virtual, real),
                trust=trust,
                source=virtual.checksource,
                **settings,  # type: ignore[arg-type]  # the callers are few and close
            )
        except ValueError as error:
            request = request_of(virtual, real) or "/"
            raise ValueError(f"request={request} cannot be sent: {error}") from error

    async def check(self, deadline: Deadline) -> str:
        from ldirpy.checkers.http_answer import Answer
        from ldirpy.checkers.http_hop import isolated_session

        hop, session = self._first(), None
        for _ in range(MAX_REDIRECTS + 1):
            async with await self._stream(hop) as stream:
                if hop.proxy is not None and hop.tls:
                    await open_tunnel(stream, hop)
                await stream.send(hop.wire)
                answer = Answer(stream, hop.method)
                response = await answer.head()
                said = f"{response.status} {response.reason}".rstrip()
                for low, high in self.statuses:
                    if low <= response.status <= high:
                        if self.receive is not None:
                            demand(self.receive, await answer.body())
                        return said
            session = session or isolated_session()
            try:
                following = hop.after(response, session)
            except ValueError as error:
                raise CheckFailed(f"{said}, with a redirect that is not a URL: {error}") from error
            if following is None:
                raise CheckFailed(said)
            hop = following
        raise CheckFailed(f"too many redirects (more than {MAX_REDIRECTS})")

    async def _stream(self, hop: "Hop") -> Stream:
        address, port = hop.proxy or (hop.address or await looked_up(hop.host), hop.port)
        source = self.source
        if source is not None and source.version != address.version:
            source = None  # a redirect has led to the other family
        return Stream(
            address,
            port,
            tls=hop.tls and hop.proxy is None,
            server_name=hop.server_name,
            trust=self.trust,
            source=source,
        )


async def open_tunnel(stream: Stream, hop: "Hop") -> None:
    """Have the proxy at the other end connect us to the hop's host, and speak TLS with that."""
    from ldirpy.checkers.http_answer import Answer

    await stream.send(hop.tunnel)
    response = await Answer(stream, "CONNECT").head()
    if not 200 <= response.status < 300:
        raise CheckFailed(f"{response.status} {response.reason} (from the proxy)")
    await stream.start_tls(hop.server_name)


def url_of(request: str) -> str:
    """`request` without its leading slash, with only that escaped which cannot be sent."""
    return quote(request.encode("utf-8", "surrogateescape"), safe=URL_SAFE).removeprefix("/")


async def looked_up(host: str) -> Address:
    """The first address of `host`; it is looked up in a thread, for redirects to names only."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise CheckFailed(f"{host}: no address found") from error
    return ipaddress.ip_address(found[0][4][0])
