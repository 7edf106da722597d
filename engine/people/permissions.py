"""The only two questions about permission; both say no unless a rule says yes."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Select, false, or_, select

from engine.actors import CUSTOMERS, EVERYWHERE, Actor, Role
from engine.errors import NotAllowed
from engine.store.tables import Attachment, Incident, IncidentReader, Organisation, Task, table_of

Ts = TypeVarTuple("Ts")  # the columns of a query
Thing = Incident | Task | Organisation | Attachment


class Action(StrEnum):
    REPORT_INCIDENT = "report an incident"
    READ_INCIDENT = "see this incident"
    READ_INSIDE = "see what is internal about this incident"
    RESTRICT_INCIDENT = "say who needs to know of this incident"
    CORRECT_INCIDENT = "correct this incident"
    RELATE_INCIDENT = "say what this incident belongs together with"
    LEAD_INCIDENT = "lead this incident"
    WATCH_INCIDENT = "follow this incident"
    ADD_FILE = "add a file to this incident"
    WITHDRAW_FILE = "withdraw this file"
    USE_INBOX = "work from the inbox"
    READ_EVERY_QUEUE = "see the queues of every group"
    READ_TASK = "see this task"
    WORK_TASK = "work on this task"
    DELEGATE_TASK = "give this task to somebody"
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
    BREAK_GLASS = "ask for an exception, or grant one"
    MANAGE_PEOPLE = "manage people"
    MANAGE_ORGANISATION = "manage the people of this organisation"
    MANAGE_TOKENS = "make API tokens for others"
    KEEP_DIRECTORY = "keep people and groups by SCIM"
    READ_SECURITY_LOG = "read the security log"


_WORKERS = (Role.RESPONDER, Role.INCIDENT_MANAGER)
_SEES_ALL = (*_WORKERS, Role.PROCESS_OWNER, Role.AUDITOR, Role.ADMINISTRATOR)
_OVERSEERS = (Role.INCIDENT_MANAGER, Role.PROCESS_OWNER, Role.AUDITOR, Role.ADMINISTRATOR)

_all_incidents = table_of(Incident).alias()  # beside those that a query is about


def require(
    actor: Actor, action: Action, thing: Thing | None = None, *, of: Incident | None = None
) -> None:
    """Raise ``NotAllowed`` with the reason unless ``actor`` may do ``action``, as in ``may``."""
    if not may(actor, action, thing, of=of):
        raise NotAllowed(f"You may not {action}. {why_not(actor, action, thing, of=of)}")


def may(
    actor: Actor, action: Action, thing: Thing | None = None, *, of: Incident | None = None
) -> bool:
    """Whether ``actor`` may do ``action``, to ``thing`` if about one, a task ``of`` an incident."""
    if actor.only_task is not None:
        is_theirs = isinstance(thing, Task) and thing.id == actor.only_task
        return is_theirs and action in (Action.READ_TASK, Action.WORK_TASK)
    incident = thing if isinstance(thing, Incident) else of
    if incident is not None and not knows(actor, incident):
        return False
    rule = _RULES.get(action)
    return rule is not None and rule.holds(actor, thing, of)


def why_not(
    actor: Actor, action: Action, thing: Thing | None = None, *, of: Incident | None = None
) -> str:
    """Why somebody may not, in a sentence that says what it takes."""
    rule = _RULES.get(action)
    return rule.takes(actor, thing, of) if rule else "Nobody may do that."


def visible(
    query: Select[*Ts], actor: Actor, action: Action, *, group: str | None = None
) -> Select[*Ts]:
    """Narrow a query over incidents, or tasks (of one group, if need be), to what one may see."""
    if action is Action.READ_INCIDENT:
        return query.where(_visible_incidents(actor))
    if action is Action.READ_TASK:
        known = Task.incident_id.not_in(_hidden_from(actor))
        return query.where(known, *_visible_groups(actor, group))
    return query.where(false())


def knows(actor: Actor, incident: Incident) -> bool:
    """Whether a restriction leaves an incident open to ``actor``."""
    return not incident.is_restricted or actor.id in incident.readers


def _visible_incidents(actor: Actor) -> ColumnElement[bool]:
    known = Incident.is_restricted.is_(False) | Incident.id.in_(_known_to(actor))
    if actor.has(*_SEES_ALL):
        return known
    seen: list[ColumnElement[bool]] = []
    if actor.has(Role.REPORTER):
        seen.append(Incident.reporter_id == actor.id)
    seen += [Incident.organisation_id == one for one in sorted(_customer_of(actor))]
    return known & or_(false(), *seen)


def _visible_groups(actor: Actor, group: str | None) -> list[ColumnElement[bool]]:
    sees_all = may(actor, Action.READ_EVERY_QUEUE)
    groups = actor.groups_as(*_WORKERS)
    if group is not None:
        return [Task.candidate_group == group if sees_all or group in groups else false()]
    return [] if sees_all else [Task.candidate_group.in_(groups)]


def _known_to(actor: Actor) -> Select[str]:
    """Restricted incidents that an actor needs to know of."""
    return select(IncidentReader.incident_id).where(IncidentReader.person_id == actor.id)


def _hidden_from(actor: Actor) -> Select[str]:
    """The other restricted ones: few, and asked for once a query."""
    restricted = _all_incidents.c.is_restricted
    return select(_all_incidents.c.id).where(
        restricted, _all_incidents.c.id.not_in(_known_to(actor))
    )


def _customer_of(actor: Actor) -> frozenset[str]:
    return actor.organisations_as(*CUSTOMERS)


@dataclass(frozen=True)
class _Rule:
    holds: Callable[[Actor, Thing | None, Incident | None], bool]
    takes: Callable[[Actor, Thing | None, Incident | None], str]


def _has(*roles: Role) -> _Rule:
    """Whoever has one of the roles."""
    return _Rule(lambda actor, _, __: actor.has(*roles), lambda *_: _takes(*roles))


def _takes(*roles: Role) -> str:
    names = [role.replace("_", " ") for role in roles]
    return f"It takes the role {' or '.join(names)}."


def _may_report(actor: Actor, _: Thing | None, __: Incident | None) -> bool:
    return actor.has(Role.REPORTER, *_WORKERS) or bool(_customer_of(actor))


def _may_read_incident(actor: Actor, thing: Thing | None, _: Incident | None) -> bool:
    if not isinstance(thing, Incident):
        return False
    return actor.has(*_SEES_ALL) or _is_theirs(actor, thing)


def _is_theirs(actor: Actor, incident: Incident) -> bool:
    is_own = actor.has(Role.REPORTER) and incident.reporter_id == actor.id
    return is_own or incident.organisation_id in _customer_of(actor)


def _may_read_inside(actor: Actor, thing: Thing | None, of: Incident | None) -> bool:
    """Reporters among our own people see it all; a customer sees the public side."""
    own = actor.has(Role.REPORTER, *_SEES_ALL)
    return own and _may_read_incident(actor, thing, of)


def _may_add_file(actor: Actor, thing: Thing | None, of: Incident | None) -> bool:
    """Whoever sees it, but for those of us who only look."""
    if actor.has(*_WORKERS, Role.ADMINISTRATOR):
        return _may_read_incident(actor, thing, of)
    return isinstance(thing, Incident) and _is_theirs(actor, thing)


def _may_withdraw(actor: Actor, thing: Thing | None, of: Incident | None) -> bool:
    if not isinstance(thing, Attachment) or not _may_read_incident(actor, of, None):
        return False
    return actor.has(Role.INCIDENT_MANAGER) or actor.id == thing.added_by_id is not None


def _may_read_every_queue(actor: Actor, _: Thing | None, __: Incident | None) -> bool:
    return actor.has(*_OVERSEERS) or EVERYWHERE in actor.groups_as(*_WORKERS)


def _may_work_task(actor: Actor, thing: Thing | None, of: Incident | None) -> bool:
    if not isinstance(thing, Task) or of is None:
        return False  # nobody knows whether its incident is restricted
    return bool({EVERYWHERE, thing.candidate_group} & actor.groups_as(*_WORKERS))


def _may_delegate(actor: Actor, thing: Thing | None, of: Incident | None) -> bool:
    """Whoever has it hands it on; an incident manager assigns any."""
    if actor.has(Role.INCIDENT_MANAGER):
        return isinstance(thing, Task) and of is not None
    has_it = isinstance(thing, Task) and thing.assignee_id == actor.id
    return has_it and _may_work_task(actor, thing, of)


def _may_read_task(actor: Actor, thing: Thing | None, of: Incident | None) -> bool:
    if not isinstance(thing, Task) or of is None:
        return False  # nobody knows whether its incident is restricted
    return actor.has(*_OVERSEERS) or _may_work_task(actor, thing, of)


def _may_manage(actor: Actor, thing: Thing | None, _: Incident | None) -> bool:
    if actor.has(Role.ADMINISTRATOR):
        return True
    managed = actor.organisations_as(Role.CUSTOMER_ADMINISTRATOR)
    return isinstance(thing, Organisation) and thing.id in managed


def _takes_to_see(actor: Actor, thing: Thing | None, of: Incident | None) -> str:
    incident = thing if isinstance(thing, Incident) else of
    if incident is not None and not knows(actor, incident):
        return "It is restricted to the people on its list."
    if isinstance(thing, Task):
        return f"It is for the group “{thing.candidate_group}”; {_in_words(actor)}."
    return _takes(Role.REPORTER, *_SEES_ALL)


def _in_words(actor: Actor) -> str:
    groups = sorted(actor.groups_as(*_WORKERS))
    return (
        f"you work for {', '.join(f'“{group}”' for group in groups)}"
        if groups
        else ("you work for none")
    )


_RULES: dict[Action, _Rule] = {
    Action.REPORT_INCIDENT: _Rule(
        _may_report, lambda *_: _takes(Role.REPORTER, *_WORKERS, *CUSTOMERS)
    ),
    Action.READ_INCIDENT: _Rule(_may_read_incident, _takes_to_see),
    Action.READ_INSIDE: _Rule(_may_read_inside, _takes_to_see),
    Action.RESTRICT_INCIDENT: _has(Role.INCIDENT_MANAGER, Role.ADMINISTRATOR),
    Action.CORRECT_INCIDENT: _has(*_WORKERS),
    Action.RELATE_INCIDENT: _has(*_WORKERS, Role.ADMINISTRATOR),
    Action.LEAD_INCIDENT: _has(*_WORKERS),
    Action.WATCH_INCIDENT: _Rule(_may_read_incident, _takes_to_see),
    Action.ADD_FILE: _Rule(
        _may_add_file, lambda *_: _takes(*_WORKERS, Role.ADMINISTRATOR, Role.REPORTER)
    ),
    Action.WITHDRAW_FILE: _Rule(
        _may_withdraw, lambda *_: "It takes who added it, or an incident manager."
    ),
    Action.USE_INBOX: _has(*_WORKERS),
    Action.READ_EVERY_QUEUE: _Rule(_may_read_every_queue, lambda *_: _takes(*_OVERSEERS)),
    Action.READ_TASK: _Rule(_may_read_task, _takes_to_see),
    Action.WORK_TASK: _Rule(_may_work_task, _takes_to_see),
    Action.DELEGATE_TASK: _Rule(
        _may_delegate, lambda *_: "It takes its assignee or an incident manager."
    ),
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
    Action.BREAK_GLASS: _has(Role.INCIDENT_MANAGER, Role.ADMINISTRATOR),
    Action.MANAGE_PEOPLE: _has(Role.ADMINISTRATOR),
    Action.MANAGE_ORGANISATION: _Rule(
        _may_manage, lambda *_: _takes(Role.ADMINISTRATOR, Role.CUSTOMER_ADMINISTRATOR)
    ),
    Action.MANAGE_TOKENS: _has(Role.ADMINISTRATOR),
    Action.KEEP_DIRECTORY: _Rule(
        lambda actor, *_: actor.is_directory,
        lambda *_: "It takes an API token with the scope “scim”.",
    ),
    Action.READ_SECURITY_LOG: _has(Role.AUDITOR, Role.ADMINISTRATOR),
}
