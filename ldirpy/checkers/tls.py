"""TLS of all checks: what a client accepts, and what is wrong with a server's certificate.

Nothing is verified unless the configuration says `verify=yes` (ldirectord never does).
"""

import functools
import ipaddress
import ssl
from pathlib import Path
from typing import Any, Self, cast

import attrs

from ldirpy.config.model import Virtual
from ldirpy.errors import CheckFailed

EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED
MAX_NAMES = 5  # names of a certificate that a message quotes


@attrs.frozen(cache_hash=True)
class Trust:
    """Whose certificates are good: those that `authorities` (PEM text) signed, else the system's.

    It holds the text and not the file's name, so that a reload with a new file is a new check.
    """

    authorities: str | None = attrs.field(default=None, repr=False)

    @classmethod
    def from_config(cls, virtual: Virtual) -> Self | None:
        """What `virtual` wants verified; None without verify=yes.

        Raises ValueError if cafile holds no certificates.
        """
        if not virtual.verify:
            return None
        if virtual.cafile is None:
            return cls()
        try:
            trust = cls(Path(virtual.cafile).read_text())
            tls_context(trust)
        except OSError as error:
            # ssl.SSLError is one of them.
            reason = error.strerror if not isinstance(error, ssl.SSLError) else reason_of(error)
            raise ValueError(f"cafile={virtual.cafile} cannot be used: {reason}") from error
        except UnicodeDecodeError as error:
            raise ValueError(f"cafile={virtual.cafile} is not a PEM file") from error
        return trust


@functools.lru_cache(maxsize=64)
def tls_context(trust: Trust | None = None) -> ssl.SSLContext:
    """The TLS client configuration of all checks with this trust: what OpenSSL accepts.

    Python's own list of ciphers is shorter than OpenSSL's, which Perl uses: a server that
    ldirectord can talk to must not be down for us.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # The name is looked at by `demand_name`, which can tell whose the certificate is.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT")
    if trust is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        if trust.authorities is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(cadata=trust.authorities)
    return context


def demand_name(secured: ssl.SSLSocket, name: str) -> None:
    """Raise CheckFailed unless the verified certificate of the other side is for `name`."""
    # Imported here: few configurations verify.
    from urllib3.util.ssl_match_hostname import CertificateError, match_hostname

    certificate: dict[str, Any] = secured.getpeercert() or {}
    name = name.strip("[]")
    try:
        match_hostname(cast(Any, certificate), name)
    except CertificateError:
        names = [value for _, value in certificate.get("subjectAltName", ())][:MAX_NAMES]
        raise CheckFailed(
            f"certificate is for {', '.join(names)}, not {name}"
            if names
            else f"certificate names no host (subjectAltName), and so not {name}"
        ) from None


def is_literal(host: str) -> bool:
    """Whether `host` is an IP address rather than a name."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def reason_of(error: ssl.SSLError) -> str:
    """OpenSSL's reason in small letters: `wrong version number`."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code == EXPIRED:
            return "certificate expired"
        return f"certificate not trusted: {error.verify_message}"
    return (error.reason or str(error) or type(error).__name__).replace("_", " ").lower()
