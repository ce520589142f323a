"""Plays a scenario in two worlds and compares the two directors after every step."""

import shutil
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import logs as texts
from . import netns, scripted, servers, table, traffic
from .scenario import Scenario, Site, Step, Weights

Record = dict[str, Any]

SETTLE_BOUND = 240.0  # seconds in which a step has to come to its end, on a busy machine as well
POLL = 0.25  # seconds
LOOKS = 3  # looks in a row, all of them right, that make a table settled
LOG_TAIL = 30  # lines of each daemon's log in a failure's report


def play(scenario: Scenario, sites: Sequence[Site], report: Callable[[Record], None]) -> None:
    """Plays the steps up to the first that fails, and reports each."""
    try:
        for site in sites:
            _prepare(scenario, site)
        for step in scenario.steps:
            began = time.monotonic()
            logs = [len(site.daemon.log) for site in sites]
            record = _play_step(scenario, step, sites, logs)
            report(
                record
                | {
                    "scenario": scenario.name,
                    "step": step.name,
                    "deviation": step.deviation,
                    "seconds": round(time.monotonic() - began, 1),
                }
            )
            if record["problem"]:
                break
    finally:
        for site in sites:
            site.daemon.kill()


def _prepare(scenario: Scenario, site: Site) -> None:
    netns.run_in(site.world.director, "ipvsadm", "-C")
    scripted.stop_all(site.world)
    servers.repair(site.world)
    shutil.rmtree(site.daemon.config.parent / "maintenance", ignore_errors=True)
    if scenario.with_names:
        for name in ("rs1", "rs2", "rs3"):
            servers.start_names(site.world, name)


def _play_step(
    scenario: Scenario, step: Step, sites: Sequence[Site], logs: Sequence[int]
) -> Record:
    try:
        for site in sites:
            for action in step.do:
                action(site)
        _pass_rounds(step, sites)
        problem = _outcome(scenario, step, sites, logs)
    except Exception:
        problem = traceback.format_exc()
    return {
        "problem": problem,
        "compared": int(not problem and _is_compared(step)),
        "texts": _texts(step, sites, logs),
        "tables": [str(_table_or_reason(site)) for site in sites],
        "daemons": [site.daemon.name for site in sites],
        "logs": [_tail(site.daemon.log) for site in sites] if problem else [],
    }


def _outcome(scenario: Scenario, step: Step, sites: Sequence[Site], logs: Sequence[int]) -> str:
    """Waits until tables and answers are what the step expects; says what is wrong, or nothing.

    All of it is looked at again until it is right or the time is up: what is seen in passing, on a
    machine that is busy, is neither taken for the outcome nor for a fault.
    """
    end = time.monotonic() + SETTLE_BOUND
    before = ""
    while True:
        problem = _settle(scenario, step, sites, logs, end)
        if not problem and _is_compared(step):
            problem = _compare(step, sites)
        problem = problem or _ask_everything(scenario, step, sites)
        if not problem and step.log:
            problem = _compare_logs(step, sites, logs)
        if not problem:
            return ""
        if time.monotonic() > end or any(site.daemon.died for site in sites):
            return f"{problem}; before that: {before}" if before else problem
        before = problem
        time.sleep(POLL)


def _texts(step: Step, sites: Sequence[Site], starts: Sequence[int]) -> int:
    """How many of the first daemon's texts were compared."""
    return texts.count(sites[0].daemon.log[starts[0] :]) if step.log else 0


def _is_compared(step: Step) -> bool:
    return not step.deviation or step.but_thresholds


def _pass_rounds(step: Step, sites: Sequence[Site]) -> None:
    """Waits until the witness has been checked as many more times as the step wants, everywhere."""
    if not step.rounds:
        return
    wanted = [servers.checks_seen(site.world, step.witness) + step.rounds for site in sites]
    end = time.monotonic() + SETTLE_BOUND
    for site, count in zip(sites, wanted, strict=True):
        while servers.checks_seen(site.world, step.witness) < count:
            if time.monotonic() > end:
                raise TimeoutError(f"{site.daemon.name} no longer checks {step.witness}")
            time.sleep(POLL)


def _settle(
    scenario: Scenario, step: Step, sites: Sequence[Site], logs: Sequence[int], end: float
) -> str:
    """Waits until both tables have stayed as the step expects; says what is wrong, or nothing.

    They have to stay so for some looks, and for a whole round of Perl's checks: at a start or a
    reload Perl's table is right in passing, before the first check.
    """
    good_looks = 0
    marks = [0 for _ in sites]
    while True:
        wrong = [
            problem
            for site, start in zip(sites, logs, strict=True)
            if (problem := _wrong_now(scenario, step, site, start))
        ]
        if wrong or good_looks == 0:
            marks = [len(site.daemon.log) for site in sites]
        good_looks = 0 if wrong else good_looks + 1
        rounds = (site.daemon.has_made_a_round(m) for site, m in zip(sites, marks, strict=True))
        if good_looks >= LOOKS and all(rounds):
            return ""
        if time.monotonic() > end or (wrong and any(site.daemon.died for site in sites)):
            return "not settled: " + ("; ".join(wrong) or "no round of checks was made")
        time.sleep(POLL)


def _wrong_now(scenario: Scenario, step: Step, site: Site, log_start: int) -> str:
    if site.daemon.died:
        return site.daemon.died
    seen = table.weights_now(site.world)
    found = {label: seen.get(virtual.key) for label, virtual in scenario.virtuals.items()}
    expected = _expected(step, site)
    if found not in expected:
        wishes = " or ".join(str(one) for one in expected)
        return f"{site.daemon.name} has {found}, expected {wishes}"
    for text in step.logged:
        if text not in site.daemon.log[log_start:]:
            return f"{site.daemon.name} has not logged {text!r}"
    return ""


def _expected(step: Step, site: Site) -> Sequence[Mapping[str, Weights]]:
    """The tables that this daemon may have after the step."""
    if site.daemon.name == "perl" and step.perl_tables:
        return step.perl_tables
    return (step.table,)


def _compare(step: Step, sites: Sequence[Site]) -> str:
    """Both directors have to agree in every line."""
    first, second = (table.read(site.world).lines for site in sites)
    if first != second:
        return "the tables differ"
    first, second = (table.read_thresholds(site.world) for site in sites)
    if first != second and not step.but_thresholds:
        return f"the thresholds differ:\n{chr(10).join(first)}\nand\n{chr(10).join(second)}"
    return ""


def _compare_logs(step: Step, sites: Sequence[Site], starts: Sequence[int]) -> str:
    """Both have to have logged the same in this step."""
    said = {
        site.daemon.name: site.daemon.log[start:] for site, start in zip(sites, starts, strict=True)
    }
    perl, ldirpy = said.get("perl", ""), said.get("ldirpy", "")
    wrong = texts.difference(perl, ldirpy, only_last=step.log == "last")
    return f"the logs differ: {wrong}" if wrong else ""


def _ask_everything(scenario: Scenario, step: Step, sites: Sequence[Site]) -> str:
    """The client has to be answered by exactly the servers that the tables name.

    Where Perl deviates it may name dead servers: its client is not asked then.
    """
    problems = [
        f"client of {site.daemon.name}: {problem}"
        for site in sites
        if not step.perl_tables or site.daemon.name != "perl"
        for label, weights in step.table.items()
        if label not in step.unasked
        and (
            problem := traffic.problem(
                site.world, scenario.virtuals[label], weights, sticky=label in step.sticky
            )
        )
    ]
    return "; ".join(problems)


def _table_or_reason(site: Site) -> table.Table | str:
    try:
        return table.read(site.world)
    except netns.CommandFailed as error:
        return str(error)


def _tail(log: str) -> str:
    return "\n".join(log.splitlines()[-LOG_TAIL:])
