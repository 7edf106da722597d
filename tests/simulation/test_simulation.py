"""The whole engine on three hosts: after every drawn step, the database holds what must hold."""

import os
import secrets
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from engine import history
from engine.actors import Role
from engine.bpmn import timers
from engine.history import Event
from engine.instances import delivery, state
from engine.store.tables import Message, MessageStatus
from tests.factories import Cast, add_person
from tests.simulation import virtual
from tests.simulation.hosts import World
from tests.simulation.machine import Simulation

PARTS, RUNS, STEPS = 20, 100, 50
# A step takes several times as long on PostgreSQL: there, a quarter of the runs is for every day.
SHARE = 1 if os.environ.get("STEADYHAND_LONG") else 4
# In a hundred runs, or else they show less than they seem to.
HAPPENS = {
    *(Event.TIMER_FIRED, Event.MESSAGE_RECEIVED, Event.TASK_CANCELLED, Event.PROCESS_COMPLETED),
    *(Event.PROCESS_MOVED, Event.PROCESS_MIGRATED, Event.PROCESS_SUSPENDED),
}


@pytest.fixture
def world(database, monkeypatch):
    clock = virtual.install(monkeypatch)
    cast = Cast(database)
    dan = add_person(database, "dan", Role.RESPONDER, "Service Desk")
    world = World(database, clock, cast, cast.dora, dan)
    yield world
    world.close()


@pytest.fixture
def number(request):
    """The seed; it is shown when the test fails, with the command that replays it."""
    given = request.config.getoption("--hypothesis-seed")
    number = secrets.randbelow(2**32) if given is None else int(given)
    print(f"pytest '{request.node.nodeid}' --hypothesis-seed={number}")
    return number


def simulate(world, number, runs, phases=(Phase.generate, Phase.shrink)):
    """Random runs from a seed; raises what was found first, with the steps that lead to it."""
    drawn = settings(
        max_examples=runs,
        stateful_step_count=STEPS,
        phases=phases,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    run_state_machine_as_test(seed(number)(lambda: Simulation(world)), settings=drawn)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_engine_does_what_must_hold_whoever_comes_next(part, world, number):
    runs = RUNS if world.is_sqlite else RUNS // SHARE

    simulate(world, number, runs)

    print(f"{runs} runs of {STEPS} steps; transactions: {dict(world.counts)}")
    print({str(event): count for event, count in world.events.most_common()})
    assert min(world.counts[ended] for ended in ("done", "refused", "crashed")) > runs / 4
    assert world.events.keys() >= (HAPPENS if runs == RUNS else set())


# Defects that the simulation must find


def overwriting(monkeypatch):
    """Whoever comes late writes over what others have done since."""
    save = state.save

    def overwrite(session, loaded, values):
        now = state.load(session, loaded.id)
        save(session, replace(loaded, version=now.version), values)

    monkeypatch.setattr(state, "save", overwrite)


def firing_early(monkeypatch):
    schedule = timers.Timer.schedule

    def early(timer, data):
        found = schedule(timer, data)
        return replace(found, due_at=found.due_at - timedelta(minutes=1))

    monkeypatch.setattr(timers.Timer, "schedule", early)


def delivering_again(monkeypatch):
    """What has been delivered goes to the next who waits for such a message, too."""
    deliver = delivery.deliver

    def once_more(session, message_id):
        deliver(session, message_id)
        session.get_one(Message, message_id).status = MessageStatus.WAITING
        session.flush()

    monkeypatch.setattr(delivery, "deliver", once_more)


def forgetting(monkeypatch):
    """A claim is not written to the history."""
    record = history.record

    def forget(session, subject_id, *entries):
        record(session, subject_id, *(e for e in entries if e.event != Event.TASK_CLAIMED))

    monkeypatch.setattr(history, "record", forget)


def steps_to_failure(world, number):
    with pytest.raises(AssertionError) as found:
        simulate(world, number, RUNS, phases=[Phase.generate])
    return [note for note in found.value.__notes__ if "state." in note]


@pytest.mark.parametrize("plant", [overwriting, firing_early, delivering_again, forgetting])
def test_a_planted_defect_is_found_and_its_seed_finds_it_again(plant, world, number, monkeypatch):
    plant(monkeypatch)

    first, again = (steps_to_failure(world, number) for _ in range(2))

    assert first == again != []
