"""The processes of the simulation, as blocks: the reference runs them, and they are drawn."""

import re
from typing import Any

from tests import diagrams
from tests.conformance.blocks import (
    Boundary,
    Branch,
    Catch,
    Event,
    EventChoice,
    EventSubProcess,
    Exclusive,
    Expression,
    Parallel,
    Process,
    Repeat,
    Script,
    Sequence,
    Service,
    SubProcess,
    Task,
    Throw,
)
from tests.conformance.drawing import Drawing

KEYED = "the service of the incident"
_SERVICE = Expression("incident.service", lambda _: KEYED)
_OPERATIONS = {
    "Hold": ("incident.hold", {"reason": '"The supplier"'}),
    "Resume": ("incident.resume", {}),
    "Resolve": ("incident.resolve", {"resolution_code": '"fixed"', "resolution_notes": "note"}),
    "Close": ("incident.close", {}),
}


def _sequence(*blocks: Any) -> Sequence:
    return Sequence("seq", blocks)


def _timer(event_id: str, minutes: int, rounds: int = 1) -> Event:
    text = f"PT{minutes}M" if rounds == 1 else f"R{rounds}/PT{minutes}M"
    return Event(event_id, "timer", minutes=Expression(text, lambda _: minutes), rounds=rounds)


def _message(event_id: str, name: str, *, is_keyed: bool = True, is_task: bool = False) -> Event:
    key = _SERVICE if is_keyed else None
    return Event(event_id, "message", name, key=key, is_task=is_task, rounds=None)


def _beside(event: Event, body: Any, *, interrupts: bool = False) -> Boundary:
    return Boundary(event, interrupts, body, rejoins=interrupts)


_LATE = _beside(_timer("Late", 10), Task("Chase"))
_GONE = _beside(_timer("Gone", 30), Task("Hand"), interrupts=True)
_TICK = _beside(
    _timer("Tick", 5, rounds=3), Script("Count", (("rung", Expression("1", lambda _: 1)),))
)
_AGAIN = Expression('note = "no"', lambda seen: seen["note"] == "no")
_PAID = Throw("Pay", "message", "paid", Expression("{n: 1}", lambda _: {"n": 1}), _SERVICE)

PROCESSES = (
    Process("brief", _sequence(Task("Jot"))),
    Process("timed", _sequence(Task("Look", boundaries=(_LATE, _GONE)), Task("Check"))),
    Process(
        "parted",
        _sequence(
            Parallel(
                "Fork",
                (
                    Branch(Task("Ask")),
                    Branch(_sequence(Catch("Bill", _message("Bill", "bill")), Task("Book"))),
                    Branch(Catch("Rest", _timer("Rest", 5))),
                ),
            ),
            Service("Hold"),
            Task("Wait"),
            Service("Resume"),
        ),
    ),
    Process(
        "raced",
        _sequence(
            EventChoice(
                "Race",
                (
                    _message("Paid", "paid"),
                    _message("Called", "called", is_keyed=False, is_task=True),
                    _timer("Soon", 20),
                ),
                (Task("Thank"), Task("Answer"), Task("Remind")),
            ),
            Service("Resolve"),
            Task("Confirm"),
            Service("Close"),
        ),
    ),
    Process(
        "cycled",
        _sequence(Task("Watch", boundaries=(_TICK,)), Task("Report")),
        (EventSubProcess("Stops", _message("Stop", "stop", is_keyed=False), True, Task("Clear")),),
    ),
    Process(
        "paying",
        _sequence(
            Repeat("Tries", Task("Prepare"), _AGAIN, 3),
            _PAID,
            SubProcess(
                "Part",
                _sequence(Task("Pack"), Catch("Called", _message("Called", "called"))),
                boundaries=(_beside(_timer("Over", 15), _sequence(), interrupts=True),),
            ),
            Exclusive("Sad", (Branch(Task("Cheer"), _AGAIN), Branch(_sequence(), is_default=True))),
        ),
    ),
)
BY_ID = {process.id: process for process in PROCESSES}


def bundle(process: Process, version: int = 1) -> dict[str, bytes]:
    """What is deployed; further versions are drawn alike."""
    drawn = Drawing().scope(process).replace('Ref="message_', 'Ref="')
    drawn = re.sub(r'<bpmn:userTask id="(\w+)">.*?</bpmn:userTask>', _user_task, drawn)
    drawn = re.sub(r'<bpmn:serviceTask id="(\w+)">.*?</bpmn:serviceTask>', _service_task, drawn)
    extra = {f"version{version}": diagrams.NOTE_FORM}
    return diagrams.bundle(drawn, process_id=process.id, forms=extra)


def _user_task(found: re.Match[str]) -> str:
    return diagrams.user_task(found[1])


def _service_task(found: re.Match[str]) -> str:
    operation, parameters = _OPERATIONS[found[1]]
    quoted = {name: value.replace('"', "&quot;") for name, value in parameters.items()}
    return diagrams.service_task(found[1], operation, **quoted)
