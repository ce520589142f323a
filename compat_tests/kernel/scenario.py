"""The words in which scenarios are written: virtual services, steps, and what is done in a step."""

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from . import netns, scripted, servers
from .daemons import Daemon
from .traffic import Virtual
from .world import World

# The servers of a virtual service with their weights; 0 is quiesced, None is no virtual service.
Weights = Mapping[str, int] | None


@dataclass(frozen=True, kw_only=True)
class Site:
    """A world and the daemon on its director."""

    world: World
    daemon: Daemon


Action = Callable[[Site], None]


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that is done in both worlds, and the tables that both directors settle on.

    table names every virtual service of the scenario. The servers with a weight must answer the
    client. perl_tables is for a difference on purpose, which deviation names: a heading of
    docs/deviations.md. They are all that Perl may come to, where it is not always the same.
    """

    name: str
    do: tuple[Action, ...]
    table: Mapping[str, Weights]
    perl_tables: tuple[Mapping[str, Weights], ...] = ()
    deviation: str = ""
    but_thresholds: bool = False  # the deviation is one of thresholds only: all else is compared
    # Rounds of checks that have to pass before the tables are looked at, for a step in which
    # nothing may change; they are counted at a web server that is well.
    rounds: int = 0
    witness: str = "rs2"
    logged: tuple[str, ...] = ()  # texts that both daemons have to log in this step
    sticky: tuple[str, ...] = ()  # virtual services where one server answers all requests
    # What both log in this step has to be the same: everything, or the last of each server.
    log: Literal["", "all", "last"] = ""
    unasked: tuple[str, ...] = ()  # virtual services that name a dead server on purpose


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Steps played with one configuration, in two worlds that begin well and with empty tables."""

    name: str
    virtuals: Mapping[str, Virtual]
    steps: tuple[Step, ...]
    with_names: bool = field(default=False)  # bind9 runs on the real servers


def config(text: str) -> str:
    """A configuration as it stands in a file: the text without its common indentation.

    @DIRECTORY@ in it is a directory of the daemon's own.
    """
    return textwrap.dedent(text).lstrip("\n")


def start(text: str) -> Action:
    """The daemon is started with this configuration."""
    return lambda site: site.daemon.start(text)


def reload(text: str) -> Action:
    """The daemon gets SIGHUP with this configuration."""
    return lambda site: site.daemon.reload(text)


def stop(site: Site) -> None:
    """The daemon is stopped with SIGTERM."""
    site.daemon.stop()


def refuse(*names: str) -> Action:
    """The web servers end: connections to them are refused."""

    def act(site: Site) -> None:
        for name in names:
            servers.stop(site.world, name, "nginx")

    return act


def serve(*names: str) -> Action:
    """The web servers are started again."""

    def act(site: Site) -> None:
        for name in names:
            servers.start_web(site.world, name)

    return act


def silence(name: str, silent: bool = True) -> Action:
    """The machine swallows every packet, or no longer does."""
    return lambda site: servers.set_silent(site.world, name, silent=silent)


def break_page(name: str, breaks: bool = True) -> Action:
    """The page that is checked answers with status 500, or no longer does."""
    return lambda site: servers.set_breaks(site.world, name, breaks=breaks)


def change_page(name: str, lies: bool = True) -> Action:
    """The page that is checked has a wrong text, or no longer has."""
    return lambda site: servers.set_lies(site.world, name, lies=lies)


def serve_scripted(*names: str) -> Action:
    """Web servers at port scripted.PORT that can fail for a number of checks are started."""

    def act(site: Site) -> None:
        for name in names:
            scripted.start(site.world, name)

    return act


def fail_next(name: str, count: int) -> Action:
    """The next checks of this web server at scripted.PORT fail, those after them pass."""
    return lambda site: scripted.fail_next(site.world, name, count)


def put_in_maintenance(server: str, out: bool = True) -> Action:
    """The file of this name lies in the maintenance directory, or no longer does."""

    def act(site: Site) -> None:
        directory = site.daemon.config.parent / "maintenance"
        directory.mkdir(exist_ok=True)
        if out:
            (directory / server).touch()
        else:
            (directory / server).unlink()

    return act


def refuse_names(*names: str) -> Action:
    """The name servers end."""

    def act(site: Site) -> None:
        for name in names:
            servers.stop(site.world, name, "named")

    return act


def serve_names(*names: str) -> Action:
    """The name servers are started again."""

    def act(site: Site) -> None:
        for name in names:
            servers.start_names(site.world, name)

    return act


def change_zone(name: str, address: str) -> Action:
    """The name server gives this address for www.example.test."""

    def act(site: Site) -> None:
        servers.write_zone(site.world, name, address)
        servers.reload_names(site.world, name)

    return act


def by_hand(command: str) -> Action:
    """An operator runs ipvsadm with these arguments on the director."""
    return lambda site: void(netns.run_in(site.world.director, "ipvsadm", *command.split()))


def void(_: object) -> None:
    """Forgets a result: an action has none."""
