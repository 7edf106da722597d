"""Service clocks with pauses and priorities that change, against a walk along the wall's clock."""

from random import Random

from engine.clocks.service import Act, Target, Turn, course
from tests.engine.wall import CASES, SEED, STEP, ZERO, drawn, is_open

SHARES = (0.5, 0.75, 1)
LATER = {
    Act.START: (Act.PAUSE, Act.RETARGET, Act.STOP),
    Act.PAUSE: (Act.RESUME, Act.RETARGET, Act.STOP),
    Act.STOP: (Act.RESUME,),
}
LATER[Act.RESUME] = LATER[Act.START]


def test_a_course_is_what_a_walk_along_the_wall_finds():
    print(f"{CASES} cases from seed {SEED}")
    met = dict.fromkeys((*Act, *SHARES), 0)
    for case in range(CASES):
        chance = Random(f"{SEED} service {case}")
        turns = drawn_turns(chance)
        until = turns[-1].at + STEP * chance.randrange(600)

        told = f"case {case} of seed {SEED}: {turns} {until}"
        found, (used, reached) = course(turns), walked_course(turns, until)
        assert found.used(until) == used, told
        assert counted(found, until) == used, told
        for share in SHARES:
            moment = found.reached(share)
            assert (moment if moment and moment <= until else None) == reached[share], told
            met[share] += reached[share] is not None
        for turn in turns:
            met[turn.act] += 1

    assert min(met.values()) > CASES / 10, met  # of each kind, so that each was compared


# The oracle


def walked_course(turns, until):
    """What was counted up to a moment, and when each share was used up, step by step."""
    used, reached, is_running, target = ZERO, dict.fromkeys(SHARES), False, None
    coming, at = list(turns), turns[0].at
    while at <= until:
        while coming and coming[0].at == at:
            turn = coming.pop(0)
            target = turn.target or target
            if turn.act is not Act.RETARGET:
                is_running = turn.act in (Act.START, Act.RESUME)
        for share in SHARES:
            if is_running and reached[share] is None and used >= target.duration * share:
                reached[share] = at
        if at < until and is_running and is_open(target.calendar, at):
            used += STEP
        at += STEP
    return used, reached


def counted(found, until):
    segments = (segment for leg in found.legs for segment in leg.segments(until))
    return sum((segment.counted for segment in segments), ZERO)


# Chance


def drawn_turns(chance):
    """A start and up to five turns, now and then two at one moment; all on the wall's steps."""
    calendars = [drawn(chance) for _ in range(2)]
    at, state = calendars[0][1], Act.START
    turns = [Turn(state, at, target=drawn_target(chance, calendars))]
    for _ in range(chance.randrange(6)):
        act = chance.choice(LATER[state])
        at += STEP * chance.choice((0, 1, chance.randrange(300)))
        target = drawn_target(chance, calendars) if act is Act.RETARGET else None
        turns.append(Turn(act, at, target=target))
        state = state if act is Act.RETARGET else act
    return turns


def drawn_target(chance, calendars):
    return Target(STEP * 4 * chance.randrange(1, 40), chance.choice(calendars)[0])
