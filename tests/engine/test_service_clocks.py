"""A clock of a service target: pauses, priorities that change, breaches; all by hand."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.clocks.service import Act, Target, Turn, course
from tests.engine.calendars import ALWAYS, BAVARIA, calendar

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = calendar(more=BAVARIA)  # Monday to Friday, 8 to 12 and 13 to 17
DAY_AND_NIGHT = calendar(hours=ALWAYS, name="always")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def target(hours, by=OFFICE):
    return Target(timedelta(hours=hours), by)


def start(text, hours, by=OFFICE):
    return Turn(Act.START, at(text), target=target(hours, by))


def turn(act, text, reason="", by="", to=None):
    return Turn(act, at(text), reason, by, to)


def due(*turns):
    found = course(turns).due_at
    return found and found.astimezone(BERLIN).isoformat(" ", "minutes")[:16]


# ---- acceptance: on hold stops the clock; a breach cannot occur while paused


def test_on_hold_stops_the_clock_and_it_cannot_be_breached_meanwhile():
    turns = [start("2026-06-01 08:00", 4), turn(Act.PAUSE, "2026-06-01 11:00", "Awaiting vendor")]

    paused = course(turns)

    assert paused.due_at is None
    assert paused.used(at("2026-06-09 12:00")) == timedelta(hours=3)
    assert due(*turns, turn(Act.RESUME, "2026-06-09 10:00")) == "2026-06-09 11:00"


# ---- acceptance: a new target uses the working, unpaused time that has passed


def test_a_new_priority_after_a_pause_keeps_the_working_time_that_was_used():
    # Monday 8 to 10 is 2 h. Paused until Tuesday 8, then 1 h. Of 4 h, 1 h is left.
    turns = [
        start("2026-06-01 08:00", 16),
        turn(Act.PAUSE, "2026-06-01 10:00", "Awaiting requester", "Dora"),
        turn(Act.RESUME, "2026-06-02 08:00", "They answered", "Dora"),
        turn(Act.RETARGET, "2026-06-02 09:00", "P3 became P1", "Mina", target(4)),
    ]

    assert due(*turns) == "2026-06-02 10:00"


def test_a_target_in_another_calendar_goes_on_from_what_was_counted():
    # Friday 16 to 17 counted 1 h of the office; on Sunday 10:00 it becomes 4 h, day and night.
    turns = [
        start("2026-06-05 16:00", 16),
        turn(Act.RETARGET, "2026-06-07 10:00", "P3 became P1", "Mina", target(4, DAY_AND_NIGHT)),
    ]

    assert due(*turns) == "2026-06-07 13:00"


def test_a_target_that_is_used_up_already_is_breached_when_it_comes_and_not_before():
    turns = [
        start("2026-06-01 08:00", 16),
        turn(Act.RETARGET, "2026-06-01 16:00", "P3 became P1", "Mina", target(4)),
    ]

    assert due(*turns) == "2026-06-01 16:00"


def test_a_breach_stays_one_whatever_target_comes_later():
    turns = [
        start("2026-06-01 08:00", 2),
        turn(Act.RETARGET, "2026-06-01 11:00", "P1 became P3", "Mina", target(16)),
    ]

    assert due(*turns) == "2026-06-01 10:00"


# ---- acceptance: holidays, a change of the clocks, the zone of the contract


@pytest.mark.parametrize(
    ("begins", "hours", "by", "is_due"),
    [
        # Thursday is Corpus Christi in Bavaria: Wednesday 16 to 17, Friday 8 to 11.
        ("2026-06-03 16:00", 4, OFFICE, "2026-06-05 11:00"),
        # The clocks go forward at 2 on the 29th: 22 to 2 are 4 h, 3 to 4 is the fifth.
        ("2026-03-28 22:00", 5, DAY_AND_NIGHT, "2026-03-29 04:00"),
        # They go back at 3 on the 25th of October: 22 to 3 are 6 h.
        ("2026-10-24 22:00", 6, DAY_AND_NIGHT, "2026-10-25 03:00"),
    ],
)
def test_due_times_are_those_worked_out_by_hand(begins, hours, by, is_due):
    turns = [start(begins, hours, by)]

    assert due(*turns) == is_due


def test_the_zone_is_the_one_of_the_contract():
    tokyo = calendar(zone="Asia/Tokyo", more="", name="tokyo")

    # 5:00 in Berlin is noon in Tokyo: its work goes on at 13:00, and 15:00 is 8:00 in Berlin.
    assert due(start("2026-06-01 05:00", 2, tokyo)) == "2026-06-01 08:00"


# ---- the course


def test_it_warns_at_a_share_of_the_target_and_keeps_to_pauses():
    turns = [
        start("2026-06-01 08:00", 4),
        turn(Act.PAUSE, "2026-06-01 09:00"),
        turn(Act.RESUME, "2026-06-01 10:00"),
    ]
    found = course(turns)

    assert [found.reached(share) for share in (0.5, 0.75, 1)] == [
        at("2026-06-01 11:00"),
        at("2026-06-01 12:00"),
        at("2026-06-01 14:00"),
    ]


def test_what_ends_at_the_last_moment_ends_in_time():
    turns = [start("2026-06-01 08:00", 2), turn(Act.STOP, "2026-06-01 10:00")]

    assert course(turns).due_at is None


@pytest.mark.parametrize("stopped", ["2026-06-01 10:00:01", "2026-06-01 12:00"])
def test_what_ends_later_was_breached_at_its_due_time(stopped):
    turns = [start("2026-06-01 08:00", 2), turn(Act.STOP, stopped)]

    assert due(*turns) == "2026-06-01 10:00"


def test_what_is_open_again_goes_on_from_what_it_had_used():
    turns = [
        start("2026-06-01 08:00", 4),
        turn(Act.STOP, "2026-06-01 11:00", "Resolved"),
        turn(Act.RESUME, "2026-06-03 08:00", "Open again"),
    ]

    assert due(*turns) == "2026-06-03 09:00"


def test_every_turn_says_what_it_did_to_the_due_time():
    turns = [
        start("2026-06-01 08:00", 8),
        turn(Act.PAUSE, "2026-06-01 10:00", "Awaiting vendor", "Tarek"),
        turn(Act.RESUME, "2026-06-02 10:00", "They answered", "Tarek"),
        turn(Act.RETARGET, "2026-06-02 11:00", "P2 became P1", "Mina", target(4)),
    ]
    found = course(turns)

    told = [
        (turn.act, moment and moment.astimezone(BERLIN).isoformat(" ")[:16])
        for turn, moment in found.due_times()
    ]

    assert told == [
        ("start", "2026-06-01 17:00"),
        ("pause", None),
        ("resume", "2026-06-02 17:00"),
        ("retarget", "2026-06-02 12:00"),
    ]
    assert found.undisturbed() == at("2026-06-01 17:00")


def test_the_legs_and_their_segments_add_up_to_the_target_to_the_second():
    turns = [
        start("2026-06-01 11:00", 4),
        turn(Act.PAUSE, "2026-06-01 13:30:17", "Awaiting vendor", "Tarek"),
        turn(Act.RESUME, "2026-06-02 09:00", "They answered", "Tarek"),
    ]
    found = course(turns)

    counted = [[segment.counted for segment in leg.segments(found.due_at)] for leg in found.legs]

    assert counted == [
        [timedelta(hours=1), timedelta(0), timedelta(minutes=30, seconds=17)],
        [],
        [timedelta(hours=2, minutes=29, seconds=43)],
    ]
    assert sum(map(sum_of, counted), timedelta(0)) == timedelta(hours=4)


def sum_of(lengths):
    return sum(lengths, timedelta(0))


@pytest.mark.parametrize(
    ("turns", "problem"),
    [
        ([], "begins with its start"),
        ([turn(Act.PAUSE, "2026-06-01 08:00")], "cannot pause first"),
        ([turn(Act.START, "2026-06-01 08:00")], "brings its target"),
        ([start("2026-06-01 08:00", 1), start("2026-06-01 09:00", 1)], "cannot start again"),
        ([start("2026-06-01 08:00", 1), turn(Act.RESUME, "2026-06-01 09:00")], "cannot resume"),
        (
            [start("2026-06-01 08:00", 1), turn(Act.RETARGET, "2026-06-01 09:00")],
            "retarget of a clock brings its target",
        ),
        (
            [start("2026-06-01 08:00", 1), turn(Act.STOP, "2026-06-01 07:00")],
            "is before what came first",
        ),
    ],
)
def test_turns_that_cannot_come_there_are_named(turns, problem):
    with pytest.raises(ValueError, match=problem):
        course(turns)
