"""service=http and https: a page is fetched, its status and its text decide.

requests makes the request, once per real server, and its rules decide about redirects; the
standard library's http.client reads the answer (see http_answer). Between the two stands a bare
asyncio socket instead of a connection pool, so that a check which waits holds a socket and no
thread, and so that one deadline holds for all of it.
"""

import asyncio
import http.client
import io
import ipaddress
import socket
from typing import Self, cast
from urllib.parse import quote

import attrs
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util import parse_url

from ldirpy._version import __version__
from ldirpy.checkers.base import Checker, Deadline, check_port, pattern_of, request_of
from ldirpy.checkers.http_answer import Answer
from ldirpy.checkers.stream import Stream, is_literal
from ldirpy.config.model import HttpMethod, Real, Virtual
from ldirpy.errors import CheckFailed
from ldirpy.net import Address, host_port
from ldirpy.pattern import demand

MAX_REDIRECTS = 7  # as LWP::UserAgent's max_redirect
SCHEME_PORTS = {"http": 80, "https": 443}
URL_SAFE = "".join(map(chr, range(33, 127)))  # a request is taken as it stands, as far as it can


@attrs.frozen(kw_only=True)
class Hop:
    """A request, ready to be sent, and where to: the first one, or one of a redirect.

    Without an `address`, `host` is looked up. `server_name` is for TLS.
    """

    request: requests.PreparedRequest
    wire: bytes
    method: str
    tls: bool
    host: str
    port: int
    address: Address | None
    server_name: str | None

    @classmethod
    def of(cls, request: requests.PreparedRequest, address: Address | None = None) -> Self:
        """The hop that `request` asks for; raises ValueError if that is not HTTP."""
        method, url = cast(str, request.method), parse_url(cast(str, request.url))
        if url.scheme not in SCHEME_PORTS:
            raise ValueError(f"neither http nor https: {request.url}")
        host, port = (url.host or "").strip("[]"), url.port or SCHEME_PORTS[url.scheme]
        named = parse_url("//" + request.headers.get("Host", host)).host
        if address is None and is_literal(host):
            address = ipaddress.ip_address(host)
        return cls(
            request=request,
            wire=serialised(request, host, url.port),
            method=method,
            tls=url.scheme == "https",
            host=host,
            port=port,
            address=address,
            server_name=named,
        )

    def after(self, response: http.client.HTTPResponse, session: requests.Session) -> Self | None:
        """The hop that requests' rules make of the answer; None if it is not a redirect."""
        packed = urllib3.HTTPResponse(
            io.BytesIO(),
            urllib3.HTTPHeaderDict(response.msg.items()),
            response.status,
            preload_content=False,
            original_response=response,
        )
        answer = HTTPAdapter().build_response(self.request, packed)
        following = next(session.resolve_redirects(answer, self.request, yield_requests=True), None)
        if following is None:
            return None
        request = cast(requests.PreparedRequest, following)
        hop = type(self).of(request)
        if (hop.tls, hop.host, hop.port) == (self.tls, self.host, self.port):
            # Within the real server, the virtual host remains (deviation: http-redirect-host).
            return attrs.evolve(hop, address=self.address)
        request.headers.pop("Host", None)
        return type(self).of(request)


@attrs.frozen(kw_only=True)
class HttpChecker(Checker):
    """One request for `url`, sent to `address`, or without one to where the URL says."""

    url: str
    address: Address | None = None
    method: HttpMethod = HttpMethod.GET
    virtualhost: str | None = None
    receive: str | None = None
    _first: Hop = attrs.field(init=False, eq=False, repr=False)

    @_first.default
    def _prepare(self) -> Hop:
        headers = {"User-Agent": f"ldirpy/{__version__}", "Connection": "close"}
        if self.virtualhost:
            headers["Host"] = self.virtualhost
        request = requests.Request(self.method.value, self.url, headers=headers)
        return Hop.of(request.prepare(), self.address)

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        """The checker of `real`; Host is virtualhost, else its bare address, as in ldirectord."""
        request = request_of(virtual, real) or "/"
        # A full URL is used as it stands; the parser has put a slash before it.
        url = quote(request.encode("utf-8", "surrogateescape"), safe=URL_SAFE).removeprefix("/")
        address = None
        if not url.startswith(("http://", "https://")):
            address = real.address
            url = f"{virtual.service}://{host_port(address, check_port(virtual, real))}/{url}"
        bare = f"[{real.address}]" if real.address.version == 6 else str(real.address)
        try:
            return cls(
                url=url,
                address=address,
                method=virtual.httpmethod,
                virtualhost=virtual.virtualhost or bare,
                receive=pattern_of(virtual, real),
            )
        except (requests.RequestException, http.client.HTTPException, ValueError) as error:
            raise ValueError(f"request={request} cannot be sent: {error}") from error

    async def check(self, deadline: Deadline) -> str:
        hop, session = self._first, None
        for _ in range(MAX_REDIRECTS + 1):
            address = hop.address or await looked_up(hop.host)
            async with Stream(
                address, hop.port, tls=hop.tls, server_name=hop.server_name
            ) as stream:
                await stream.send(hop.wire)
                answer = Answer(stream, hop.method)
                response = await answer.head()
                said = f"{response.status} {response.reason}".rstrip()
                if 200 <= response.status < 300:
                    if self.receive is not None:
                        demand(self.receive, await answer.body())
                    return said
            session = session or isolated_session()
            try:
                following = hop.after(response, session)
            except (requests.RequestException, http.client.HTTPException, ValueError) as error:
                raise CheckFailed(f"{said}, with a redirect that is not a URL: {error}") from error
            if following is None:
                raise CheckFailed(said)
            hop = following
        raise CheckFailed(f"too many redirects (more than {MAX_REDIRECTS})")


def isolated_session() -> requests.Session:
    """A session for the cookies of one check's redirects, deaf to proxies and .netrc."""
    session = requests.Session()
    session.trust_env = False
    return session


def serialised(request: requests.PreparedRequest, host: str, port: int | None) -> bytes:
    """The bytes of `request` as http.client sends them."""
    connection = http.client.HTTPConnection(host, port)
    sent = bytearray()
    connection.sock = cast(socket.socket, _Recorder(sent))
    connection.request(
        cast(str, request.method), request.path_url, headers=dict(request.headers.items())
    )
    return bytes(sent)


class _Recorder:
    """The "socket" that http.client writes a request to."""

    def __init__(self, sent: bytearray) -> None:
        self.sendall = sent.extend


async def looked_up(host: str) -> Address:
    """The first address of `host`; it is looked up in a thread, for redirects to names only."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise CheckFailed(f"{host}: no address found") from error
    return ipaddress.ip_address(found[0][4][0])
