"""One request of an HTTP check, ready to be sent: the first one, or one of a redirect.

requests makes it, once per real server, and its rules decide about redirects and cookies.
"""

import contextlib
import http.client
import io
import ipaddress
import socket
from collections.abc import Iterator, Sequence
from typing import Self, cast

import attrs
import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import urldefragauth
from urllib3.util import parse_url

from ldirpy._version import __version__
from ldirpy.checkers.tls import is_literal
from ldirpy.net import Address

SCHEME_PORTS = {"http": 80, "https": 443}


@attrs.frozen(kw_only=True)
class Hop:
    """A request and where it goes: to `address` or else to `host`, or to `proxy` on their behalf.

    `server_name` is for TLS. `confidential` are the headers, in small letters, that only the real
    server itself may see.
    """

    request: requests.PreparedRequest
    wire: bytes
    method: str
    tls: bool
    host: str
    port: int
    address: Address | None
    server_name: str | None
    proxy: tuple[Address, int] | None
    confidential: frozenset[str]

    @classmethod
    def first(
        cls,
        method: str,
        url: str,
        *,
        address: Address | None,
        proxy: tuple[Address, int] | None,
        virtualhost: str | None,
        headers: Sequence[tuple[str, str]],
    ) -> Self:
        """The first request of a check; raises ValueError if it cannot be sent."""
        standard = {"User-Agent": f"ldirpy/{__version__}", "Connection": "close"}
        if virtualhost:
            standard["Host"] = virtualhost
        own = frozenset(name.lower() for name, _ in headers)
        with refusals():
            request = requests.Request(method, url, headers=standard).prepare()
            request.headers.update(headers)
            return cls.of(request, address, proxy=proxy, confidential=own)

    @classmethod
    def of(
        cls,
        request: requests.PreparedRequest,
        address: Address | None = None,
        *,
        proxy: tuple[Address, int] | None = None,
        confidential: frozenset[str] = frozenset(),
    ) -> Self:
        """The hop that `request` asks for; raises ValueError if that is not HTTP."""
        method, url = cast(str, request.method), parse_url(cast(str, request.url))
        if url.scheme not in SCHEME_PORTS:
            raise ValueError(f"neither http nor https: {request.url}")
        host, port = (url.host or "").strip("[]"), url.port or SCHEME_PORTS[url.scheme]
        named = parse_url("//" + request.headers.get("Host", host)).host
        if address is None and is_literal(host):
            address = ipaddress.ip_address(host)
        # A proxy gets the whole URL, but for https only an order to connect us (see `tunnel`).
        whole = proxy is not None and url.scheme == "http"
        return cls(
            request=request,
            wire=serialised(request, host, url.port, whole_url=whole),
            method=method,
            tls=url.scheme == "https",
            host=host,
            port=port,
            address=address,
            server_name=named,
            proxy=proxy,
            confidential=confidential,
        )

    @property
    def tunnel(self) -> bytes:
        """What asks the proxy for a connection to the host (RFC 9110, section 9.3.6)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"CONNECT {host}:{self.port} HTTP/1.1\r\nHost: {host}:{self.port}\r\n\r\n".encode()

    def after(self, response: http.client.HTTPResponse, session: requests.Session) -> Self | None:
        """The hop that requests' rules make of the answer; None if it is not a redirect.

        Raises ValueError if it leads to what is not a URL.
        """
        with refusals():
            return self._after(response, session)

    def _after(self, response: http.client.HTTPResponse, session: requests.Session) -> Self | None:
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
        hop = type(self).of(request, proxy=self.proxy, confidential=self.confidential)
        if (hop.tls, hop.host, hop.port) == (self.tls, self.host, self.port):
            # Within the real server, the virtual host remains (deviation: http-redirect-host).
            return attrs.evolve(hop, address=self.address)
        for name in self.confidential | {"host"}:
            request.headers.pop(name, None)
        return type(self).of(request, proxy=self.proxy)


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Turn what requests and http.client do not send into ValueError."""
    try:
        yield
    except (requests.RequestException, http.client.HTTPException) as error:
        raise ValueError(str(error)) from error


def isolated_session() -> requests.Session:
    """A session for the cookies of one check's redirects, deaf to proxies and .netrc."""
    session = requests.Session()
    session.trust_env = False
    return session


def serialised(
    request: requests.PreparedRequest, host: str, port: int | None, *, whole_url: bool = False
) -> bytes:
    """The bytes of `request` as http.client sends them."""
    connection = http.client.HTTPConnection(host, port)
    sent = bytearray()
    connection.sock = cast(socket.socket, _Recorder(sent))
    target = urldefragauth(cast(str, request.url)) if whole_url else request.path_url
    connection.request(cast(str, request.method), target, headers=dict(request.headers.items()))
    return bytes(sent)


class _Recorder:
    """The "socket" that http.client writes a request to."""

    def __init__(self, sent: bytearray) -> None:
        self.sendall = sent.extend
