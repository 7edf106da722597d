"""Clocks that jump, go back, differ and change to summer time: each timer once, none early.

A timer is due at a moment in UTC, reckoned on the clock of the host that arms it, and fires in the
first sweep of any host whose own clock has come to it. So it is never early for the host that fires
it; where clocks differ, it may be early by that difference for another one.
"""

from datetime import UTC, datetime, timedelta

import pytest

from engine import worker
from engine.history import Event
from tests.diagrams import boundary, bundle, caught, end, flow, line, user_task
from tests.factories import deploy, entries, report
from tests.simulation import virtual
from tests.simulation.hosts import Host

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def clock(monkeypatch):
    return virtual.install(monkeypatch)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def waiting(text):
    """Waits for a timer, then Look."""
    return bundle(*line(caught("Wait", "timer", text), user_task("Look")))


def reminded(*timers):
    """Look, and a task for each of the timers beside it: (element id, text)."""
    beside = (
        part
        for name, text in timers
        for part in (
            *(boundary(name, "Look", "timer", text, interrupts=False), user_task(f"{name}Task")),
            *(end(f"{name}End"), flow(name, f"{name}Task"), flow(f"{name}Task", f"{name}End")),
        )
    )
    return bundle(*line(user_task("Look")), *beside)


def fired(database, *incidents):
    """The timers that have fired, in the order in which they did."""
    told = [e for i in incidents for e in entries(database, i.id, Event.TIMER_FIRED)]
    return [entry.element_id for entry in sorted(told, key=lambda entry: entry.id)]


# One clock that jumps

JUMPS = {
    "three days ahead": ([3 * DAY, HOUR], [1, 1]),
    "an hour back, and on again": ([-HOUR, HOUR, HOUR - SECOND, SECOND], [0, 0, 0, 1]),
    "back after it has fired": ([HOUR, -HOUR, HOUR, 3 * DAY], [1, 1, 1, 1]),
    "back and forth before it is due": ([HOUR / 2, -HOUR, HOUR, HOUR / 2], [0, 0, 0, 1]),
}


@pytest.mark.parametrize(("jumps", "expected"), JUMPS.values(), ids=JUMPS)
def test_a_timer_fires_once_and_not_before_its_moment_however_the_clock_jumps(
    jumps, expected, database, cast, clock
):
    deploy(database, reminded(("Late", "PT1H")))
    incident = report(database, cast.dora)

    counts = []
    for jump in jumps:
        clock.move(jump / timedelta(minutes=1))
        worker.run_once(database)
        counts.append(len(fired(database, incident)))

    assert counts == expected


# The calendar

MOMENTS = {
    # Europe/Berlin goes from 2 to 3 o'clock on 29 March 2026, and from 3 to 2 on 25 October.
    "a day is 24 hours when summer time begins": ("P1D", "2026-03-28T12:00", "2026-03-29T12:00"),
    "a day is 24 hours when summer time ends": ("P1D", "2026-10-24T12:00", "2026-10-25T12:00"),
    "24 hours, too": ("PT24H", "2026-10-24T12:00", "2026-10-25T12:00"),
    "a date after summer time has begun": (
        "2026-03-29T09:00:00@Europe/Berlin",
        "2026-03-28T08:00",
        "2026-03-29T07:00",
    ),
    "a date after summer time has ended": (
        "2026-10-25T09:00:00@Europe/Berlin",
        "2026-10-24T07:00",
        "2026-10-25T08:00",
    ),
    "a time that the clocks leave out is an hour later": (
        "2026-03-29T02:30:00@Europe/Berlin",
        "2026-03-28T12:00",
        "2026-03-29T01:30",
    ),
    "of a time that comes twice, the first": (
        "2026-10-25T02:30:00@Europe/Berlin",
        "2026-10-24T12:00",
        "2026-10-25T00:30",
    ),
    "FEEL adds a day to a local time as 24 hours": (
        'time=date and time("2026-03-28T09:00:00@Europe/Berlin") + duration("P1D")',
        "2026-03-28T08:00",
        "2026-03-29T08:00",
    ),
    "FEEL names nine o'clock on the next day": (
        'time=date and time(date("2026-03-28") + duration("P1D"), time("09:00:00@Europe/Berlin"))',
        "2026-03-28T08:00",
        "2026-03-29T07:00",
    ),
    "a year from the leap day": ("P1Y", "2028-02-29T12:00", "2029-02-28T12:00"),
    "a month to the leap day": ("P1M", "2028-01-31T12:00", "2028-02-29T12:00"),
    "a day to the leap day": ("P1D", "2028-02-28T12:00", "2028-02-29T12:00"),
    "the leap day itself": ("2028-02-29T12:00:00Z", "2028-02-28T12:00", "2028-02-29T12:00"),
    "the end of the year": ("PT1H", "2026-12-31T23:30", "2027-01-01T00:30"),
}


@pytest.mark.parametrize(("text", "begun", "due"), MOMENTS.values(), ids=MOMENTS)
def test_a_timer_fires_at_its_moment_and_not_a_second_before(
    text, begun, due, database, cast, clock
):
    clock.set_to(at(begun))
    deploy(database, waiting(text.replace("time=", "timeDate=", 1)))
    incident = report(database, cast.dora)

    counts = []
    for moment in (at(due) - SECOND, at(due), at(due) + 3 * DAY):
        clock.set_to(moment)
        worker.run_once(database)
        counts.append(len(fired(database, incident)))

    assert counts == [0, 1, 1]


def rounds(text, begun, *moments):
    return text, at(begun), [at(moment) for moment in moments]


CYCLES = {
    "every day over the end of winter time": rounds(
        "R3/P1D",
        "2026-03-28T12:00",
        *("2026-03-29T12:00", "2026-03-30T12:00", "2026-03-31T12:00"),
    ),
    "every day over the leap day": rounds(
        "R3/P1D",
        "2028-02-27T12:00",
        *("2028-02-28T12:00", "2028-02-29T12:00", "2028-03-01T12:00"),
    ),
    # Each round counts from the one before, so a short month shortens those that follow.
    "every month from the 31st": rounds(
        "R3/P1M",
        "2028-01-31T12:00",
        *("2028-02-29T12:00", "2028-03-29T12:00", "2028-04-29T12:00"),
    ),
}


@pytest.mark.parametrize(("text", "begun", "due"), CYCLES.values(), ids=CYCLES)
def test_a_cycle_fires_each_round_at_its_moment(text, begun, due, database, cast, clock):
    clock.set_to(begun)
    deploy(database, reminded_in_passing(text))
    incident = report(database, cast.dora)

    counts = []
    for moment in due:
        for seen in (moment - SECOND, moment):
            clock.set_to(seen)
            worker.run_once(database)
            counts.append(len(fired(database, incident)))

    assert counts == [0, 1, 1, 2, 2, 3]


def reminded_in_passing(text):
    """Look, beside which a timer fires again and again, and nothing comes of it."""
    tick = boundary("Tick", "Look", "timer", text, interrupts=False)
    return bundle(*line(user_task("Look")), tick, end("Ticked"), flow("Tick", "Ticked"))


# After an outage


def test_after_three_days_what_was_missed_fires_in_the_order_in_which_it_was_due(
    database, cast, clock
):
    deploy(database, reminded(("Third", "P2D"), ("First", "PT1H"), ("Second", "P1D")))
    incidents = []
    for _ in range(3):
        incidents.append(report(database, cast.dora))
        clock.move(1)
    clock.move(3 * 24 * 60)

    worker.run_once(database)

    # One process after the other, the one that waits longest first.
    assert fired(database, *incidents) == 3 * ["First", "Second", "Third"]
    moments = [entries(database, i.id, Event.TIMER_FIRED)[0].id for i in incidents]
    assert moments == sorted(moments)


@pytest.mark.parametrize(("text", "expected"), [("R5/PT1H", 5), ("R/PT1H", 72), ("R2/P2D", 1)])
def test_after_three_days_a_cycle_makes_up_for_each_round_that_it_missed(
    text, expected, database, cast, clock
):
    deploy(database, reminded_in_passing(text))
    incident = report(database, cast.dora)
    clock.move(3 * 24 * 60)

    for _ in range(100):
        worker.run_once(database)

    assert len(fired(database, incident)) == expected


# Several clocks


@pytest.mark.parametrize("sweeper", [0.5, -0.5])
@pytest.mark.parametrize("armer", [0.5, -0.5])
def test_a_timer_is_not_early_on_the_clock_of_the_host_that_fires_it(
    armer, sweeper, database, cast, clock
):
    deploy(database, reminded(("Late", "PT1H")))
    with clock.seen_from(Host(database, armer)):
        incident = report(database, cast.dora)
        due = clock.now() + HOUR

    counts = []
    with clock.seen_from(Host(database, sweeper)):
        clock.minute += (due - SECOND - clock.now()) / timedelta(minutes=1)
        for _ in range(2):
            worker.run_once(database)
            counts.append(len(fired(database, incident)))
            clock.minute += 1 / 60

    assert counts == [0, 1]


def test_hosts_half_a_minute_apart_fire_a_timer_once(database, cast, clock):
    deploy(database, reminded(("Late", "PT1H"), ("Later", "PT61M")))
    incident = report(database, cast.dora)
    hosts = [Host(database, deviation) for deviation in (0, 0.5, -0.5)]

    clock.move(58.5)
    counts = []
    for _ in range(6):
        for host in hosts:
            with clock.seen_from(host):
                worker.run_once(database)
        counts.append(fired(database, incident))
        clock.move(0.5)

    assert counts == [[], [], ["Late"], ["Late"], ["Late", "Later"], ["Late", "Later"]]
