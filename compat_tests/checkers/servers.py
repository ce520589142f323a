"""The real server software that checks are tested against: on loopback, with users and TLS."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from compat_tests.checkers.peers import certificate_files, free_port
from compat_tests.checkers.programs import Program, serving

USER, PASSWORD = "joe", "sesame-42"
SECRET = "radius-secret"
BASE_DN = "dc=example,dc=com"
ADMIN_DN = f"cn=admin,{BASE_DN}"
PAGE = b"Test Page\n"


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="ldirpy-server-") as name:
        os.chmod(name, 0o755)
        yield Path(name)


@contextlib.contextmanager
def dovecot() -> Iterator[dict[str, int]]:
    """POP3 and IMAP for USER: the ports by service, pop, pops, imap and imaps."""
    with open_folder() as folder:
        ports = {name: free_port() for name in ("pop", "pops", "imap", "imaps")}
        certificate, key = certificate_files()
        (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}:65534:65534::{folder}/mail::\n")
        listeners = "\n".join(
            f"service {protocol}-login {{\n"
            f"  inet_listener {protocol} {{\n port = {ports[name]}\n }}\n"
            f"  inet_listener {protocol}s {{\n port = {ports[name + 's']}\n ssl = yes\n }}\n"
            "}"
            for name, protocol in (("pop", "pop3"), ("imap", "imap"))
        )
        (folder / "dovecot.conf").write_text(f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap pop3
listen = 127.0.0.1, ::1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_failure_delay = 0
mail_location = maildir:{folder}/mail
default_internal_user = nobody
default_login_user = nobody
default_internal_group = nogroup
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = passwd-file
  args = {folder}/users
}}
# Else whoever fails from an address is made to wait there, and with him the next one.
service anvil {{
  unix_listener anvil-auth-penalty {{
        mode = 0
  }}
}}
{listeners}
""")
        with serving(
            Program(["dovecot", "-F", "-c", folder / "dovecot.conf"], ports=tuple(ports.values()))
        ):
            yield ports
