"""service=pop, pops, imap and imaps against dovecot."""

import pytest

from compat_tests.checkers.asking import result_of
from compat_tests.checkers.servers import PASSWORD, USER, dovecot


@pytest.mark.servers
def test_dovecot() -> None:
    """A user gets in with the right password only, with TLS and without, by IPv4 and IPv6."""
    with dovecot() as ports:
        for service, port in ports.items():
            for host in ("127.0.0.1", "::1"):
                greeted = result_of(service, port, host=host)
                known = result_of(service, port, host=host, login=USER, passwd=PASSWORD)
                wrong = result_of(service, port, host=host, login=USER, passwd="wrong-pw")

                assert greeted.up
                assert (known.up, known.message) == (True, "logged in")
                assert not wrong.up
                assert wrong.message.startswith("login refused: ")
                assert "wrong-pw" not in wrong.message
