"""The only two questions about permission; both say no unless a rule says yes."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVarTuple

from sqlalchemy import Select, false

from engine.actors import EVERYWHERE, Actor, Role
from engine.errors import NotAllowed
from engine.store.tables import Incident, Task

Ts = TypeVarTuple("Ts")  # the columns of a query


class Action(StrEnum):
    REPORT_INCIDENT = "report an incident"
    READ_INCIDENT = "see this incident"
    CORRECT_INCIDENT = "correct this incident"
    USE_INBOX = "work from the inbox"
    READ_TASK = "see this task"
    WORK_TASK = "work on this task"
    READ_PROCESS = "see the process library"
    EDIT_PROCESS = "edit or deploy a process"
    READ_AUDIT = "read the audit trace"
    CONTROL_PROCESS = "take the process of an incident in hand"
    MIGRATE_PROCESS = "move incidents to another version of their process"
    SEND_MESSAGE = "send a message to a process"
    READ_MESSAGES = "see messages between processes"
    DISCARD_MESSAGE = "discard a message"
    LOOK_AFTER = "look after this installation"
    RETRY_JOB = "try a job again"
    READ_METRICS = "read the figures of this installation"


_WORKERS = (Role.RESPONDER, Role.INCIDENT_MANAGER)
_SEES_ALL = (*_WORKERS, Role.PROCESS_OWNER, Role.AUDITOR, Role.ADMINISTRATOR)
_OVERSEERS = (Role.INCIDENT_MANAGER, Role.PROCESS_OWNER, Role.AUDITOR, Role.ADMINISTRATOR)


def require(actor: Actor, action: Action, thing: Incident | Task | None = None) -> None:
    """Raise ``NotAllowed`` unless ``actor`` may do ``action`` (to ``thing``, if about one)."""
    if not may(actor, action, thing):
        raise NotAllowed(f"You may not {action}.")


def may(actor: Actor, action: Action, thing: Incident | Task | None = None) -> bool:
    """The same question, for a page that leaves out what cannot be done."""
    rule = _RULES.get(action)
    return rule is not None and rule(actor, thing)


def visible(query: Select[*Ts], actor: Actor, action: Action) -> Select[*Ts]:
    """Narrow a query over incidents or tasks to what ``actor`` may see."""
    if action is Action.READ_INCIDENT:
        return _visible_incidents(query, actor)
    if action is Action.READ_TASK:
        return _visible_tasks(query, actor)
    return query.where(false())


def _visible_incidents(query: Select[*Ts], actor: Actor) -> Select[*Ts]:
    if actor.has(*_SEES_ALL):
        return query
    if actor.has(Role.REPORTER):
        return query.where(Incident.reporter_id == actor.id)
    return query.where(false())


def _visible_tasks(query: Select[*Ts], actor: Actor) -> Select[*Ts]:
    groups = actor.groups_as(*_WORKERS)
    if actor.has(*_OVERSEERS) or EVERYWHERE in groups:
        return query
    return query.where(Task.candidate_group.in_(groups))


def _has(*roles: Role) -> Callable[[Actor, Incident | Task | None], bool]:
    return lambda actor, _: actor.has(*roles)


def _may_read_incident(actor: Actor, thing: Incident | Task | None) -> bool:
    if actor.has(*_SEES_ALL):
        return True
    is_own = isinstance(thing, Incident) and thing.reporter_id == actor.id
    return is_own and actor.has(Role.REPORTER)


def _may_work_task(actor: Actor, thing: Incident | Task | None) -> bool:
    groups = actor.groups_as(*_WORKERS)
    return isinstance(thing, Task) and bool({EVERYWHERE, thing.candidate_group} & groups)


def _may_read_task(actor: Actor, thing: Incident | Task | None) -> bool:
    return actor.has(*_OVERSEERS) or _may_work_task(actor, thing)


_RULES: dict[Action, Callable[[Actor, Incident | Task | None], bool]] = {
    Action.REPORT_INCIDENT: _has(Role.REPORTER, *_WORKERS),
    Action.READ_INCIDENT: _may_read_incident,
    Action.CORRECT_INCIDENT: _has(*_WORKERS),
    Action.USE_INBOX: _has(*_WORKERS),
    Action.READ_TASK: _may_read_task,
    Action.WORK_TASK: _may_work_task,
    Action.READ_PROCESS: _has(*_SEES_ALL),
    Action.EDIT_PROCESS: _has(Role.PROCESS_OWNER),
    Action.READ_AUDIT: _has(*_OVERSEERS),
    Action.CONTROL_PROCESS: _has(Role.INCIDENT_MANAGER, Role.ADMINISTRATOR),
    Action.MIGRATE_PROCESS: _has(Role.PROCESS_OWNER, Role.ADMINISTRATOR),
    Action.SEND_MESSAGE: _has(*_WORKERS, Role.ADMINISTRATOR),
    Action.READ_MESSAGES: _has(Role.INCIDENT_MANAGER, Role.AUDITOR, Role.ADMINISTRATOR),
    Action.DISCARD_MESSAGE: _has(Role.INCIDENT_MANAGER, Role.ADMINISTRATOR),
    Action.LOOK_AFTER: _has(Role.INCIDENT_MANAGER, Role.AUDITOR, Role.ADMINISTRATOR),
    Action.RETRY_JOB: _has(Role.ADMINISTRATOR),
    Action.READ_METRICS: _has(Role.AUDITOR, Role.ADMINISTRATOR),
}
