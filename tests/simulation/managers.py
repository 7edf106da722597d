"""Managers take processes in hand; owners publish new versions and move incidents to them."""

from hypothesis.stateful import precondition, rule

from engine import instances
from engine.errors import Conflict
from engine.history import Event
from engine.instances import Move, Order
from tests.conformance.blocks import Activity, walk
from tests.simulation import processes
from tests.simulation.stage import HOSTS, PICKS, PROCESS_IDS, RARELY, WHY, Stage, one_of

# Tasks without events on their border, which would begin anew with them.
_PLAIN = {
    part.id
    for process in processes.PROCESSES
    for part in walk(process)
    if isinstance(part, Activity) and not part.boundaries
}


class Managers(Stage):
    has_published = False

    @precondition(lambda self: self.courses)
    @rule(host=HOSTS, pick=PICKS, crashes=RARELY)
    def suspend(self, host, pick, crashes):
        course = one_of(self.courses, pick)
        self.take(
            host,
            self.on_incident(course, instances.suspend, WHY, self.world.manager),
            lambda _: course.interfere(Event.PROCESS_SUSPENDED, "suspended"),
            None if course.moves else Conflict,
            crashes=crashes,
        )

    @precondition(lambda self: self.courses)
    @rule(host=HOSTS, pick=PICKS)
    def resume(self, host, pick):
        self.let_go_on(host, one_of(self.courses, pick))

    def let_go_on(self, host, course):
        self.take(
            host,
            self.on_incident(course, instances.resume, WHY, self.world.manager),
            lambda _: course.interfere(Event.PROCESS_RESUMED, "running"),
            None if course.status == "suspended" else Conflict,
        )

    @precondition(lambda self: self.courses)
    @rule(host=HOSTS, pick=PICKS, is_meant=RARELY)
    def cancel(self, host, pick, is_meant):
        course = one_of(self.courses, pick)
        is_open = course.status in ("running", "suspended")
        self.take(
            host,
            self.on_incident(course, instances.cancel, WHY, self.world.manager),
            lambda _: course.cancel(),
            None if is_open else Conflict,
            crashes=is_open and not is_meant,
        )

    @precondition(lambda self: self.waiting)
    @rule(host=HOSTS, pick=PICKS, crashes=RARELY)
    def restart(self, host, pick, crashes):
        """Withdraw a task and begin it anew."""
        course, wait, claim = one_of(self.waiting, pick)
        if wait.element not in _PLAIN:
            return

        def tell(_):
            self.ended_tasks.append(claim.task_id)
            course.restart(wait)

        move = Move((claim.task_id,), (wait.element,))
        self.take(
            host,
            self.on_incident(course, instances.move, move, WHY, self.world.manager),
            tell,
            None if course.moves else Conflict,
            crashes=crashes,
        )

    @precondition(lambda self: not self.has_published)
    @rule(process_id=PROCESS_IDS)
    def publish(self, process_id):
        self.world.publish(processes.BY_ID[process_id])
        self.has_published = True

    @precondition(lambda self: self.courses)
    @rule(host=HOSTS, pick=PICKS, version=PICKS, crashes=RARELY)
    def migrate(self, host, pick, version, crashes):
        course = one_of(self.courses, pick)
        others = self.world.definitions[course.process.id][-3:]
        target = one_of([each for each in others if each != course.definition_id], version)
        order = Order(course.definition_id, target)

        def tell(_):
            course.definition_id = target
            course.interfere(Event.PROCESS_MIGRATED)
            for claim in course.claims.values():
                claim.version += 1

        self.take(
            host,
            lambda session: instances.migrate(
                session, order, course.incident_id, WHY, self.world.owner
            ),
            tell,
            None if course.status in ("running", "suspended") else Conflict,
            crashes=crashes,
        )
