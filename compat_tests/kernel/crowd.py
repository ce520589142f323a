"""Many real servers on the loopback of one namespace, and ldirpy in it: what needs no clients."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from . import netns

NAME = "crowd"  # of the namespace
BOUND = 240.0  # seconds for anything that is waited for
FOLDER = Path("/run/crowd")
LOG = FOLDER / "log"

# One process for all addresses that nobody else listens at.
NGINX = """\
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid;
error_log stderr crit;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    log_format times "$msec"; access_log {folder}/times times;
    server {{ listen {listen} backlog=2048; location / {{ return 200 "well"; }} }}
}}
"""


def build() -> None:
    """Makes the namespace and its folder."""
    FOLDER.mkdir()
    netns.add(NAME)


def web_server(name: str, listen: str) -> subprocess.Popen[bytes]:
    """Starts nginx; FOLDER/name/times has the moment of each request."""
    folder = FOLDER / name
    folder.mkdir()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, listen=listen))
    return _start("nginx", "-c", str(config))


def director(config: str) -> subprocess.Popen[bytes]:
    """Starts ldirpy in the foreground with this configuration in configuration_file()."""
    configuration_file().write_text(config)
    return _start(sys.executable, "-m", "ldirpy", "-f", str(configuration_file()))


def configuration_file() -> Path:
    """Where the director's configuration is."""
    return FOLDER / "crowd.cf"


def addresses(network: int, count: int) -> list[str]:
    """Addresses of 127.NETWORK.0.0/16."""
    return [f"127.{network}.{n // 250}.{n % 250 + 1}" for n in range(count)]


def weights() -> list[int]:
    """The weights in the kernel's table, from its file: nothing is said over netlink for that."""
    with netns.inside(NAME), open("/proc/thread-self/net/ip_vs") as file:
        return [int(line.split()[3]) for line in file if line.startswith("  -> 7F")]


def wait(right: Callable[[], bool], what: str) -> float:
    """Waits until something is right; how many seconds it took. Raises TimeoutError."""
    began = time.monotonic()
    while not right():
        if time.monotonic() > began + BOUND:
            log = LOG.read_text(errors="replace")[-3000:]
            raise TimeoutError(f"waited in vain until {what}; the log:\n{log}")
        time.sleep(0.1)
    return time.monotonic() - began


def _start(*command: str) -> subprocess.Popen[bytes]:
    with netns.inside(NAME), LOG.open("ab") as log:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=FOLDER
        )
