"""Processes that wait for messages and signals, and what tests do with them."""

from engine import tasks
from engine.instances import messages
from engine.store.tables import InstanceStatus, Message, MessageStatus, ProcessInstance
from tests.diagrams import (
    begun,
    boundary,
    bundle,
    caught,
    end,
    ended,
    event_subprocess,
    flow,
    gateway,
    line,
    start,
    user_task,
)
from tests.factories import open_tasks

OF_SERVICE = "incident.service"
DAMAGED = "The saved state of this process does not fit its diagram."
WAITING, DELIVERED, DISCARDED = MessageStatus


def awaiting_payment(**properties):
    """Waits for the message “paid”, then Look."""
    return bundle(*line(caught("Wait", "message", "paid", **properties), user_task("Look")))


def awaiting_payment_of_service():
    return awaiting_payment(correlationKey=OF_SERVICE, variable="receipt")


def later(*elements, process_id="small"):
    """A task called Begin, then the elements one after the other."""
    return bundle(*line(user_task("Begin"), *elements), process_id=process_id)


def stoppable(trigger="message"):
    """Look, which the message or signal “stop” interrupts; then Clear."""
    return bundle(
        *line(user_task("Look")),
        *(boundary("Stop", "Look", trigger, "stop"), user_task("Clear"), end("Stopped")),
        *(flow("Stop", "Clear"), flow("Clear", "Stopped")),
    )


def send(database, actor, name="paid", key="", payload=None, incident=None):
    with database.transaction() as session:
        return messages.send(session, name, key, payload, actor, incident=incident)


def waiting(database, actor):
    with database.reading() as session:
        return messages.find(session, actor)


def status_of(database, sent):
    with database.reading() as session:
        return session.get_one(Message, sent.message.id).status


def set_status(database, incident, status, **values):
    """As an administrator's suspension or an unforeseen error leaves it."""
    with database.transaction() as session:
        found = session.query(ProcessInstance).filter_by(incident_id=incident.id)
        found.update({"status": status, **values})


def moved_on(database, actor, *reported):
    """Which of the incidents wait at the task behind the event."""
    return [bool(open_tasks(database, incident, actor)) for incident in reported]


def alarmed():
    """Listens to the signal “alarm” beside Look, again and again; Ring sends it."""
    handler = event_subprocess(
        "OnAlarm",
        *(begun("Alarm", "signal", "alarm", interrupts=False), user_task("React"), end("Reacted")),
        *(flow("Alarm", "React"), flow("React", "Reacted")),
    )
    ring = (user_task("Ring"), ended("Rung", "signal", "alarm"), flow("Ring", "Rung"))
    return bundle(
        *(start(), gateway("Fork", "parallel"), user_task("Look"), end(), *ring, handler),
        *(flow("Reported", "Fork"), flow("Fork", "Look"), flow("Fork", "Ring")),
        flow("Look", "Done"),
    )


def reactions(database, actor, *reported):
    found = []
    for incident in reported:
        with database.reading() as session:
            waits = tasks.find(session, actor, tasks.Queue.ALL, incident_id=incident.id)
        found.append(sum(a.task.element_id == "React" for a in waits))
    return found


def failure_of(database, incident):
    with database.reading() as session:
        (instance,) = session.query(ProcessInstance).filter_by(incident_id=incident.id)
        return instance.failure if instance.status is InstanceStatus.FAILED else None
