"""service=mysql, pgsql and oracle: real servers, and peers that misbehave.

There is no free Oracle server: its checker is held against peers alone.
"""

import asyncio
import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from compat_tests.checkers.peers import (
    HERE,
    Behaviour,
    black_hole,
    closes,
    drips,
    free_port,
    garbage,
    judged,
    nothing_left,
    peer,
    resets,
    says,
    silent,
)
from compat_tests.checkers.programs import Program, folder_of, serving
from ldirpy.checkers.base import CheckResult
from ldirpy.checkers.registry import service_checker
from ldirpy.config.model import Real, Virtual
from ldirpy.net import Address

SERVICES = ["mysql", "oracle", "pgsql"]
PASSWORD = "s3cret"


async def checked(
    service: str, port: int, timeout: float = 1.0, address: Address = HERE, **options: Any
) -> CheckResult:
    """The result of one check, which tells no password."""
    settings = {"login": "tester", "passwd": PASSWORD, "database": "tests", "request": "SELECT 1"}
    virtual = Virtual(address=HERE, port=80, service=service, **(settings | options))
    checker = service_checker(virtual, Real(address=address, port=port))
    assert PASSWORD not in repr(checker)
    result = await judged(checker, timeout)
    assert PASSWORD not in result.message
    return result


def result_of(service: str, port: int, **options: Any) -> CheckResult:
    """The result of one check, which leaves nothing behind."""

    async def run() -> CheckResult:
        async with nothing_left():
            return await checked(service, port, **options)

    return asyncio.run(run())


# The start of a greeting of MariaDB, and of TLS and of an error from PostgreSQL.
GREETING = bytes.fromhex("5a0000000a31302e362e31322d4d617269614442")
# No verdict can be good here; what is said depends on the library.
FAULTS: dict[str, Behaviour] = {
    "silent": silent,
    "closes": closes,
    "resets": resets,
    "garbage": garbage,
    "drips": drips(GREETING),
    "drips zeros": drips(bytes(50)),
    "half a greeting": says(GREETING, then=silent, first=True),
    "half a greeting, then the end": says(GREETING, first=True),
    "another protocol": says(b"HTTP/1.1 400 Bad Request\r\n\r\n", first=True),
    "TLS that stalls": says(b"S", then=silent),
    "no TLS, then silence": says(b"N", then=silent),
    "a long packet without end": says(b"\xff\xff\xff\x00", then=garbage, first=True),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("service", SERVICES)
def test_peers_that_misbehave(service: str, fault: str) -> None:
    """A server that says nothing, drips, or says nonsense is down in time; nothing is left."""

    async def run() -> CheckResult:
        async with peer(FAULTS[fault]) as port:
            return await checked(service, port)

    result = asyncio.run(run())

    assert not result.up
    assert result.message
    if fault == "silent":
        assert result.message == "no answer in 1 s"


@pytest.mark.parametrize("service", SERVICES)
def test_refused_and_swallowed(service: str) -> None:
    """A port that refuses is told at once, one that swallows packets at the time-out."""
    refused = result_of(service, free_port())
    with black_hole() as port:
        swallowed = result_of(service, port)

    assert re.search("connection refused", refused.message, re.I)
    assert not swallowed.up
    assert swallowed.message == "no answer in 1 s"


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ({"login": ""}, "needs login"),
        ({"request": "/"}, "needs request"),
        ({"login": "", "request": "/"}, "needs login and request"),
    ],
)
def test_login_and_request_are_mandatory(
    service: str, missing: dict[str, Any], message: str
) -> None:
    """Without a login or a query the server is down, as with ldirectord, and is told why."""
    assert result_of(service, 1, **missing).message == f"service={service} {message}"


@pytest.mark.parametrize(
    ("service", "library"), [("mysql", "pymysql"), ("pgsql", "psycopg"), ("oracle", "oracledb")]
)
def test_a_library_that_is_not_installed(service: str, library: str, tmp_path: Path) -> None:
    """Without its library a service is a configuration error that says what to install."""
    config = tmp_path / "director.cf"
    config.write_text(f"virtual=127.0.0.1:80\n    real=127.0.0.1:81 gate\n    service={service}\n")
    program = (
        f"import sys; sys.modules[{library!r}] = None; from ldirpy.cli import main; "
        f"sys.exit(main(['-t', '-f', {str(config)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.returncode == 2
    assert f"service={service} needs the Python library {library}" in done.stderr
    assert f"pip install 'ldirpy[{service}]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("service", ["oracle", "pgsql"])
def test_no_source_address(service: str) -> None:
    """A checksource that the library cannot use is a configuration error."""
    virtual = Virtual(address=HERE, port=80, service=service, checksource=HERE)

    with pytest.raises(ValueError, match=f"checksource has no effect on service={service}"):
        service_checker(virtual, Real(address=HERE, port=1))


@contextlib.contextmanager
def mariadb() -> Iterator[int]:
    """MariaDB with the user of these tests; yields its port."""
    with folder_of("mysql") as folder:
        data, port = folder / "data", free_port()
        subprocess.run(
            [
                *("mariadb-install-db", "--no-defaults", f"--datadir={data}"),
                *("--auth-root-authentication-method=normal", "--skip-test-db"),
            ],
            check=True,
            capture_output=True,
            user="mysql",
            group="mysql",
        )
        (folder / "init.sql").write_text(
            f"CREATE DATABASE tests;\nCREATE USER tester@'%' IDENTIFIED BY '{PASSWORD}';\n"
            "GRANT ALL ON tests.* TO tester@'%';\n"
        )
        command = [
            *("mariadbd", "--no-defaults", f"--datadir={data}", f"--port={port}"),
            *(
                "--bind-address=127.0.0.1,::1",
                f"--socket={folder}/socket",
                f"--init-file={folder}/init.sql",
            ),
            *("--innodb-buffer-pool-size=8M", "--skip-name-resolve"),
        ]
        with serving(Program(command, ports=[port], user="mysql")):
            yield port


@contextlib.contextmanager
def postgresql() -> Iterator[int]:
    """PostgreSQL with the user of these tests; yields its port."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    assert binaries, "postgresql is not installed: see debian-packages.txt"
    with folder_of("postgres") as folder:
        data, port = folder / "data", free_port()
        (folder / "password").write_text(PASSWORD)
        subprocess.run(
            [binaries[-1] / "initdb", "--no-sync", "--auth=scram-sha-256", f"--pgdata={data}",
             f"--pwfile={folder}/password", "--username=tester"],
            check=True,
            capture_output=True,
            user="postgres",
            group="postgres",
        )  # fmt: skip
        command = [
            *(str(binaries[-1] / "postgres"), "-D", str(data), "-p", str(port), "-k", ""),
            *("-c", "listen_addresses=127.0.0.1,::1", "-c", "fsync=off"),
        ]
        ready = [str(binaries[-1] / "pg_isready"), "-h", "127.0.0.1", "-p", str(port), "-t", "10"]
        with serving(Program(command, ports=[port], user="postgres")):
            # It listens before it serves.
            for _ in range(100):
                if subprocess.run(ready, capture_output=True).returncode == 0:
                    break
                time.sleep(0.1)
            yield port


SERVERS = {"mysql": mariadb, "pgsql": postgresql}
# What each says to a wrong password, to a database that is not there, and to nonsense.
REFUSALS = {
    "mysql": (
        r"Access denied for user 'tester'@'.*' \(using password: YES\)",
        "(Unknown database 'nowhere'|Access denied for user .* to database 'nowhere')",
        "You have an error in your SQL syntax.*",
    ),
    "pgsql": (
        'password authentication failed for user "tester"',
        'database "nowhere" does not exist',
        'syntax error at or near "NONSENSE"',
    ),
}
# A query that takes an hour, and one that returns more than anybody wants to keep.
LONG = {
    "mysql": ("SELECT SLEEP(3600)", "SELECT REPEAT('x', 1000) FROM seq_1_to_100000000"),
    "pgsql": ("SELECT pg_sleep(3600)", "SELECT repeat('x', 1000), generate_series(1, 100000000)"),
}


@pytest.mark.servers
@pytest.mark.parametrize("service", SERVERS)
def test_real_servers(service: str) -> None:
    """MariaDB and PostgreSQL are up with a row, and down without one or without a login."""
    from ipaddress import ip_address

    denied, unknown, nonsense = REFUSALS[service]
    database = "tests" if service == "mysql" else "postgres"
    forever, huge = LONG[service]
    no_row = "SELECT 1 FROM (SELECT 1) t WHERE 1 = 0"
    a_row, none = "the query returned a row", "the query returned no row"
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, a_row),
        ({"request": "/SELECT 1"}, a_row),
        ({"request": "SELECT 1 UNION SELECT 2"}, a_row),
        ({"receive": "no part in it"}, a_row),
        ({"request": huge}, a_row),
        ({"address": ip_address("::1")}, a_row),
        ({"database": ""}, a_row if service == "mysql" else 'database "tester" does not exist'),
        ({"request": no_row}, none),
        ({"passwd": "wrong"}, denied),
        ({"database": "nowhere"}, unknown),
        ({"request": "NONSENSE"}, nonsense),
        ({"request": "SET @x = 1" if service == "mysql" else "SET work_mem = 4096"}, none),
        ({"request": forever}, "no answer in 1 s"),
    ]
    if service == "pgsql":
        cases.append(({"request": "COPY (SELECT 1) TO STDOUT"}, "the query is no SELECT"))
    with SERVERS[service]() as port:
        for options, message in cases:
            result = result_of(service, port, **({"database": database} | options))
            assert re.fullmatch(message, result.message), options
            assert result.up is (message == a_row)
