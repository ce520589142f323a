"""What the worker of an oracle check does: a login and a query, in a process of its own."""

import json
from typing import Any
from urllib.parse import unquote

import oracledb

# The listener does not know such a service, or no longer: then it is a SID.
UNKNOWN_SERVICE = "DPY-6001"


def query(quoted_settings: str) -> bool:
    """Whether the query returns a row; raises Refused with Oracle's reason."""
    settings: dict[str, Any] = json.loads(unquote(quoted_settings))
    request, database = settings.pop("request"), settings.pop("database")
    try:
        with connected(settings, database) as connection, connection.cursor() as cursor:
            if cursor.execute(request).fetchone() is None:
                raise Refused("the query returned no row")
    except oracledb.Error as error:
        raise Refused(reason(error)) from None
    return True


def connected(settings: dict[str, Any], database: str) -> oracledb.Connection:
    """A session; `database` is the name of a service or, if there is none of it, a SID."""
    try:
        return oracledb.connect(service_name=database, **settings)
    except oracledb.Error as error:
        if not str(error).startswith(UNKNOWN_SERVICE):
            raise
    return oracledb.connect(sid=database, **settings)


class Refused(SystemExit):
    """The end of a check, whose text is the message as it stands."""


def reason(error: oracledb.Error) -> str:
    """The line of an error that says most: the system's own if there is one."""
    lines = [line for line in str(error).splitlines() if not line.startswith("Help:")]
    system = [line for line in lines if line.startswith("[Errno")]
    if system:
        return system[0].partition("] ")[2].lower()
    return (lines[0] if lines else type(error).__name__).partition(" (CONNECTION_ID")[0]
