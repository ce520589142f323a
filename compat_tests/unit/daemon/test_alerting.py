"""The alert mails of a director in jumping time, and the queue behind them."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import attrs
import pytest

from compat_tests.jumploop import run_jumping
from compat_tests.unit.daemon.scripted import Stage
from compat_tests.unit.daemon.stories import StrictTable, directing, serving, virtual
from compat_tests.unit.test_alerts import alert
from ldirpy.alerts import Alert
from ldirpy.config.model import Config, DirectorState, Virtual
from ldirpy.daemon.alerting import BACK_OFF, Alerts, Mailer
from ldirpy.errors import MailError

VIP = "198.51.100.1:80"


def watched(**settings: Any) -> Virtual:
    return virtual(emailalert=["a@example.com"], **settings)


class Post:
    """Takes mails, unless it is told not to; and knows when they came."""

    def __init__(self, *, takes: float = 0.0) -> None:
        self.mails: list[tuple[float, list[str]]] = []
        self.states: list[DirectorState] = []
        self.closed = False
        self.tries: list[float] = []
        self._takes = takes

    async def send(self, alerts: Sequence[Alert]) -> None:
        now = asyncio.get_running_loop().time()
        self.tries.append(now)
        await asyncio.sleep(self._takes)
        if self.closed:
            raise MailError("the post is closed")
        self.mails.append((now, [alert.subject for alert in alerts]))
        self.states += [alert.state for alert in alerts]

    def subjects(self) -> list[str]:
        """Those that came since the last question."""
        subjects = [subject for _, mail in self.mails for subject in mail]
        self.mails.clear()
        return subjects


async def living(
    config: Config, table: StrictTable, post: Post, events: Sequence[tuple[float, Any]]
) -> None:
    """A director's life with mails: each event is a time to wait and something to do then."""
    mailer = Mailer(post.send)
    async with directing(config, table, [Alerts(mailer, "lb1")]) as director:
        for wait, act in events:
            await asyncio.sleep(wait)
            act(director)
    await mailer.close()


def test_a_day(stage: Stage, table: StrictTable) -> None:
    """Start, failure, reminders, return and stop: the subjects and the states of the daemon."""
    seen: list[list[str]] = []
    post = Post()
    config = Config(virtuals=[watched(emailalertfreq=60)])
    look = lambda _: seen.append(post.subjects())  # noqa: E731
    events = [
        (5, look),
        (0, lambda _: stage.fail(["192.0.2.1"])),
        (140, look),
        (0, lambda _: stage.fail([])),
        (15, look),
        (0, lambda director: director.reload(Config(virtuals=[watched(), watched(port=81)]))),
        (15, look),
    ]

    run_jumping(living(config, table, post, events))

    one, two = "real server: 192.0.2.1:80", "real server: 192.0.2.2:80"
    assert sorted(seen[0]) == sorted(
        [
            f"Added fallback server: 192.0.2.99:80 ({VIP}) (Weight set to 1)",
            f"Added {one} ({VIP}) (Weight set to 1)",
            f"Added {two} ({VIP}) (Weight set to 1)",
            f"Deleted fallback server: 192.0.2.99:80 ({VIP})",
        ]
    )
    assert seen[1:3] == [
        [f"Deleted {one} ({VIP})", *[f"Inaccessible {one} ({VIP})"] * 2],
        [f"Added {one} ({VIP}) (Weight set to 1)"],
    ]
    assert all("(198.51.100.1:81)" in subject for subject in seen[3])
    assert post.subjects() == [
        f"Purged {server} (198.51.100.1:{port})".replace("server:", "server (stop):")
        for port in (80, 81)
        for server in (one, two)
    ]
    assert list(dict.fromkeys(post.states)) == [
        DirectorState.STARTING,
        DirectorState.RUNNING,
        DirectorState.RELOADING,
        DirectorState.STOPPING,
    ]


def test_two_hundred_at_once(stage: Stage, table: StrictTable) -> None:
    """200 servers that fail together: ten mails at most, and the checks keep their rhythm."""
    post = Post(takes=50.0)  # a mail server that is slow with each of them
    numbers = [n for n in range(1, 202) if n != 99]  # 99 is the fallback
    config = Config(virtuals=[watched(reals=virtual(numbers).reals)])
    addresses = [f"192.0.2.{n}" for n in numbers]
    events = [
        (120.0, lambda _: post.subjects()),
        (0.0, lambda _: stage.fail(addresses)),
        (100.0, lambda _: None),
    ]

    run_jumping(living(config, table, post, events))

    told = [subject for _, mail in post.mails for subject in mail if "Deleted real" in subject]
    assert len(told) == 200
    assert len(post.mails) <= 10
    for times in stage.checks.values():
        pauses = [after - before for before, after in itertools.pairwise(times)]
        assert pauses == pytest.approx([10.0] * len(pauses), abs=0.01)


def test_a_dead_mail_server(stage: Stage, table: StrictTable) -> None:
    """Each mail is tried a few times, later and later; the table follows all the while."""
    post = Post()
    post.closed = True

    async def story() -> None:
        mailer = Mailer(post.send)
        listeners = [Alerts(mailer, "lb1")]
        async with directing(Config(virtuals=[watched()]), table, listeners):
            await asyncio.sleep(1000)
            post.tries.clear()
            stage.fail(["192.0.2.1"])
            await asyncio.sleep(11)
            assert serving(table) == {2: 1}
            await asyncio.sleep(1000)
            assert len(post.tries) == 1 + len(BACK_OFF)
            pauses = [after - before for before, after in itertools.pairwise(post.tries)]
            assert pauses == pytest.approx(list(BACK_OFF), abs=0.01)
        await mailer.close()

    run_jumping(story())


def test_the_end_waits_for_a_bounded_time() -> None:
    """What waits at the end is sent; a server that does not answer is not waited for long."""

    async def story(post: Post) -> float:
        mailer = Mailer(post.send)
        mailer.add(alert())
        began = asyncio.get_running_loop().time()
        await mailer.close()
        return asyncio.get_running_loop().time() - began

    quick, slow = Post(), Post(takes=1e6)
    assert run_jumping(story(quick)) == pytest.approx(0, abs=0.1)
    assert len(quick.mails) == 1
    assert run_jumping(story(slow)) == pytest.approx(5, abs=0.1)


def test_state_filter(stage: Stage, table: StrictTable) -> None:
    """With emailalertstatus=running the start and the stop send nothing."""
    post = Post()
    only = watched(emailalertstatus=frozenset({DirectorState.RUNNING}))
    events = [(5, lambda _: stage.fail(["192.0.2.1"])), (20, lambda _: None)]

    run_jumping(living(Config(virtuals=[attrs.evolve(only)]), table, post, events))

    assert post.subjects() == [f"Deleted real server: 192.0.2.1:80 ({VIP})"]
