"""What commands act on: the application over one database, its people, and small processes."""

import zlib
from base64 import urlsafe_b64encode
from datetime import timedelta
from types import SimpleNamespace

from sqlalchemy import select, text, update

from api import create_app
from engine import clock, incidents, instances, intake, jobs, tasks, worker
from engine.actors import SYSTEM
from engine.instances import Reason, messages
from engine.jobs import Job
from engine.library import save_draft
from engine.people import credentials, passwords, restriction
from engine.settings import Settings
from engine.store.tables import (
    Credential,
    Effect,
    Incident,
    Message,
    ProcessInstance,
    ServiceClock,
)
from tests import diagrams, directory, factories
from tests.diagrams import bundle, caught, line, thrown, user_task
from tests.hands import HOUR, over, timed
from tests.promises import CALENDARS, RESPOND, TARGETS

WHY = Reason("The supplier asked us to wait.")
PASSWORD = "correct horse battery"  # noqa: S105 -- nobody's
DRAFT = "processes/small/small.bpmn"
DRAWING = diagrams.one_task(process_id="new")["processes/new/new.bpmn"]
SMALL = bundle(*timed())
NEXT = bundle(*timed(), lane="Technical Team")
SEPARATE = '[[separation]]\ntitle = "Four eyes"\ntasks = ["Look", "Check"]\n'
PROCESSES = {
    "small": timed(),
    "two": line(user_task("Look"), user_task("Check")),
    "separate": line(user_task("Look"), user_task("Check")),
    "signed": line(user_task("Look", signature="approved")),
    "failing": line(user_task("Look"), over("note")),
    "waiting": line(
        user_task("Look"), caught("Hear", "message", "Mail", correlationKey="incident.service")
    ),
    "ringing": line(user_task("Look"), thrown("Ring", "signal", "Siren")),
    "listening": line(caught("Hear", "signal", "Siren"), user_task("Look")),
    "urgent": (
        *line(user_task("Look")),
        *(diagrams.timer("Late", "Look", "PT1H", interrupts=True), diagrams.flow("Late", "Done")),
    ),
    "promised": line(user_task("Look")),
}
# What the bundle of a process has besides.
BESIDE = {
    "separate": {"rules": SEPARATE},
    "promised": {"rules": CALENDARS + RESPOND, "decisions": {"targets": TARGETS}},
}
_PAGES = {"Sec-Fetch-Site": "same-origin"}


class Stage:
    def __init__(self, database):
        self.database = database
        self.cast = factories.Cast(database)
        for process_id, elements in PROCESSES.items():
            beside = BESIDE.get(process_id, {})
            factories.deploy(database, bundle(*elements, process_id=process_id, **beside))
        self._tokens = {name: self.cast.token(name) for name in factories.PEOPLE}
        self.cast.okta, self._tokens["okta"] = directory.machine(database)
        # However long this takes: the use of what was just used is not noted once more.
        just_used = update(Credential).values(last_used_at=clock.now() + timedelta(days=1))
        self.does(lambda session: session.execute(just_used))
        self._app = create_app(database, Settings(database.url))
        self.key = None  # sent along as Idempotency-Key

    def send(self, username, method, path, version=None, **sent):
        """A request by a person, to the API or by a form of a page."""
        headers = {"Authorization": f"Bearer {self._tokens[username]}", **_PAGES}
        headers |= {"If-Match": f'"{version}"'} if version is not None else {}
        return self.anyone().open(path, method=method, headers=headers, **sent)

    def post(self, username, path, **sent):
        return self.send(username, "POST", path, **sent)

    def anyone(self, session_secret=None):
        """A browser."""
        http = self._app.test_client()
        http.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
        if self.key:
            http.environ_base["HTTP_IDEMPOTENCY_KEY"] = self.key
        if session_secret:
            http.set_cookie("steadyhand", session_secret)
        return http

    def rules(self):
        """Every address, with its methods."""
        return self._app.url_map.iter_rules()

    def does(self, act, *what, **more):
        """Something of the engine in a transaction of its own."""
        with self.database.transaction() as session:
            return act(session, *what, **more)


# ---- what must be there before a command


def nothing(_stage):
    return None


def incident_of(process_id):
    """An incident that has just been reported, and where its first task lies."""

    def reported(stage):
        answers = {"service": "Mail"}
        incident = factories.report(stage.database, stage.cast.dora, process_id, **answers)
        return _seen(stage, incident)

    return reported


def claimed(stage):
    it = incident_of("two")(stage)
    stage.does(tasks.claim, it.task.id, stage.cast.dora)
    return it


def with_colleague(stage):
    """A second incident of the same process, so that a signal finds somebody."""
    incident_of("listening")(stage)
    return incident_of("ringing")(stage)


def held(stage):
    it = incident_of("small")(stage)
    _in_hand(stage, it, instances.suspend)
    return it


def restricted(stage):
    it = incident_of("small")(stage)
    with stage.database.transaction() as session:
        incident = incidents.get(session, it.incident.id, stage.cast.max)
        restriction.restrict(session, incident, [], None, stage.cast.max)
    return it


def failed(stage):
    """Its second step has failed."""
    it = incident_of("failing")(stage)
    factories.complete(stage.database, it.incident, "Look", stage.cast.dora, note="no list")
    return _seen(stage, it.incident)


def broken(stage):
    """Its process stopped as a whole."""
    it = incident_of("small")(stage)
    stage.does(instances.fail, it.instance.id, "It broke.")
    return it


def overtaken(stage):
    """There is another version of its process by now."""
    it = incident_of("small")(stage)
    it.version = stage.does(_latest)
    factories.deploy(stage.database, NEXT)
    return it


def awaited(stage):
    """It waits for a message."""
    it = incident_of("waiting")(stage)
    factories.complete(stage.database, it.incident, "Look", stage.cast.dora, note="Fine.")
    return it


def sent(stage):
    """A message that nobody waits for yet."""
    tracked = stage.does(messages.send, "Mail", "Mail", None, stage.cast.dora)
    return SimpleNamespace(message=tracked.message)


def due_message(stage):
    """A message whose receiver has begun to wait since it was sent."""
    it = sent(stage)
    it.incident = awaited(stage).incident
    return it


def due_signal(stage):
    it = with_colleague(stage)
    factories.complete(stage.database, it.incident, "Look", stage.cast.dora, note="Fine.")
    with stage.database.reading() as session:
        it.message = session.scalars(select(Message)).one()
    return it


def drafted(stage):
    stage.does(save_draft, "small", DRAFT, NEXT[DRAFT], 0, stage.cast.olga)


def due_timers(stage):
    """Three incidents of which the timer ends one, and its second step the others."""
    incident_of("urgent")(stage)
    incident_of("small")(stage)
    return incident_of("small")(stage)


def promised(stage):
    """An incident to which somebody is to respond within a quarter of an hour."""
    it = incident_of("promised")(stage)
    with stage.database.reading() as session:
        it.clock = session.scalars(select(ServiceClock)).one()
    return it


def alerted(stage):
    """A failure of which the administrators are to be told."""
    it = failed(stage)
    with stage.database.reading() as session:
        it.effect = session.scalars(select(Effect)).one()
    return it


def forgotten(stage):
    """The same, and its job was lost."""
    it = alerted(stage)
    stage.does(lambda session: session.execute(text("DELETE FROM procrastinate_jobs")))
    return it


def dead_effect(stage):
    """Its job was given up."""
    it = alerted(stage)
    return _dead(stage, it, Job.SEND_EFFECT, it.effect.key)


def dead_timers(stage):
    """The job that fires its timers was given up, and its process failed over it."""
    it = incident_of("small")(stage)
    stage.does(jobs.defer, Job.FIRE_TIMERS, it.instance.id)
    return _dead(stage, it, Job.FIRE_TIMERS, it.instance.id)


def damaged(stage):
    """A message whose receiver cannot be read."""
    it = due_message(stage)
    broken_state = update(ProcessInstance).values(snapshot="{")
    stage.does(lambda session: session.execute(broken_state))
    return it


def door(stage):
    token = stage.does(intake.add_door, "alertmanager", "prod", "small", SYSTEM)
    return SimpleNamespace(token=token)


def firing_door(stage):
    it = door(stage)
    stage.anyone().post(f"/doors/alertmanager/{it.token}", json=alert("firing"))
    return it


def ended_door(stage):
    """What its sender told of has ended."""
    it = firing_door(stage)
    with stage.database.reading() as session:
        it.incident = session.scalars(select(Incident)).one()
    _in_hand(stage, it, instances.cancel)
    return it


def signed_in(stage):
    secret = stage.does(credentials.start_session, stage.cast.dora)
    return SimpleNamespace(secret=secret)


def linked(stage):
    return SimpleNamespace(link=stage.cast.link("dora"))


def with_password(stage):
    hashed = passwords.hash_password(PASSWORD)
    stage.does(passwords.set_password, hashed, stage.cast.dora)


def alert(status):
    return {"version": "4", "groupKey": "{}:{job='mail'}", "status": status, "alerts": []}


def later(act):
    """Do something two hours from now."""
    clock.shift(2 * HOUR)
    try:
        return act()
    finally:
        clock.shift(-2 * HOUR)


def in_hand(session, incident, act, *what):
    """A manager's act on an incident, read anew in this transaction."""
    return act(session, session.get_one(Incident, incident.id), *what)


def _in_hand(stage, it, act):
    stage.does(in_hand, it.incident, act, WHY, stage.cast.max)


def _latest(session):
    return intake.current(session, "small").version


def _seen(stage, incident):
    waiting = factories.open_tasks(stage.database, incident, stage.cast.max)
    with stage.database.reading() as session:
        query = select(ProcessInstance).where(ProcessInstance.incident_id == incident.id)
        instance = session.scalars(query).one()
        standings = instances.look(session, incident, stage.cast.max).standings
    return SimpleNamespace(
        incident=incident,
        instance=instance,
        task=next(iter(waiting.values()), None),
        token=standings[0].place.token_id if standings else None,
        timer=next((s.place.token_id for s in standings if s.due_at), None),
    )


def packed(content):
    """A file as the pages of an import hand it on."""
    return urlsafe_b64encode(zlib.compress(content)).decode()


def _dead(stage, it, job, subject):
    worker.give_up(stage.database, job, subject, "It cannot be done.")
    dead = text(
        "UPDATE procrastinate_jobs SET status = 'failed' WHERE task_name = :job RETURNING id"
    )
    it.job_id = stage.does(lambda session: session.execute(dead, {"job": job}).scalar_one())
    return it
