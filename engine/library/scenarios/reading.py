"""Scenario file (JSON) -> scenario; what means nothing is refused with its place in the file."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine import clock
from engine.bpmn.progress import Awaited
from engine.errors import InvalidDocument
from engine.library.scenarios.scenario import (
    Action,
    Complete,
    Expectation,
    Receive,
    Scenario,
    Step,
    Wait,
    WaitUntil,
)
from engine.operations import READABLE

FACTS = (*READABLE, "phase")  # of an incident, in an expectation

_Entry = Mapping[str, Any]
_SCENARIO = ("title", "process", "start_at", "report", "steps", "expect")
# What a step does -> what more it may say.
_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "complete": ("answers", "by"),
    "wait": (),
    "wait_until": (),
    "message": ("key", "payload"),
    "signal": ("payload",),
}
_EXPECTATION = ("open", "due", "incident", "data", "path", "ended")


def read(content: bytes, path: str) -> Scenario:
    """Read a scenario; ``InvalidDocument`` says where it is wrong, and what to write instead."""
    try:
        parsed = json.loads(content, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise InvalidDocument(f"This is not JSON: {error}.") from error
    entry = _entry(parsed, "scenario", _SCENARIO)
    steps = _list(entry.get("steps", []), "steps")
    return Scenario(
        path=path,
        title=_text(entry.get("title"), "title"),
        process_id=_text(entry["process"], "process") if "process" in entry else None,
        start_at=_moment(entry.get("start_at"), "start_at"),
        report=_object(entry.get("report"), "report"),
        steps=tuple(_step(step, f"step {number}") for number, step in enumerate(steps, start=1)),
        expect=_expectation(entry.get("expect", {}), "expect"),
    )


def _step(step: object, place: str) -> Step:
    entry = _object(step, place)
    found = [name for name in _ACTIONS if name in entry]
    if len(found) > 1 or not (found or "expect" in entry):
        raise _wrong(place, f"Give it one of: {', '.join(_ACTIONS)}; or only expect.")
    known = (found[0], *_ACTIONS[found[0]]) if found else ()
    _entry(entry, place, (*known, "expect"))
    action = _action(found[0], entry, place) if found else None
    return Step(action, _expectation(entry.get("expect", {}), f"{place}, expect"))


def _action(name: str, entry: _Entry, place: str) -> Action:
    place = f"{place}, {name}"
    match name:
        case "complete":
            answers = _object(entry.get("answers", {}), f"{place}, answers")
            by = _text(entry["by"], f"{place}, by") if "by" in entry else ""
            return Complete(_text(entry[name], place), answers, by)
        case "wait":
            return Wait(_duration(entry[name], place))
        case "wait_until":
            return WaitUntil(_moment(entry[name], place))
    key = _text(entry["key"], f"{place}, key") if "key" in entry else ""
    return Receive(Awaited(name), _text(entry[name], place), key, entry.get("payload"))


def _expectation(value: object, place: str) -> Expectation:
    entry = _entry(value, place, _EXPECTATION)
    due = _object(entry.get("due", {}), f"{place}, due")
    waiting = entry.get("open")
    return Expectation(
        open=None if waiting is None else _texts(waiting, f"{place}, open"),
        due={task: _moment(moment, f"{place}, due, {task}") for task, moment in due.items()},
        incident=_entry(entry.get("incident", {}), f"{place}, incident", FACTS),
        data=_object(entry.get("data", {}), f"{place}, data"),
        path=_texts(entry.get("path", []), f"{place}, path"),
        ended=_text(entry["ended"], f"{place}, ended") if "ended" in entry else None,
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; JSON would let the last of two entries of one name win, in silence."""
    names = [name for name, _ in pairs]
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        raise ValueError(f"“{doubles[0]}” stands twice in one object")
    return dict(pairs)


def _entry(value: object, place: str, known: tuple[str, ...]) -> _Entry:
    entry = _object(value, place)
    for name in entry:
        if name not in known:
            raise _wrong(place, f"“{name}” means nothing here. Use: {', '.join(known)}.")
    return entry


def _object(value: object, place: str) -> _Entry:
    if not isinstance(value, dict):
        raise _wrong(place, 'Write an object, as in { "name": "value" }.')
    return value


def _list(value: object, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong(place, "Write a list, in square brackets.")
    return value


def _texts(value: object, place: str) -> tuple[str, ...]:
    return tuple(_text(each, place) for each in _list(value, place))


def _text(value: object, place: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _wrong(place, "Write a text, in quotes.")
    return value


def _duration(value: object, place: str) -> str:
    text = _text(value, place)
    try:
        clock.after(clock.now(), text)
    except ValueError as error:
        raise _wrong(place, str(error)) from error
    return text


def _moment(value: object, place: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(value, place))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _wrong(place, "Write a moment with its zone, such as 2026-03-02T09:00:00+01:00.")
    return moment


def _wrong(place: str, message: str) -> InvalidDocument:
    return InvalidDocument(f"{place}: {message}")
