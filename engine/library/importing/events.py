"""Events: each keeps what it waits for or causes where that can run, or gets the nearest."""

import re

from lxml import etree

from engine import clock
from engine.library.importing import messages, throws, tree
from engine.library.importing.activities import hand_to_person
from engine.library.importing.draft import Draft
from engine.library.importing.expressions import known, names, to_feel

_CATCHES = ("timer", "message", "signal", "conditional")
_ALLOWED = {
    "startEvent": ("none",),
    "endEvent": ("none", "message", "signal", "error", "escalation", "terminate", "cancel"),
    "intermediateCatchEvent": (*_CATCHES, "link"),
    "intermediateThrowEvent": ("none", "message", "signal", "escalation", "link"),
    "boundaryEvent": (*_CATCHES, "error", "escalation", "cancel"),
}
_IN_EVENT_SUBPROCESS = (*_CATCHES, "error", "escalation")
_UNITS = {
    "second": "PT1M", "sec": "PT1M", "minute": "PT{}M", "min": "PT{}M", "hour": "PT{}H",
    "hr": "PT{}H", "h": "PT{}H", "stunde": "PT{}H", "std": "PT{}H", "day": "P{}D", "d": "P{}D",
    "tag": "P{}D", "week": "P{}W", "wk": "P{}W", "woche": "P{}W", "month": "P{}M", "monat": "P{}M",
    "year": "P{}Y",
}  # fmt: skip
_SPOKEN = re.compile(
    r"(\d{1,4})\s*-?\s*(" + "|".join(sorted(_UNITS, key=len, reverse=True)) + r")(?:s|n|en|e)?\b",
    re.IGNORECASE,
)
_DEFAULT_DURATION = "P1D"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
_CYCLE = re.compile(r"R(\d{0,4})/(P[^/]+)")


def settle(draft: Draft) -> None:
    for event in list(draft.nodes.values()):
        if event.get("id") not in draft.nodes or not _is_event(event):
            continue
        _keep_one_definition(draft, event)
        if tree.is_a(event, "startEvent"):
            _start(draft, event)
        elif tree.trigger(event) not in _ALLOWED[tree.local(event)]:
            _replace(draft, event)
        if event.get("id") in draft.nodes:
            _complete(draft, event)
    for task in [n for n in draft.nodes.values() if tree.is_a(n, "receiveTask", "sendTask")]:
        messages.name(draft, task, task)
    throws.settle(draft)


def _is_event(node: etree._Element) -> bool:
    return tree.local(node) in (*_ALLOWED, "event", "implicitThrowEvent")


def _keep_one_definition(draft: Draft, event: etree._Element) -> None:
    if tree.is_a(event, "event", "implicitThrowEvent"):
        event.tag = tree.bpmn("intermediateThrowEvent")
    event.attrib.pop("parallelMultiple", None)
    for further in tree.event_definitions(event)[1:]:
        event.remove(further)
        draft.ask(
            "event-multiple",
            event,
            f"The event has several triggers. Only the first, {tree.trigger(event)}, was kept.",
            "Draw one event for each trigger.",
        )


def _start(draft: Draft, event: etree._Element) -> None:
    scope = tree.scope_of(event)
    was = tree.trigger(event)
    if tree.is_event_subprocess(scope):
        if was not in _IN_EVENT_SUBPROCESS:
            messages.make(draft, event, "Nothing here can set off this sub-process")
        return
    event.attrib.pop("isInterrupting", None)
    if was == "none":
        return
    for definition in tree.event_definitions(event):
        event.remove(definition)
    draft.ask(
        "start-trigger",
        event,
        f"A {was} event started the process. Here it starts when somebody reports an incident.",
        "Say what starts it: a person, the mail address or the alert of a monitor.",
    )


def _replace(draft: Draft, event: etree._Element) -> None:
    was = tree.trigger(event)
    if tree.is_a(event, "boundaryEvent"):
        if was == "compensate":
            _drop_compensation(draft, event)
        else:
            messages.make(draft, event, "This event cannot be set off here")
        return
    if tree.is_a(event, "intermediateCatchEvent"):
        for definition in tree.event_definitions(event):
            event.remove(definition)
        hand_to_person(
            draft,
            event,
            "event-replaced",
            f"Nothing here can set off this event ({was}). A person confirms that it happened.",
            "Say what the process waits for.",
        )
        return
    for definition in tree.event_definitions(event):
        event.remove(definition)
    draft.ask(
        "event-replaced",
        event,
        f"What this event does ({was}) does not run here. It does nothing now.",
        "Say what has to happen here; a task may do it.",
    )


def _drop_compensation(draft: Draft, event: etree._Element) -> None:
    draft.ask(
        "compensation-dropped",
        event,
        "Steps that undo what was done do not run by themselves here. They were left out.",
        "If they matter, draw them as a path of their own.",
    )
    draft.remove(event)


def _complete(draft: Draft, event: etree._Element) -> None:
    """Write down what the event refers to, so that it can run."""
    definitions = tree.event_definitions(event)
    if not definitions:
        return
    definition, trigger = definitions[0], tree.trigger(event)
    if trigger == "message":
        messages.name(draft, event, definition)
    elif trigger in messages.REFERENCES:
        messages.name_reference(draft, event, definition, trigger)
    elif trigger == "timer":
        _time(draft, event, definition)
    elif trigger == "conditional":
        _condition(draft, event, definition)
    elif trigger == "link" and not definition.get("name"):
        definition.set("name", tree.title(event))
    if trigger in ("error", "cancel"):
        event.attrib.pop("cancelActivity", None)


def _time(draft: Draft, event: etree._Element, definition: etree._Element) -> None:
    for child in definition:
        if tree.local(child) in ("timeDuration", "timeDate", "timeCycle"):
            if _is_time(draft, event, child):
                return
            definition.remove(child)
    found = _SPOKEN.search(tree.name(event))
    length = _UNITS[found[2].lower()].format(found[1]) if found else _DEFAULT_DURATION
    tree.set_text(definition, "timeDuration", length if _is_duration(length) else "P1D")
    guess = "as its name says" if found else "as nothing better is known"
    draft.ask(
        "timer-open",
        event,
        f"The file does not say when in a way that runs here. It became {length}, {guess}.",
        "Give the time as a duration such as PT15M or P2D.",
    )


def _is_time(draft: Draft, event: etree._Element, child: etree._Element) -> bool:
    kind, text = tree.local(child), (child.text or "").strip()
    cycles = tree.is_a(event, "boundaryEvent") and event.get("cancelActivity") == "false"
    if kind == "timeCycle" and not cycles and not tree.is_a(event, "startEvent"):
        return False
    cycle = _CYCLE.fullmatch(text)
    literal = {
        "timeDuration": _is_duration(text),
        "timeDate": _INSTANT.fullmatch(text) is not None,
        "timeCycle": cycle is not None and _is_duration(cycle[2]),
    }[kind]
    if literal:
        return True
    feel = to_feel(text, draft) if text.startswith(("=", "$", "#")) else None
    if feel is None or not names(feel) <= known(draft, tree.process_of(event)):
        return False
    child.text = feel
    return True


def _is_duration(text: str) -> bool:
    try:
        return (clock.after(clock.now(), text) - clock.now()).total_seconds() > 59
    except ValueError:
        return False


def _condition(draft: Draft, event: etree._Element, definition: etree._Element) -> None:
    feel = to_feel(tree.text(definition, "condition"), draft)
    if feel and names(feel) <= known(draft, tree.process_of(event)):
        tree.set_text(definition, "condition", feel)
    elif tree.is_a(event, "intermediateCatchEvent"):
        event.remove(definition)
        hand_to_person(
            draft,
            event,
            "event-replaced",
            "The condition that it waits for cannot be read. A person confirms that it holds.",
            "Say the condition in FEEL, or leave it to a person.",
        )
    else:
        messages.make(draft, event, "The condition that it waits for cannot be read")
