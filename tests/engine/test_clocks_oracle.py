"""Working time, against another way to reckon it: ask of each moment whether the wall says open."""

from datetime import timedelta
from random import Random

from engine import clocks
from engine.clocks import Kind
from tests.engine.wall import CASES, SEED, STEP, ZERO, drawn, seen, walked


def test_working_time_is_what_a_look_at_the_wall_every_five_minutes_counts():
    print(f"{CASES} cases from seed {SEED}")
    met = dict.fromkeys(Kind, 0)
    for case in range(CASES):
        chance = Random(f"{SEED} {case}")
        by, start = drawn(chance)
        lasts = STEP * chance.randrange(1, chance.choice((12, 100, 600)))

        told = f"case {case} of seed {SEED}: {by} {start} {lasts}"
        end = walked(by, start, lasts)
        assert clocks.due(start, lasts, by) == end, told
        assert clocks.elapsed(start, end, by) == lasts, told
        assert clocks.elapsed(start, end + 9 * STEP, by) == seen(by, start, end + 9 * STEP), told
        explained = clocks.explain(start, lasts, by)
        require_whole(explained, told)
        for segment in explained.segments:
            met[segment.kind] += 1

    assert min(met.values()) > CASES / 10, met  # of each kind, so that each was compared


def test_more_working_time_is_never_due_earlier():
    for case in range(CASES):
        chance = Random(f"{SEED} monotone {case}")
        by, start = drawn(chance)
        shorter, longer = sorted(timedelta(seconds=chance.randrange(400_000)) for _ in "ab")
        later = start + timedelta(seconds=chance.randrange(400_000))

        told = f"case {case} of seed {SEED}: {by} {start} {shorter} {longer} {later}"
        end = clocks.due(start, longer, by)
        assert clocks.due(start, shorter, by) <= end <= clocks.due(later, longer, by), told
        assert clocks.elapsed(start, end, by) == longer, told
        between = clocks.elapsed(start, later, by) + clocks.elapsed(later, end, by)
        assert between == longer, told


def require_whole(explained, told):
    """The segments leave no gap, and what they count is the working time."""
    at = explained.start
    for segment in explained.segments:
        assert segment.start == at, told
        at = segment.end
    assert at == explained.due_at, told
    counted = sum((segment.counted for segment in explained.segments), ZERO)
    assert counted == explained.duration, told
