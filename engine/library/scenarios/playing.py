"""Plays a scenario: the report and its tasks take the road that they take for everybody."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, incidents, intake, tasks
from engine.actors import Actor, Role
from engine.bpmn.progress import Awaited, Thrown
from engine.errors import Conflict, InvalidAnswers, NotAllowed, NotFound
from engine.instances import messages, writing
from engine.library.scenarios import expectations
from engine.library.scenarios.scenario import (
    Action,
    Complete,
    Receive,
    Scenario,
    Step,
    Wait,
    WaitUntil,
)
from engine.library.scenarios.stage import DIRECTOR, Stage, Unexpected
from engine.people.proofs import ByPassword
from engine.signatures import ByProof
from engine.store.tables import Incident, InstanceStatus, Message, ProcessInstance, Task

REPORTER = "Reporter"  # who reports the incident, and may be named as one who completes a task


@dataclass(frozen=True)
class Problem:
    """Where a scenario went another way than it says, and how."""

    place: str
    message: str


def play(scenario: Scenario, process_id: str, stage: Stage) -> Problem | None:
    """Do what the scenario says, up to the first thing that does not come as it should."""
    place = "report"
    try:
        incident_id = _report(scenario, process_id, stage)
        for number, step in enumerate(scenario.steps, start=1):
            place = f"step {number}, {step}"
            _take(step, incident_id, stage)
        place = "at the end"
        _look(Step(None, scenario.expect), incident_id, stage)
    except Unexpected as error:
        return Problem(place, str(error))
    except InvalidAnswers as error:
        told = " ".join(f"{key}: {message}" for key, message in error.errors.items())
        return Problem(place, f"{error} {told}")
    except (Conflict, NotAllowed, NotFound) as error:
        return Problem(place, str(error))
    return None


def _report(scenario: Scenario, process_id: str, stage: Stage) -> str:
    with stage.database.transaction() as session:
        reporter = stage.person(session, REPORTER, Role.REPORTER)
        incident = intake.report(session, process_id, scenario.report, "web", reporter)
    stage.settle()
    _require_running(stage)
    return incident.id


def _take(step: Step, incident_id: str, stage: Stage) -> None:
    if step.action is not None:
        _act(step.action, incident_id, stage)
        stage.settle()
        _require_running(stage)
    _look(step, incident_id, stage)


def _look(step: Step, incident_id: str, stage: Stage) -> None:
    with stage.database.reading() as session:
        expectations.compare(step.expect, expectations.look(session, incident_id))


def _act(action: Action, incident_id: str, stage: Stage) -> None:
    match action:
        case Complete():
            _complete(action, incident_id, stage)
        case Wait(duration):
            stage.move_to(_later(stage.clock.moment, duration))
        case WaitUntil(moment):
            if moment < stage.clock.moment:
                shown = stage.clock.moment.astimezone(moment.tzinfo).isoformat()
                raise Unexpected(f"It is {shown} already. Wait until later.")
            stage.move_to(moment)
        case Receive():
            _receive(action, incident_id, stage)


def _later(moment: datetime, duration: str) -> datetime:
    try:
        return clock.after(moment, duration)
    except ValueError as error:
        raise Unexpected(str(error)) from error


def _complete(action: Complete, incident_id: str, stage: Stage) -> None:
    with stage.database.transaction() as session:
        incident = session.get_one(Incident, incident_id)
        waiting = incidents.next_steps(session, incident, DIRECTOR)
        task = expectations.find_task(action.task, waiting)
        if task is None:
            names = expectations.listed(each.name for each in waiting)
            raise Unexpected(f"No such task is open; open is {names}.")
        group = task.candidate_group
        person = stage.person(session, action.by or group, Role.RESPONDER, group)
        signing = _signing(session, task, person)
        tasks.complete(session, task.id, action.answers, person, signing=signing)


def _signing(session: Session, task: Task, person: Actor) -> ByProof | None:
    """What a task asks for that is signed: nobody has a password here, and nobody else comes in."""
    meaning = tasks.worksheet(session, task).node.signature
    return ByProof(meaning, ByPassword(person.id or "")) if meaning else None


def _receive(action: Receive, incident_id: str, stage: Stage) -> None:
    send = _message if action.awaits is Awaited.MESSAGE else _signal
    with stage.database.transaction() as session:
        message_id = send(session, action, incident_id)
    stage.settle()
    with stage.database.reading() as session:
        if session.get_one(Message, message_id).receiver_id is None:
            key = f" with the key “{action.key}”" if action.key else ""
            raise Unexpected(f"Nothing waits for it{key}.")


def _message(session: Session, action: Receive, incident_id: str) -> str:
    sent = messages.send(
        session, action.name, action.key, action.payload, DIRECTOR, incident=incident_id
    )
    return sent.message.id


def _signal(session: Session, action: Receive, incident_id: str) -> str:
    """As if another incident had thrown it."""
    thrown = Thrown(Awaited.SIGNAL, action.name, "", action.payload)
    signal = Message(**writing.message_row(thrown, DIRECTOR.name, incident_id))
    session.add(signal)
    session.flush()
    return signal.id


def _require_running(stage: Stage) -> None:
    """A process that failed waits for an administrator, who is not here."""
    failed = select(ProcessInstance).where(ProcessInstance.status == InstanceStatus.FAILED)
    with stage.database.reading() as session:
        instance = session.scalar(failed)
    if instance is not None:
        where = instance.failed_element_id or "no element in particular"
        raise Unexpected(f"The process failed at {where}: {instance.failure}")
