"""The story of an incident in people's words, told from its audit entries."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from api.web import words
from engine.bpmn.diagram import Kind
from engine.forms import Form
from engine.history import Event
from engine.store.tables import AuditEntry

_SENTENCES: Mapping[str, str] = {
    Event.INCIDENT_REPORTED: "{who} reported the incident",
    Event.INCIDENT_CORRECTED: "{who} corrected the report",
    Event.EXCEPTION_ASKED: "{who} asked for an exception",
    Event.EXCEPTION_GRANTED: "{who} granted an exception to {name}",
    Event.TASK_DELEGATED: "{who} gave “{element}” to {name}",
    Event.ATTACHMENT_ADDED: "{who} added the file “{name}”",
    Event.ATTACHMENT_WITHDRAWN: "{who} withdrew the file “{name}”: {reason}",
    Event.RELATION_ADDED: "{who} noted: {side} {other}",
    Event.RELATION_WITHDRAWN: "{who} withdrew “{side} {other}”: {reason}",
    Event.REFERENCE_ADDED: "{who} referred to the {kind} {reference} in {system}",
    Event.REFERENCE_WITHDRAWN: "{who} withdrew the {kind} {reference} in {system}: {reason}",
    Event.ROLE_TAKEN_OVER: "{who} took over as {role}",
    Event.ROLE_HANDED_OVER: "{who} made {name} the {role}",
    Event.ROLE_RENOUNCED: "{who} is the {role} no more",
    Event.WATCHER_ADDED: "{name} follows the incident",
    Event.WATCHER_REMOVED: "{name} follows the incident no more",
    Event.PARTNER_INVITED: "{who} let {name} do “{element}” by a link",
    Event.PARTNER_LINK_WITHDRAWN: "{who} withdrew the link of {name} to “{element}”",
    Event.INCIDENT_RESTRICTED: "{who} said who needs to know",
    Event.REPORT_REPEATED: "{who} reported it again",
    Event.SOURCE_RECOVERED: "{who} says that it is over",
    Event.PROCESS_COMPLETED: "Every step is done",
    Event.PROCESS_FAILED: "The process stopped: {message}",
    Event.PROCESS_SUSPENDED: "{who} put the process on hold",
    Event.PROCESS_RESUMED: "{who} let the process go on",
    Event.PROCESS_CANCELLED: "{who} cancelled the incident and its process",
    Event.PROCESS_RETRIED: "{who} tried again: {step}",
    Event.TIMER_MOVED: "{who} moved the timer {element}",
    Event.PROCESS_MOVED: "{who} ended {withdrawn} and started {started}",
    Event.PROCESS_MIGRATED: "{who} moved the process to version {to_version}",
    Event.MESSAGE_RECEIVED: "{sender} sent “{name}”",
    Event.SIGNAL_RECEIVED: "{sender} signalled “{name}”",
    Event.TIMER_FIRED: "Time ran out: {element}",
    Event.CLOCK_CHANGED: "{clock} has no target: {problem}",
    Event.CLOCK_WARNED: "{clock}: {percentage} % of the time is used up",
    Event.CLOCK_BREACHED: "{clock}: the time has run out",
    Event.TASK_OPENED: "{group} has a task: {element}",
    Event.TASK_CLAIMED: "{who} took “{element}”",
    Event.TASK_RELEASED: "{who} gave “{element}” back",
    Event.TASK_COMPLETED: "{who} completed “{element}”",
    Event.TASK_SIGNED: "{who} signed “{element}”: {meaning}",
    Event.TASK_CANCELLED: "No longer needed: {element}",
}
_AUTOMATIC: Mapping[str, str] = {
    Kind.SERVICE_TASK: "{element}",
    Kind.DECISION_TASK: "{element}, by decision table",
    Kind.SCRIPT_TASK: "{element}, by calculation",
    Kind.SUBPROCESS: "“{element}” is done",
    Kind.TRANSACTION: "“{element}” is done",
    Kind.CALL: "“{element}” is done, by another process",
    Kind.THROW: "Reached: {element}",
    Kind.EXCLUSIVE: "{element} {taken}",
    Kind.INCLUSIVE: "{element} {taken}",
}
# What an element of any kind did besides, or instead; the first that its entry tells of counts.
_SPECIAL: Mapping[str, str] = {
    "error": "“{element}” ended with an error {error}",
    "escalation": "“{element}” raised an escalation {escalation}",
    "cancel": "“{element}” cancelled the part around it",
    "thrown": "{element}: sent {thrown}",
    "iterations": "“{element}” is done; rounds: {rounds}",
}
_CHOICES = (Kind.EXCLUSIVE, Kind.INCLUSIVE)
_QUIET = (
    *(Event.TASK_OPENED, Event.TASK_CLAIMED, Event.TASK_RELEASED, Event.TASK_CANCELLED),
    *(Event.WATCHER_ADDED, Event.WATCHER_REMOVED),
)
_MARKS: Mapping[str, str] = {
    Event.TIMER_FIRED: "timer",
    Event.CLOCK_WARNED: "timer",
    Event.CLOCK_BREACHED: "failed",
    Event.PROCESS_FAILED: "failed",
    Event.ELEMENT_COMPLETED: "automatic",
}
# Fields whose codes say enough; the labels of their questions explain at length.
_CODES = ("status", "impact", "urgency")
_KNOWN_BY_THE_LINE = ("resolved_at", "closed_at")  # its time says the same


@dataclass(frozen=True)
class Change:
    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Line:
    """One thing that happened."""

    entry: AuditEntry
    sentence: str
    changes: list[Change]  # of the incident's own fields
    answers: list[Change]  # to the questions of a form
    mark: str
    is_quiet: bool
    reason: str  # of a deviation; empty for what the process did by its diagram


def tell(
    entries: Iterable[AuditEntry],
    asked: Mapping[str, Form],
    related: Mapping[str, str],
) -> list[Line]:
    """A line for each entry that says something to people.

    ``asked`` is ``incidents.questions``; ``related`` has the number of each related incident that
    the reader may see, by the id of the relation.
    """
    known = words.labels(asked)
    story = list(entries)
    return [
        _line(entry, sentence, asked, known)
        for entry, following in zip_longest(story, story[1:])
        if (sentence := _sentence(entry, related)) is not None and not _is_implied(entry, following)
    ]


def decided(lines: Iterable[Line]) -> list[Line]:
    """What people have answered so far."""
    return [line for line in lines if line.answers]


def held(entries: Iterable[AuditEntry]) -> AuditEntry | None:
    """The entry that says since when a process is on hold, by whom and why."""
    found = [entry for entry in entries if entry.event == Event.PROCESS_SUSPENDED]
    return found[-1] if found else None


def _sentence(entry: AuditEntry, related: Mapping[str, str]) -> str | None:
    """``None`` for what only the engine cares about: starts, ends, joining paths."""
    pattern = _pattern(entry)
    if pattern is None:
        return None
    return pattern.format(
        who=entry.actor_name,
        element=entry.element_name,
        group=entry.detail.get("candidate_group"),
        message=entry.detail.get("message"),
        meaning=entry.detail.get("meaning"),
        reason=entry.detail.get("reason"),
        clock=entry.detail.get("clock"),
        percentage=entry.detail.get("percentage"),
        problem=entry.detail.get("problem"),
        taken=words.humane(str(entry.detail.get("taken"))),
        sender=entry.detail.get("sent_by"),
        name=entry.detail.get("name"),
        step=entry.element_name or "the process",
        withdrawn=_quoted(entry.detail.get("withdrawn", ())),
        started=_quoted(entry.detail.get("started", ())),
        to_version=entry.detail.get("to_version"),
        side=words.humane(str(entry.detail.get("side"))),
        other=related.get(entry.detail.get("relation_id", ""), "another incident"),
        kind=entry.detail.get("kind"),
        system=entry.detail.get("system"),
        reference=entry.detail.get("reference"),
        role=entry.detail.get("role"),
        rounds=entry.detail.get("completed", entry.detail.get("iterations")),
        **{name: _named(entry.detail.get(name)) for name in ("error", "escalation", "thrown")},
    ).strip()


def _pattern(entry: AuditEntry) -> str | None:
    if entry.event == Event.ELEMENT_COMPLETED:
        return _automatic(entry.detail)
    if entry.event == Event.CLOCK_CHANGED and "problem" not in entry.detail:
        return None  # its panel says how it stands, and why
    return _SENTENCES.get(entry.event)


def _automatic(detail: Mapping[str, Any]) -> str | None:
    """What an element did that nobody had to do."""
    for name, pattern in _SPECIAL.items():
        if name in detail:
            return pattern
    kind = detail.get("kind", "")
    if kind in _CHOICES and "taken" not in detail:
        return None
    return _AUTOMATIC.get(kind)


def _named(code: str | None) -> str:
    """What was thrown; an error or escalation may be without a code."""
    return f"“{code}”" if code else ""


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)


def _is_implied(entry: AuditEntry, following: AuditEntry | None) -> bool:
    """Taking a task says nothing when the same moment completes it."""
    return (
        entry.event == Event.TASK_CLAIMED
        and following is not None
        and (following.event, following.task_id) == (Event.TASK_COMPLETED, entry.task_id)
        and following.at == entry.at
    )


def _line(
    entry: AuditEntry,
    sentence: str,
    asked: Mapping[str, Form],
    known: Mapping[str, Mapping[str, str]],
) -> Line:
    is_answer = entry.event == Event.TASK_COMPLETED
    form = asked.get(entry.element_id or "")
    is_report = entry.event == Event.INCIDENT_REPORTED
    is_deviation = words.is_deviation(entry.event)
    return Line(
        entry=entry,
        sentence=sentence,
        changes=[] if is_answer or is_report else list(_changes(entry.changes, known)),
        answers=list(_answers(entry.changes, form)) if is_answer and form else [],
        mark="deviation" if is_deviation else _MARKS.get(entry.event, "person"),
        is_quiet=entry.event in _QUIET,
        reason=entry.detail["reason"] if is_deviation else "",
    )


def _changes(
    changes: Mapping[str, Any], known: Mapping[str, Mapping[str, str]]
) -> Iterator[Change]:
    for key, (old, new) in changes.items():
        if key not in _KNOWN_BY_THE_LINE:
            yield Change(words.field_name(key), _value(key, old, known), _value(key, new, known))


def _answers(changes: Mapping[str, Any], form: Form) -> Iterator[Change]:
    """In the order in which the form asks; what was left empty is left out."""
    for field in form.inputs:
        old, new = changes.get(field.key, (None, None))
        if new is not None:
            options = dict(field.options)
            label = options.get(str(new)) or words.shown(new)
            yield Change(field.label, options.get(str(old), ""), label)


def _value(key: str, value: Any, known: Mapping[str, Mapping[str, str]]) -> str:
    if key in _CODES and value:
        return words.humane(str(value))
    return known.get(key, {}).get(str(value)) or words.shown(value)
