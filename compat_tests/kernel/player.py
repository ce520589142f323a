"""Plays a scenario in two worlds and compares the two directors after every step."""

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import netns, servers, table, traffic
from .scenario import Scenario, Site, Step, Weights

Record = dict[str, Any]

SETTLE_BOUND = 90.0  # seconds until both directors have to show the expected table
POLL = 0.25  # seconds
LOOKS = 4  # equal looks in a row that make a table settled: Perl's start shows passing states
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
    servers.repair(site.world)
    if scenario.with_names:
        for name in ("rs1", "rs2", "rs3"):
            servers.start_names(site.world, name)


def _play_step(
    scenario: Scenario, step: Step, sites: Sequence[Site], logs: Sequence[int]
) -> Record:
    compared = 0
    try:
        for site in sites:
            for action in step.do:
                action(site)
        _pass_rounds(step, sites)
        problem = _settle(scenario, step, sites, logs)
        if not problem and not step.deviation:
            compared = 1
            problem = _compare(sites)
        if not problem:
            problem = _ask_everything(scenario, step, sites)
    except Exception:
        problem = traceback.format_exc()
    return {
        "problem": problem,
        "compared": compared,
        "tables": [str(_table_or_reason(site)) for site in sites],
        "daemons": [site.daemon.name for site in sites],
        "logs": [_tail(site.daemon.log) for site in sites] if problem else [],
    }


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


def _settle(scenario: Scenario, step: Step, sites: Sequence[Site], logs: Sequence[int]) -> str:
    """Waits until both tables have stayed as the step expects; says what is wrong, or nothing."""
    end = time.monotonic() + SETTLE_BOUND
    good_looks = 0
    while True:
        wrong = [
            problem
            for site, start in zip(sites, logs, strict=True)
            if (problem := _wrong_now(scenario, step, site, start))
        ]
        good_looks = 0 if wrong else good_looks + 1
        if good_looks == LOOKS:
            return ""
        if wrong and (time.monotonic() > end or any(site.daemon.died for site in sites)):
            return f"not settled after {SETTLE_BOUND:.0f} s: " + "; ".join(wrong)
        time.sleep(POLL)


def _wrong_now(scenario: Scenario, step: Step, site: Site, log_start: int) -> str:
    if site.daemon.died:
        return site.daemon.died
    seen = table.weights_now(site.world)
    for label, weights in _expected(step, site).items():
        found = seen.get(scenario.virtuals[label].key)
        if found != weights:
            return f"{site.daemon.name} has {label} with {found}, expected {weights}"
    for text in step.logged:
        if text not in site.daemon.log[log_start:]:
            return f"{site.daemon.name} has not logged {text!r}"
    return ""


def _expected(step: Step, site: Site) -> Mapping[str, Weights]:
    if site.daemon.name == "perl" and step.perl_table is not None:
        return step.perl_table
    return step.table


def _compare(sites: Sequence[Site]) -> str:
    """Both directors have to agree in every line."""
    first, second = (table.read(site.world).lines for site in sites)
    if first != second:
        return "the tables differ"
    first, second = (table.read_thresholds(site.world) for site in sites)
    if first != second:
        return f"the thresholds differ:\n{chr(10).join(first)}\nand\n{chr(10).join(second)}"
    return ""


def _ask_everything(scenario: Scenario, step: Step, sites: Sequence[Site]) -> str:
    """The client has to be answered by exactly the servers that the tables name.

    Where Perl deviates it may name dead servers: its client is not asked then.
    """
    problems = [
        f"client of {site.daemon.name}: {problem}"
        for site in sites
        if step.perl_table is None or site.daemon.name != "perl"
        for label, weights in _expected(step, site).items()
        if label not in step.unasked
        and (
            problem := traffic.problem(
                site.world, scenario.virtuals[label], weights, sticky=step.sticky
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
