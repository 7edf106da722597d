"""People report, and work on tasks."""

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from engine import incidents, intake, tasks
from engine.errors import Conflict, NotAllowed, StaleVersion
from engine.history import Event
from engine.instances import intervention
from tests.simulation import processes
from tests.simulation.courses import Course
from tests.simulation.stage import HOSTS, NOTES, PEOPLE, PICKS, PROCESS_IDS, RARELY, Stage, one_of

_MOST_COURSES = 4
_SERVICES = st.sampled_from(("Mail", "Shop"))
_TITLES = st.sampled_from(("Mail is down", "Shop is down"))


class People(Stage):
    @initialize(process_ids=st.tuples(PROCESS_IDS, PROCESS_IDS), service=_SERVICES)
    def begin(self, process_ids, service):
        for process_id in process_ids:
            self.open(0, processes.BY_ID[process_id], service)
            self.everything_is_as_it_must_be()

    @precondition(lambda self: len(self.courses) < _MOST_COURSES)
    @rule(host=HOSTS, process_id=PROCESS_IDS, service=_SERVICES, crashes=RARELY)
    def report(self, host, process_id, service, crashes):
        self.open(host, processes.BY_ID[process_id], service, crashes=crashes)

    def open(self, host, process, service, *, crashes=False):

        def command(session):
            answers = {"title": "Something is down", "service": service}
            dora = self.world.people[0]
            incident = intake.report(session, process.id, answers, "web", dora)
            return intervention.load(session, incident)

        def tell(loaded):
            course = Course(process, service, self.clock)
            course.incident_id, course.instance_id = loaded.incident_id, loaded.id
            course.definition_id = self.world.definitions[process.id][-1]
            self.courses.append(course)
            self.follow(course)

        self.take(host, command, tell, crashes=crashes)

    @precondition(lambda self: self.waiting)
    @rule(host=HOSTS, pick=PICKS, person=PEOPLE, is_stale=RARELY, crashes=RARELY)
    def claim(self, host, pick, person, is_stale, crashes):
        course, wait, claim = one_of(self.waiting, pick)
        actor = self.world.people[person]
        refusal = Conflict if claim.by not in (None, actor.id) else None
        version = claim.version - 1 if is_stale else claim.version

        def tell(_):
            if claim.by is None:
                claim.by, claim.version = actor.id, claim.version + 1
                course.told.append((Event.TASK_CLAIMED, wait.element))

        self.take(
            host,
            lambda session: tasks.claim(session, claim.task_id, actor, version),
            tell,
            StaleVersion if is_stale else refusal,
            crashes=crashes,
        )

    @precondition(lambda self: self.waiting)
    @rule(host=HOSTS, pick=PICKS, person=PEOPLE, crashes=RARELY)
    def release(self, host, pick, person, crashes):
        course, wait, claim = one_of(self.waiting, pick)
        actor = self.world.people[person]

        def tell(_):
            claim.by, claim.version = None, claim.version + 1
            course.told.append((Event.TASK_RELEASED, wait.element))

        self.take(
            host,
            lambda session: tasks.release(session, claim.task_id, actor),
            tell,
            None if claim.by == actor.id else NotAllowed,
            crashes=crashes,
        )

    @precondition(lambda self: self.waiting)
    @rule(host=HOSTS, pick=PICKS, person=PEOPLE, note=NOTES, crashes=RARELY)
    def complete(self, host, pick, person, note, crashes):
        course, wait, claim = one_of(self.waiting, pick)
        self.do(host, course, wait, claim, self.world.people[person], note, crashes=crashes)

    def do(self, host, course, wait, claim, actor, note, *, crashes=False):
        refusal = None if course.moves else Conflict
        if claim.by not in (None, actor.id):
            refusal = NotAllowed

        def tell(_):
            self.ended_tasks.append(claim.task_id)
            course.complete(wait, note, claims=claim.by is None)
            self.follow(course)

        self.take(
            host,
            lambda session: tasks.complete(session, claim.task_id, {"note": note}, actor),
            tell,
            refusal,
            crashes=crashes,
        )

    @precondition(lambda self: self.ended_tasks)
    @rule(host=HOSTS, pick=PICKS, note=NOTES)
    def complete_again(self, host, pick, note):
        task_id, dora = one_of(self.ended_tasks, pick), self.world.people[0]
        self.take(
            host,
            lambda session: tasks.complete(session, task_id, {"note": note}, dora),
            None,
            Conflict,
        )

    @precondition(lambda self: self.courses)
    @rule(host=HOSTS, pick=PICKS, title=_TITLES)
    def correct(self, host, pick, title):
        course, dora = one_of(self.courses, pick), self.world.people[0]

        def command(session):
            incident = incidents.get(session, course.incident_id, dora)
            is_new = incident.title != title
            values = {"title": title}
            incidents.correct(session, course.incident_id, values, incident.version, dora)
            return is_new

        def tell(is_new):
            if is_new:
                course.told.append((Event.INCIDENT_CORRECTED, None))

        is_open = self.auditor.status_of(course) not in ("closed", "cancelled")
        self.take(host, command, tell, None if is_open else Conflict)
