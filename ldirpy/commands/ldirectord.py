"""The command line of ldirectord: `[-d] [CONFIG] start|stop|restart|...|status`.

Exit codes: 0 done, 1 not found or not running, 2 a configuration error (whatever the command), 3
`status` of an instance that is stopped, 255 wrong usage.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import attrs

from ldirpy._version import __version__
from ldirpy.config.load import load
from ldirpy.config.model import Config
from ldirpy.daemon import detach
from ldirpy.daemon.instance import (
    POLL,
    AlreadyRunning,
    Instance,
    looks_like_ldirectord,
    wait_until_gone,
)
from ldirpy.errors import ConfigError, Problem

if TYPE_CHECKING:
    from ldirpy.ipvs.model import IpvsTable

CONFIG_PLACES = ("/etc/ha.d/{}", "/etc/ha.d/conf/{}", "{}")
DEFAULT_CONFIG, DEFAULT_NAME = "ldirectord.cf", "ldirectord"

STOP_BOUND = 120.0  # seconds until `stop` gives up waiting for the daemon's end
RACE_BOUND = 5.0  # seconds in which the other one of two starts at once must have come up

NOT_FOUND, CONFIGURATION_ERROR, STOPPED, USAGE_ERROR = 1, 2, 3, 255

USAGE = """\
Usage:
    ldirectord [-d|--debug] [--] [configfile] start | stop | restart |
    try-restart | reload | force-reload | status

    ldirectord [-h|-?|--help|-v|--version]
"""

HELP = """\
Check real servers and keep the kernel's IPVS table right.

  ldirpy [OPTIONS] [--] [CONFIG] COMMAND     the daemon, as Perl's ldirectord
  ldirpy -f FILE [-t] [-d] [--ipvs memory]   try, test or direct in the foreground
  ldirpy check|show|probe|takeover ...       see `ldirpy check --help` and so on

CONFIG is looked for as /etc/ha.d/CONFIG, /etc/ha.d/conf/CONFIG and CONFIG; ldirectord.cf if there
is none. Its name without directories is the name of the instance.

Commands:
  start          start the daemon; it has adopted the table when this returns
  stop           stop it, and return when the table is clean
  restart        stop and start
  try-restart    the same, if it is running
  reload         read CONFIG again; a CONFIG with an error is refused and the old one stays
  force-reload   the same
  status         say whether it is running: exit 0 if it is, 3 if not, 1 with a stale pid file

Options:
  -d, --debug            start: stay in the foreground, log every check to stderr
      --foreground       start: stay in the foreground as a service, for a service manager; the log
                         goes to stdout if CONFIG has no logfile
      --log-format json  start: one JSON object for each line of the log
      --ipvs memory      start: a rehearsal, with real checks and a table in memory
  -f, --file FILE        the configuration, not looked for elsewhere
  -t, --test             with -f: only say whether FILE is all right
  -h, -?, --help         this text
  -v, --version          the version

Exit codes: 0 done, 1 not found or not running, 2 an error in CONFIG, 3 status: stopped, 255 wrong
usage. The whole story: ldirpy(8).
"""

DIRECT = {"-f", "-t", "--file", "--test"}  # options of `ldirpy -f FILE`


@attrs.frozen
class WrongUsage(Exception):
    """The words are not those of this command line; `unknown` are the options nobody knows."""

    unknown: tuple[str, ...] = ()


@attrs.define(kw_only=True)
class Options:
    """The options that came before the first positional word, and the words behind them."""

    debug: bool = False
    help: bool = False
    version: bool = False
    foreground: bool = False
    as_json: bool = False
    in_memory: bool = False
    direct: bool = False
    words: tuple[str, ...] = ()

    def inherited(self) -> list[str]:
        """The options that the daemon needs, and those which it takes along."""
        words = ["--log-format=json"] if self.as_json else []
        return [*words, "--ipvs=memory"] if self.in_memory else words


@attrs.frozen(kw_only=True)
class Request:
    """What is asked: a command for one instance."""

    options: Options
    config: str  # as it was given, for messages
    instance: Instance
    command: str


def run(words: Sequence[str]) -> int:
    """Carry out one command."""
    try:
        options = parse(words)
        if options.direct:
            from ldirpy.commands import direct

            return direct.run(words)
        if options.help:
            print(HELP, end="")
            return 0
        if options.version:
            print(f"ldirpy {__version__}")
            return 0
        request = _request(options)
    except WrongUsage as error:
        for option in error.unknown:
            print(f"Unknown option: {option}", file=sys.stderr)
        print(USAGE)
        return USAGE_ERROR
    if options.foreground and not looks_like_ldirectord(os.getpid()):
        os.execv(sys.executable, detach.command(words))
    return carry_out(request)


def parse(words: Sequence[str]) -> Options:
    """Read the options, which end at the first word that is none; raises WrongUsage."""
    options, unknown = Options(), []
    rest = list(words)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        if word == "--":
            break
        if word.startswith("--"):
            name, _, value = word.partition("=")
            if name in ("--log-format", "--ipvs") and not value and rest:
                value = rest.pop(0)
            singles = [name]
        else:
            singles, value = [f"-{letter}" for letter in word[1:]], ""
        for single in singles:
            if single in DIRECT:
                options.direct = True
                return options
            if not _take(options, single, value):
                unknown.append(single.lstrip("-"))
    if unknown:
        raise WrongUsage(tuple(unknown))
    options.words = tuple(rest)
    return options


def _take(options: Options, name: str, value: str) -> bool:
    """Note one option; false if there is none of that name."""
    match name:
        case "-d" | "--debug":
            options.debug = True
        case "-h" | "-?" | "--help":
            options.help = True
        case "-v" | "--version":
            options.version = True
        case "--foreground":
            options.foreground = True
        case "--log-format" if value in ("json", "text"):
            options.as_json = value == "json"
        case "--ipvs" if value in ("kernel", "memory"):
            options.in_memory = value == "memory"
        case _:
            return False
    return True


def _request(options: Options) -> Request:
    """The command that is meant; words behind the second one mean nothing."""
    match options.words:
        case [command]:
            config, name = DEFAULT_CONFIG, DEFAULT_NAME
        case [config, command, *_]:
            name = config
        case _:
            raise WrongUsage()
    if command not in COMMANDS:
        raise WrongUsage()
    return Request(options=options, config=config, instance=Instance.of(name), command=command)


def carry_out(request: Request, *, asked: frozenset[str] = frozenset()) -> int:
    """Find and read the configuration, tell what is wrong with it, and do what was asked.

    `asked` are the instances whose turn it was before this one, when `execute` names one another.
    """
    path = find(request.config)
    if path is None:
        print(f"Config file {request.config} not found", file=sys.stderr)
        return NOT_FOUND
    # The daemon is the child of a command that has told all warnings already.
    ready = detach.take_ready_descriptor()
    try:
        config = load(path)
        if ready is None and (request.options.debug or request.command.endswith("start")):
            for warning in config.warnings:
                _tell("Warning", warning)
        return COMMANDS[request.command](Job(request, path, config, ready, asked))
    except ConfigError as error:
        tell_problems(error)
        return CONFIGURATION_ERROR


def find(config: str) -> str | None:
    """The path of a configuration; None if there is no such file."""
    for place in CONFIG_PLACES:
        path = place.format(config)
        if config and os.path.isfile(path):
            return path
    return None


def tell_problems(error: ConfigError) -> None:
    """Say on stderr what is wrong with a configuration, in ldirectord's form."""
    for problem in error.problems:
        _tell("Error", problem)


def _tell(kind: str, problem: Problem) -> None:
    print(problem.as_ldirectord(kind, os.getpid()), file=sys.stderr)


# -- the commands ----------------------------------------------------------------------------


@attrs.frozen
class Job:
    """A request with the configuration it is about; `ready` is where a daemon says that it runs."""

    request: Request
    path: str
    config: Config
    ready: int | None
    asked: frozenset[str]

    @property
    def instance(self) -> Instance:
        return self.request.instance


def _start(job: Job) -> int:
    if job.instance.running() is not None:
        return 0
    options = job.request.options
    if job.ready is None and not (options.debug or options.foreground or job.config.supervised):
        return detach.start(_words_of_daemon(options))
    from ldirpy.daemon import logs, process

    name, as_json, supervised = job.instance.name, options.as_json, job.config.supervised
    if options.debug:
        log = logs.to_stream(sys.stderr, name, form=logs.named_form(name), as_json=as_json)
    elif supervised or (options.foreground and "logfile" not in job.config.places):
        log = logs.to_stream(sys.stdout, name, form=logs.dated_form, as_json=as_json)
    else:
        log = logs.to_configured(job.config, name, as_json=as_json)
    log.start(debug=options.debug)
    ready = job.ready
    try:
        process.serve(
            job.path,
            job.config,
            job.instance,
            pid_file=not (options.debug or supervised),
            table=_table(options),
            child_options=options.inherited(),
            how="as daemon" if ready is not None else f"with pid: {os.getpid()}",
            on_ready=(lambda: detach.let_go(ready)) if ready is not None else lambda: None,
        )
    except AlreadyRunning:
        return _start_in_turn(job)
    finally:
        log.close()
    return 0


def _table(options: Options) -> "IpvsTable":
    if options.in_memory:
        from ldirpy.ipvs.memory import MemoryTable

        return MemoryTable()
    from ldirpy.ipvs.netlink import KernelTable

    return KernelTable()


def _words_of_daemon(options: Options) -> list[str]:
    """How the daemon is to be called, so that it reads like `ldirectord CONFIG start` in `ps`."""
    words = options.inherited()
    config = list(options.words[:-1][:1])
    if config and config[0].startswith("-"):
        words.append("--")
    return [*words, *config, "start"]


def _start_in_turn(job: Job) -> int:
    """What becomes of a start when another process has the lock: it may be about to run."""
    end = time.monotonic() + RACE_BOUND
    while job.instance.running() is None:
        if time.monotonic() > end:
            print(f"ldirpy: {job.instance.name}: another instance is running", file=sys.stderr)
            return 1
        time.sleep(POLL)
    return 0


def _stop(job: Job) -> int:
    """Stop the daemon, and wait for its end and for that of the instances it takes along."""
    pid = job.instance.signal(signal.SIGTERM)
    if pid is None:
        return 0
    children = (Instance.of(config).running() for config in job.config.execute)
    end = time.monotonic() + STOP_BOUND
    for one in (pid, *(child for child in children if child is not None)):
        if not wait_until_gone(one, end - time.monotonic()):
            print(
                f"ldirectord for {job.request.config}: process {one} has not ended in "
                f"{STOP_BOUND:.0f} seconds",
                file=sys.stderr,
            )
            return 1
    return 0


def _restart(job: Job) -> int:
    return _stop(job) or _start(job)


def _try_restart(job: Job) -> int:
    return 0 if job.instance.running() is None else _restart(job)


def _reload(job: Job) -> int:
    return 0 if job.instance.signal(signal.SIGHUP) is not None else 1


def _status(job: Job) -> int:
    config, instance = job.request.config, job.instance
    for child in job.config.execute:
        _status_of_child(job, child)
    pid = instance.running()
    if pid is not None:
        print(f"ldirectord for {config} is running with pid: {pid}", file=sys.stderr)
        return 0
    print(f"ldirectord is stopped for {config}")
    if instance.recorded():
        print(f"ldirectord stale pid file {instance.pid_file} for {config}", file=sys.stderr)
        return 1
    return STOPPED


def _status_of_child(job: Job, config: str) -> None:
    """Say the same of an instance that `execute` names; what becomes of it is not our exit code."""
    asked = {*job.asked, job.instance.name}
    instance = Instance.of(config)
    if instance.name not in asked:  # two may name each other
        options = attrs.evolve(job.request.options, words=(config, "status"))
        request = Request(options=options, config=config, instance=instance, command="status")
        carry_out(request, asked=frozenset(asked))


COMMANDS: Mapping[str, Callable[[Job], int]] = {
    "start": _start,
    "stop": _stop,
    "restart": _restart,
    "try-restart": _try_restart,
    "reload": _reload,
    "force-reload": _reload,
    "status": _status,
}
