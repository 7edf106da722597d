"""Two hosts change one incident at the same moment: it is as if one had come after the other.

On SQLite the second waits for its turn to write; on PostgreSQL for the rows that both want.
"""

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import text

from engine import incidents, instances, tasks
from engine.errors import Conflict, NotAllowed
from engine.instances import Move, Reason, intervention, messages
from engine.store.tables import Incident
from tests.diagrams import (
    bundle,
    caught,
    end,
    flow,
    gateway,
    service_task,
    start,
    timer,
    user_task,
)
from tests.factories import deploy, entries, open_tasks, report

WHY = Reason("Both were quick.")
ON_HOLD = 'incident.status = "on_hold"'


def busy():
    """Look with a timer beside it, Set, and a message after which the facts decide, all at once."""
    hold = {"reason": "&quot;The supplier&quot;"}
    return bundle(
        *(start(), gateway("Fork", "parallel"), flow("Reported", "Fork")),
        *(user_task("Look"), end("Looked"), flow("Fork", "Look"), flow("Look", "Looked")),
        *(timer("Late", "Look", "PT1M"), service_task("Wait", "incident.hold", **hold)),
        *(end("Waited"), flow("Late", "Wait"), flow("Wait", "Waited")),
        *(user_task("Set"), service_task("Hold", "incident.hold", **hold), end("Held")),
        *(flow("Fork", "Set"), flow("Set", "Hold"), flow("Hold", "Held")),
        *(caught("Go", "message", "go"), gateway("Way", default="Way_No"), flow("Fork", "Go")),
        *(user_task("Yes"), user_task("No"), end(), flow("Go", "Way"), flow("Way", "No")),
        *(flow("Way", "Yes", ON_HOLD), flow("Yes", "Done"), flow("No", "Done")),
        *(caught("Named", "conditional", 'incident.title = "Named"'), end("Told")),
        *(flow("Fork", "Named"), flow("Named", "Told")),
    )


class Scene:
    """One incident of the process above, and what may be done to it."""

    def __init__(self, database, cast):
        self.database, self.cast = database, cast
        self.incident = report(database, cast.dora)
        waiting = open_tasks(database, self.incident, cast.max)
        self.tasks = {element_id: task.id for element_id, task in waiting.items()}
        with database.reading() as session:
            self.instance_id = intervention.load(session, self._found(session), to_change=False).id
            overview = instances.look(session, self._found(session), cast.max)
        places = (standing.place for standing in overview.standings)
        self.tokens = {place.node.id: place.token_id for place in places}

    def _found(self, session):
        return session.get_one(Incident, self.incident.id)

    def claim(self, session):
        tasks.claim(session, self.tasks["Look"], self.cast.dora)

    def complete(self, session):
        tasks.complete(session, self.tasks["Look"], {"note": "Done."}, self.cast.dora)

    def hold(self, session):
        tasks.complete(session, self.tasks["Set"], {"note": "Done."}, self.cast.dora)

    def fire(self, session):
        instances.fire_timers(session, self.instance_id)

    def send(self, session):
        to = self.incident.id
        messages.send(session, "go", "", None, self.cast.dora, incident=to)

    def correct(self, session):
        incident = incidents.get(session, self.incident.id, self.cast.dora)
        values = {"title": "Named"}
        incidents.correct(session, incident.id, values, incident.version, self.cast.dora)

    def suspend(self, session):
        instances.suspend(session, self._found(session), WHY, self.cast.max)

    def move(self, session):
        """Decide now, without the message."""
        move = Move((self.tokens["Go"],), ("Way",))
        instances.move(session, self._found(session), move, WHY, self.cast.max)

    def outcome(self):
        """What the history says in order, after which facts, with what waits now."""
        history = entries(self.database, self.incident.id)
        told = [(entry.event, entry.element_id) for entry in history]
        with self.database.reading() as session:
            status = self._found(session).status
        return told, status, sorted(open_tasks(self.database, self.incident, self.cast.max))


def orders(first, second):
    """What may come of it; a correction is of the version that was looked at, or is refused."""
    refused = [(first,)] if second == "correct" else []
    return [(first, second), *refused]


COMMANDS = ("claim", "complete", "hold", "fire", "send", "correct", "suspend", "move")


@pytest.fixture
def scene(database, cast, time_travel):
    deploy(database, busy())

    def make():
        made = Scene(database, cast)
        time_travel(timedelta(minutes=2))
        return made

    return make


def attempt(scene, name):
    """Run one command in a transaction; the engine may say no, and nothing else may go wrong."""
    try:
        with scene.database.transaction() as session:
            getattr(scene, name)(session)
    except (Conflict, NotAllowed):
        pass


def one_after_the_other(scene, *names):
    for name in names:
        attempt(scene, name)
    return scene.outcome()


class Second(threading.Thread):
    """The other host; what went wrong there is raised where it is waited for."""

    def __init__(self, scene, name):
        super().__init__()
        self._work = lambda: attempt(scene, name)
        self._database = scene.database
        self._error = None

    def run(self):
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 -- raised again below
            self._error = error

    def start_and_wait(self):
        """Until it waits for the first, or is done."""
        self.start()
        until = time.monotonic() + 5
        while self.is_alive() and not self._waits() and time.monotonic() < until:
            time.sleep(0.002)

    def _waits(self):
        if self._database.engine.dialect.name == "sqlite":
            return True  # for the only turn to write, before it reads anything
        query = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        with self._database.reading() as session:
            return session.scalar(query) > 0

    def finish(self):
        self.join()
        if self._error:
            raise self._error


@pytest.mark.parametrize("second", COMMANDS)
@pytest.mark.parametrize("first", COMMANDS)
def test_what_begins_before_the_other_has_ended_comes_after_it(first, second, scene):
    expected = [one_after_the_other(scene(), *names) for names in orders(first, second)]
    both = scene()
    other = Second(both, second)

    with both.database.transaction() as session:
        getattr(both, first)(session)
        other.start_and_wait()
    other.finish()

    assert both.outcome() in expected


@pytest.mark.parametrize("second", COMMANDS)
@pytest.mark.parametrize("first", COMMANDS)
def test_what_begins_while_the_other_holds_the_process_keeps_it_from_nothing(first, second, scene):
    either = (*orders(first, second), *orders(second, first))
    expected = [one_after_the_other(scene(), *names) for names in either]
    both = scene()
    other = Second(both, second)

    with both.database.transaction() as session:
        intervention.load(session, session.get_one(Incident, both.incident.id))
        other.start_and_wait()
        getattr(both, first)(session)
    other.finish()

    assert both.outcome() in expected
