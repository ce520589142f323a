"""The real server software that checks are tested against: on loopback, with users and TLS."""

import contextlib
import os
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
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


@contextlib.contextmanager
def postfix() -> Iterator[int]:
    """SMTP: the port, of 127.0.0.1 and ::1."""
    port = free_port()
    with open_folder() as folder:
        for name in ("queue", "data"):
            (folder / name).mkdir()
        shutil.chown(folder / "data", "postfix")
        (folder / "main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = mx.example.com
mydestination =
alias_maps =
local_recipient_maps =
smtpd_peername_lookup = no
""")
        listeners = "".join(
            f"{host}:{port} inet n - n - - smtpd\n" for host in ("127.0.0.1", "[::1]")
        )
        (folder / "master.cf").write_text(
            listeners
            + "postlog unix-dgram n - n - 1 postlogd\n"
            + "anvil unix - - n - 1 anvil\nrewrite unix - - n - - trivial-rewrite\n"
        )
        with serving(Program(["postfix", "-c", folder, "start-fg"], ports=(port,))):
            yield port


@contextlib.contextmanager
def slapd() -> Iterator[dict[str, int]]:
    """A directory with BASE_DN, which ADMIN_DN reads with PASSWORD: the ports of ldap and ldaps."""
    ports = {name: free_port() for name in ("ldap", "ldaps")}
    certificate, key = certificate_files()
    with open_folder() as folder:
        (folder / "data").mkdir()
        (folder / "slapd.conf").write_text(f"""
include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/pid
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
access to dn.exact="cn=hidden,{BASE_DN}" by users read
access to * by * read
database mdb
suffix "{BASE_DN}"
rootdn "{ADMIN_DN}"
rootpw {PASSWORD}
directory {folder}/data
""")
        entries = f"""dn: {BASE_DN}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: cn=one,{BASE_DN}
objectClass: device
cn: one
"""
        subprocess.run(
            ["/usr/sbin/slapadd", "-f", str(folder / "slapd.conf")],
            input=entries.encode(),
            check=True,
            capture_output=True,
        )
        urls = " ".join(
            f"{scheme}://{host}:{port}"
            for scheme, port in ports.items()
            for host in ("127.0.0.1", "[::1]")
        )
        command = ["slapd", "-f", str(folder / "slapd.conf"), "-h", urls, "-d", "0"]
        with serving(Program(command, ports=tuple(ports.values()))):
            yield ports


@contextlib.contextmanager
def proftpd() -> Iterator[int]:
    """FTP for USER and for anonymous, both with PAGE as page.txt: the port, by IPv4 and IPv6."""
    port = free_port()
    crypted = subprocess.run(
        ["openssl", "passwd", "-6", PASSWORD], check=True, capture_output=True, text=True
    ).stdout.strip()
    with open_folder() as folder:
        (folder / "home").mkdir()
        (folder / "home" / "page.txt").write_bytes(PAGE)
        (folder / "passwd").write_text(f"{USER}:{crypted}:65534:65534::{folder}/home:/bin/sh\n")
        (folder / "passwd").chmod(0o600)
        (folder / "proftpd.conf").write_text(f"""
ServerName "test"
ServerType standalone
Port {port}
UseIPv6 on
DefaultAddress 127.0.0.1 ::1
SocketBindTight on
User nobody
Group nogroup
PidFile {folder}/pid
ScoreboardFile {folder}/scoreboard
DelayTable none
SystemLog {folder}/log
UseFtpUsers off
TransferLog none
WtmpLog off
UseReverseDNS off
RequireValidShell off
AuthPAM off
AuthUserFile {folder}/passwd
AuthOrder mod_auth_file.c mod_auth_unix.c
DefaultRoot ~
<Anonymous {folder}/home>
  User nobody
  Group nogroup
  UserAlias anonymous nobody
</Anonymous>
""")
        command = ["proftpd", "-n", "-c", str(folder / "proftpd.conf")]
        with serving(Program(command, ports=(port,))):
            yield port


@contextlib.contextmanager
def freeradius() -> Iterator[int]:
    """RADIUS that accepts USER, for whoever knows SECRET: the UDP port, by IPv4 and IPv6."""
    port = free_port()
    with open_folder() as folder:
        listeners = "\n".join(
            f"""listen {{
  type = auth
  {kind} = {host}
  port = {port}
}}
client {kind} {{
  {kind} = {host}
  secret = {SECRET}
  require_message_authenticator = no
}}"""
            for kind, host in (("ipv4addr", "127.0.0.1"), ("ipv6addr", "::1"))
        )
        (folder / "users").write_text(f'{USER} Cleartext-Password := "{PASSWORD}"\n')
        (folder / "radiusd.conf").write_text(f"""
prefix = /usr
libdir = /usr/lib/freeradius
raddbdir = {folder}
logdir = {folder}
run_dir = {folder}
pidfile = {folder}/pid
name = freeradius
log {{
  destination = stdout
}}
security {{
  reject_delay = 0
}}
thread pool {{
}}
modules {{
  pap {{
  }}
  files {{
    usersfile = {folder}/users
  }}
}}
server default {{
  {listeners}
  authorize {{
    files
    pap
  }}
  authenticate {{
    Auth-Type PAP {{
      pap
    }}
  }}
}}
""")
        with serving(Program(["freeradius", "-f", "-d", folder, "-l", "stdout"], ports=())):
            await_datagrams(port)
            yield port


def await_datagrams(port: int) -> None:
    """Wait until somebody receives datagrams on a port of 127.0.0.1."""
    for _ in range(400):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.connect(("127.0.0.1", port))
            one.settimeout(0.05)
            try:
                one.send(b"?")
                one.recv(1)
            except ConnectionRefusedError:
                time.sleep(0.05)
            except TimeoutError:
                return
            else:
                return
    raise AssertionError(f"nobody receives datagrams on port {port}")


@contextlib.contextmanager
def kamailio() -> Iterator[int]:
    """SIP that knows everybody but "nobody@": the port, over UDP and TCP, by IPv4 and IPv6."""
    port = free_port()
    listeners = "\n".join(
        f"listen={kind}:{host}:{port}" for kind in ("udp", "tcp") for host in ("127.0.0.1", "[::1]")
    )
    with open_folder() as folder:
        (folder / "kamailio.cfg").write_text(f"""#!KAMAILIO
debug=0
log_stderror=yes
children=1
tcp_children=1
auto_aliases=no
disable_tcp=no
{listeners}
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
request_route {{
  if ($rU == "nobody") {{
    sl_send_reply("404", "Not Found");
  }} else {{
    sl_send_reply("200", "OK");
  }}
}}
""")
        options = "-DD -E -m 16 -M 4"
        command = ["kamailio", "-f", str(folder / "kamailio.cfg"), "-Y", str(folder)]
        with serving(Program([*command, *options.split()], ports=(port,))):
            await_datagrams(port)
            yield port


@contextlib.contextmanager
def leafnode() -> Iterator[int]:
    """NNTP: the port, of 127.0.0.1; leafnode serves one connection, and we stand in for inetd."""
    with open_folder() as folder:
        (folder / "config").write_text(
            "server = nowhere.invalid\nhostname = news.ldirpy.org\nexpire = 20\n"
        )
        # Its configuration has a fixed place, of which this process sees another one.
        script = f"mount --bind {folder}/config /etc/news/leafnode/config && exec leafnode"

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                subprocess.run(
                    ["unshare", "--mount", "sh", "-c", script],
                    stdin=self.request,
                    stdout=self.request,
                    stderr=subprocess.DEVNULL,
                    timeout=30,
                    env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
                )

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                yield server.server_address[1]
            finally:
                server.shutdown()
                thread.join()


@contextlib.contextmanager
def nginx() -> Iterator[dict[str, int]]:
    """Web servers with PAGE: the ports of http and https."""
    ports = {name: free_port() for name in ("http", "https")}
    certificate, key = certificate_files()
    with open_folder() as folder:
        (folder / "index.html").write_bytes(PAGE)
        (folder / "nginx.conf").write_text(f"""
daemon off; pid {folder}/pid; error_log {folder}/error.log; user root;
events {{ }}
http {{
  access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
  fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{ports["http"]}; listen 127.0.0.1:{ports["https"]} ssl; root {folder};
    ssl_certificate {certificate}; ssl_certificate_key {key};
  }}
}}
""")
        command = ["nginx", "-c", str(folder / "nginx.conf")]
        with serving(Program(command, ports=tuple(ports.values()))):
            yield ports


@contextlib.contextmanager
def named() -> Iterator[int]:
    """A name server that knows the address 192.0.2.1 of www.example.com: the port, UDP and TCP."""
    port = free_port()
    with open_folder() as folder:
        (folder / "zone").write_text(
            "$TTL 60\n@ SOA ns root 1 60 60 60 60\n  NS ns\nns A 127.0.0.1\nwww A 192.0.2.1\n"
        )
        (folder / "named.conf").write_text(f"""
options {{
  directory "{folder}"; pid-file none; session-keyfile "{folder}/session.key";
  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no;
}};
controls {{ }};
zone "example.com" {{ type primary; file "{folder}/zone"; }};
""")
        command = ["named", "-f", "-c", str(folder / "named.conf")]
        with serving(Program(command, ports=(port,))):
            yield port
