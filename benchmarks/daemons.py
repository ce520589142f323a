"""The two daemons, and the web servers they check, as processes of a benchmark."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

DAEMONS = {
    "ldirpy": [sys.executable, "-m", "ldirpy", "-f", "{config}"],
    "Perl ldirectord": ["ldirectord", "-d", "{config}", "start"],
}

NGINX = """\
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid;
error_log stderr crit;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    access_log {log};
    server {{ {listen} location / {{ return 200 "the test page\\n"; }} }}
}}
"""


@contextlib.contextmanager
def running(command: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a folder, its output in a file there, killed with its children at the end."""
    with open(folder / "output", "ab") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()


@contextlib.contextmanager
def web_servers(addresses: Sequence[str], folder: Path, log: str = "off") -> Iterator[None]:
    """One nginx that answers on port 80 of every address."""
    listen = " ".join(f"listen {address}:80 backlog=512;" for address in addresses)
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, listen=listen, log=log))
    with running(["nginx", "-c", str(config)], folder) as nginx:
        time.sleep(1)
        if nginx.poll() is not None:
            raise SystemExit(f"nginx does not start:\n{(folder / 'output').read_text()}")
        yield


@contextlib.contextmanager
def daemon(name: str, text: str, folder: Path, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """One of DAEMONS with this configuration."""
    config = folder / "director.cf"
    config.write_text(text)
    command = [word.format(config=config) for word in DAEMONS[name]]
    with running([*command, *more], folder) as process:
        yield process


def configuration(
    vip: str, addresses: Sequence[str], *, interval: int, receive: str = "test page"
) -> str:
    """A ldirectord.cf with one virtual service of web servers."""
    reals = "".join(f"        real={address}:80 masq\n" for address in addresses)
    return f"""\
checktimeout=5
negotiatetimeout=5
checkinterval={interval}
virtual={vip}:80
{reals}        service=http
        request="/test.html"
        receive="{receive}"
        scheduler=rr
        protocol=tcp
"""
