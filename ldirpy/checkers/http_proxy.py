"""service=http_proxy: a page is fetched through the real server as a proxy."""

from typing import Self

import attrs

from ldirpy.checkers.base import check_port, request_of
from ldirpy.checkers.http import HttpChecker, url_of
from ldirpy.config.model import Real, Virtual


@attrs.frozen(kw_only=True)
class HttpProxyChecker(HttpChecker):
    """One request for an absolute URL, sent to a proxy, as are those of its redirects."""

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        """The checker of `real`; raises ValueError if request is not an absolute URL.

        As in ldirectord, virtualhost has no effect: the Host is that of the URL.
        """
        request = request_of(virtual, real) or ""
        url = url_of(request)
        if not url.startswith(("http://", "https://")):
            raise ValueError(
                f"service=http_proxy needs an absolute URL to fetch, "
                f'such as request="http://www.example.com/", not {request or "none"}'
            )
        return cls.made(virtual, real, url=url, proxy=(real.address, check_port(virtual, real)))
