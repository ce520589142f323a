"""The servers of a world: nginx and bind9, and the ways in which they fail."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from . import netns
from .world import SERVERS, World

# On the director it is the local fallback server.
WEB_SERVERS = (*SERVERS, "director")
WEB_PORTS = (80, 81, 82, 83, 84, 8080)

# One process is enough and starts quickest; every path is below the world's directory.
NGINX = """\
daemon off;
master_process off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log {directory}/access.log;
    # nginx gives these to its user: not the directory itself, bind9 has to write there
    client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi; uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    keepalive_timeout 0; send_timeout 600s;
    server {{
{listen}
        location / {{ return 200 "{name}\\n"; }}
        location = /long {{ root {directory}; }}
        location /alive {{
            if (-f {directory}/breaks) {{ return 500 "broken\\n"; }}
            if (-f {directory}/lies) {{ return 200 "closed for the day\\n"; }}
            return 200 "I am alive\\n";
        }}
    }}
}}
"""

NAMED = """\
options {{
    directory "{directory}";
    pid-file "{directory}/named.pid";
    session-keyfile "{directory}/session.key";
    managed-keys-directory "{directory}";
    listen-on port 53 {{ any; }};
    listen-on-v6 {{ none; }};
    recursion no;
    dnssec-validation no;
}};
controls {{ }};
zone "example.test" {{ type master; file "{directory}/zone"; }};
"""

ZONE = """\
$TTL 0
@ IN SOA ns.example.test. root.example.test. ( {serial} 60 60 60 0 )
@ IN NS ns.example.test.
ns IN A 10.0.0.11
www IN A {address}
name IN TXT "{name}"
"""


def start_web(world: World, server: str) -> None:
    """Starts nginx on a server and waits until it accepts connections."""
    directory = _directory(world, server)
    listen = "".join(f"listen {port}; listen [::]:{port};\n" for port in WEB_PORTS)
    config = directory / "nginx.conf"
    config.write_text(NGINX.format(directory=directory, name=server, listen=listen))
    _start(world, server, "nginx", "nginx", "-c", str(config), "-e", str(directory / "start.log"))
    _wait_for(world, server, WEB_PORTS[0])


def start_names(world: World, server: str) -> None:
    """Starts bind9 on a server and waits until it accepts connections."""
    directory = _directory(world, server)
    if not (directory / "zone").exists():
        write_zone(world, server, "10.0.0.80")
    config = directory / "named.conf"
    config.write_text(NAMED.format(directory=directory))
    # -n 1 -U 1: one thread; the kernel has one processor.
    options = ("-g", "-4", "-n", "1", "-U", "1", "-c", str(config))
    _start(world, server, "named", "named", *options)
    _wait_for(world, server, 53)


def write_zone(world: World, server: str, address: str) -> None:
    """Writes the zone in which www.example.test has this address."""
    zone = ZONE.format(name=server, address=address, serial=time.monotonic_ns() // 10**9)
    (_directory(world, server) / "zone").write_text(zone)


def reload_names(world: World, server: str) -> None:
    """Has bind9 read its zone again."""
    os.kill(_pid(world, server, "named"), signal.SIGHUP)


def stop(world: World, server: str, program: str) -> None:
    """Ends nginx or named, so that connections are refused; does nothing if it does not run."""
    pid = _pid(world, server, program)
    if pid == 0:
        return
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    (_directory(world, server) / f"{program}.process").unlink()


def is_running(world: World, server: str, program: str) -> bool:
    """Whether nginx or named was started and not stopped since."""
    return _pid(world, server, program) != 0


def set_silent(world: World, server: str, *, silent: bool) -> None:
    """Makes a machine swallow every packet, or ends that."""
    machine = world.server(server)
    for program in ("iptables-legacy", "ip6tables-legacy"):
        if silent:
            netns.run_in(machine, program, "-A", "INPUT", "-i", "lan0", "-j", "DROP")
        else:
            netns.run_in(machine, program, "-F", "INPUT")
    _toggle(_directory(world, server) / "silent", silent)


def set_breaks(world: World, server: str, *, breaks: bool) -> None:
    """Makes the page that is checked answer with status 500, or ends that."""
    _toggle(_directory(world, server) / "breaks", breaks)


def set_lies(world: World, server: str, *, lies: bool) -> None:
    """Makes the page that is checked have another text than it should, or ends that."""
    _toggle(_directory(world, server) / "lies", lies)


def repair(world: World) -> None:
    """Brings all web servers of the world back to health and ends its name servers."""
    for server in WEB_SERVERS:
        directory = _directory(world, server)
        if (directory / "silent").exists():
            set_silent(world, server, silent=False)
        set_breaks(world, server, breaks=False)
        set_lies(world, server, lies=False)
        stop(world, server, "named")
        (directory / "zone").unlink(missing_ok=True)
        if not is_running(world, server, "nginx"):
            start_web(world, server)


def checks_seen(world: World, server: str) -> int:
    """How many requests for the page that is checked this web server has got."""
    log = _directory(world, server) / "access.log"
    return log.read_text().count("/alive") if log.exists() else 0


def _directory(world: World, server: str) -> Path:
    directory = world.directory / server
    directory.mkdir(exist_ok=True)
    return directory


def _start(world: World, server: str, program: str, *command: str) -> None:
    directory = _directory(world, server)
    with netns.inside(world.server(server)), (directory / "output").open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    (directory / f"{program}.process").write_text(str(process.pid))
    # stop() waits for it by its number; Popen's own book-keeping would only complain.
    process.returncode = 0


def _pid(world: World, server: str, program: str) -> int:
    file = _directory(world, server) / f"{program}.process"
    return int(file.read_text()) if file.exists() else 0


def _accepts(world: World, server: str, port: int) -> bool:
    with netns.inside(world.server(server)):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True


def _toggle(file: Path, on: bool) -> None:
    if on:
        file.touch()
    else:
        file.unlink(missing_ok=True)


def _wait_for(world: World, server: str, port: int, bound: float = 30.0) -> None:
    end = time.monotonic() + bound
    while not _accepts(world, server, port):
        if time.monotonic() > end:
            output = (_directory(world, server) / "output").read_text(errors="replace")
            raise TimeoutError(f"{server} has no server at port {port}; it printed:\n{output}")
        time.sleep(0.05)
