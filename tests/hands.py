"""A process in a person's hands, and the small processes that are taken."""

from datetime import timedelta

from engine import instances
from engine.instances import Move, Reason, messages
from engine.store.tables import Incident
from tests.diagrams import (
    activity,
    end,
    flow,
    inside,
    line,
    multi_instance,
    subprocess,
    timer,
    user_task,
)
from tests.factories import complete, deploy, entries, open_tasks, report

HOUR = timedelta(hours=1)
WHY = Reason("The supplier asked us to wait.")


class Hand:
    """The manager who takes one incident's process in hand."""

    def __init__(self, database, cast, files, **answers):
        deploy(database, files)
        self.database, self.cast = database, cast
        self.incident = report(database, cast.dora, **answers)

    def does(self, act, *what, reason=WHY, actor=None):
        with self.database.transaction() as session:
            incident = session.get_one(Incident, self.incident.id)
            return act(session, incident, *what, reason, actor or self.cast.max)

    def sees(self, actor=None):
        with self.database.reading() as session:
            incident = session.get_one(Incident, self.incident.id)
            return instances.look(session, incident, actor or self.cast.max)

    def previews(self, withdraw, start):
        with self.database.reading() as session:
            incident = session.get_one(Incident, self.incident.id)
            move = Move((self.token(withdraw),), (start,))
            return instances.preview_move(session, incident, move, self.cast.max)

    def moves(self, withdraw, *start):
        return self.does(instances.move, Move((self.token(withdraw),), start))

    def receives(self, name):
        with self.database.transaction() as session:
            messages.send(session, name, "", None, self.cast.dora, incident=self.incident.id)

    def completes(self, element_id, note="Fine."):
        return complete(self.database, self.incident, element_id, self.cast.dora, note=note)

    def token(self, element_id):
        """The innermost token on an element; an id that stands nowhere as it is."""
        found = [s.place.token_id for s in self.sees().standings if s.place.node.id == element_id]
        return found[-1] if found else element_id

    @property
    def waits(self):
        return sorted(open_tasks(self.database, self.incident, self.cast.max))

    @property
    def places(self):
        return sorted(standing.place.node.id for standing in self.sees().standings)

    @property
    def status(self):
        return self.sees().instance.status

    def said(self, event):
        """The one entry of an event."""
        (entry,) = entries(self.database, self.incident.id, event)
        return entry


def late(host):
    """An hour after its host began, Chase beside it."""
    return (
        *(timer("Late", host, "PT1H"), user_task("Chase"), end("Chased")),
        *(flow("Late", "Chase"), flow("Chase", "Chased")),
    )


def timed():
    return (*line(user_task("Look")), *late("Look"))


def over(items, node_id="Each"):
    """A task for each item; what is no list fails."""
    return activity("manualTask", node_id, multi_instance(loopDataInputRef=items, item="one"))


def two_steps():
    return line(user_task("Look"), user_task("Fix"), user_task("Check"))


def with_part():
    """Look, then a part with Ask and Answer, then Check."""
    part = subprocess("Part", *inside("Part", user_task("Ask"), user_task("Answer")))
    return line(user_task("Look"), part, user_task("Check"))
