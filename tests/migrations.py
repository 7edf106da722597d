"""A process whose owner deploys a second version, and small processes in two versions."""

from datetime import timedelta

from engine import instances
from engine.instances import Order, Reason, messages
from engine.store.tables import Incident, ProcessDefinition, ProcessInstance
from tests.diagrams import (
    activity,
    end,
    flow,
    gateway,
    inside,
    multi_instance,
    start,
    subprocess,
    timer,
    user_task,
)
from tests.factories import complete, deploy, open_tasks, report

HOUR = timedelta(hours=1)
WHY = Reason("The new version closes a gap.")


class Change:
    """A process whose owner deploys a second version, with incidents on the first."""

    def __init__(self, database, cast, old, new):
        self.database, self.cast = database, cast
        self._new = new
        deploy(database, old)
        self.incident = self.report()

    def report(self):
        return report(self.database, self.cast.dora)

    def completes(self, element_id, note="Fine.", incident=None):
        complete(self.database, incident or self.incident, element_id, self.cast.dora, note=note)

    def receives(self, name):
        with self.database.transaction() as session:
            messages.send(session, name, "", None, self.cast.dora, incident=self.incident.id)

    def order(self, **mapping):
        """The new version is deployed with the first look at it."""
        deploy(self.database, self._new)
        with self.database.reading() as session:
            found = session.query(ProcessDefinition).all()
        old, new = sorted((d for d in found if d.process_id == "small"), key=lambda d: d.version)
        return Order(old.id, new.id, mapping)

    def migrates(self, actor=None, incident=None, reason=WHY, **mapping):
        order = self.order(**mapping)
        with self.database.transaction() as session:
            incident_id = (incident or self.incident).id
            return instances.migrate(session, order, incident_id, reason, actor or self.cast.olga)

    def plans(self, incidents=None, actor=None, **mapping):
        order = self.order(**mapping)
        with self.database.reading() as session:
            return instances.plan_migration(session, order, incidents, actor or self.cast.olga)

    def places(self):
        with self.database.reading() as session:
            incident = session.get_one(Incident, self.incident.id)
            overview = instances.look(session, incident, self.cast.max)
            return sorted(standing.place.node.id for standing in overview.standings)

    def due_at(self, element_id):
        with self.database.reading() as session:
            incident = session.get_one(Incident, self.incident.id)
            overview = instances.look(session, incident, self.cast.max)
            (due_at,) = [
                s.place.wait.due_at for s in overview.standings if s.place.node.id == element_id
            ]
            return due_at

    @property
    def waits(self):
        return sorted(open_tasks(self.database, self.incident, self.cast.max))

    @property
    def row(self):
        with self.database.reading() as session:
            return session.query(ProcessInstance).filter_by(incident_id=self.incident.id).one()


def late(host, node_id="Late", duration="PT1H"):
    """After a while, Chase beside its host."""
    return (
        *(timer(node_id, host, duration), user_task("Chase"), end("Chased")),
        *(flow(node_id, "Chase"), flow("Chase", "Chased")),
    )


def part(*tasks, **more):
    return subprocess("Part", *inside("Part", *map(user_task, tasks)), **more)


def several(*tasks, sequential=False, **more):
    loop = multi_instance(sequential=sequential, loopCardinality="2")
    content = "".join(inside("Part", *map(user_task, tasks))) + loop
    return activity("subProcess", "Part", content, **more)


def joined(*after, join="Join", first="A"):
    """Two ways that meet."""
    return (
        *(start(), gateway("Fork", "parallel"), user_task(first), user_task("B")),
        *(gateway(join, "parallel"), user_task("C"), end()),
        *(flow("Reported", "Fork"), flow("Fork", first), flow("Fork", "B")),
        *(flow(first, join), flow("B", join), flow(join, "C"), flow("C", "Done"), *after),
    )


LOOK, FIX = user_task("Look"), user_task("Fix")
