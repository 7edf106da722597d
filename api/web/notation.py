"""What an element of a diagram does, in words for the page that lists them."""

from collections.abc import Iterator
from dataclasses import dataclass

from api.web import words
from engine.bpmn.diagram import Kind, Loop, Node, Repeat, TimerText, Trigger


@dataclass(frozen=True)
class Saying:
    """A sentence, and the expression that it is about."""

    text: str
    code: str = ""


_WAITS = (Kind.START, Kind.CATCH, Kind.BOUNDARY, Kind.RECEIVE_TASK)
_ENDS = {
    Trigger.TERMINATE: "Ends everything that is still open",
    Trigger.CANCEL: "Cancels the part around it",
}


def does(node: Node) -> list[Saying]:
    """Everything besides its form, decision or operation."""
    return [*_event(node), *_around(node), *_loop(node.loop), *_work(node)]


def _event(node: Node) -> Iterator[Saying]:
    event = node.event
    if event.trigger in _ENDS:
        yield Saying(_ENDS[event.trigger])
    elif event.timer:
        yield Saying(_when(event.timer), event.timer.text)
    elif event.condition:
        yield Saying("When this becomes true:", event.condition)
    elif event.trigger is not Trigger.NONE:
        verb = "Waits for" if node.kind in _WAITS else "Sends"
        yield Saying(f"{verb} the {event.trigger} “{event.name or 'any'}”")


def _around(node: Node) -> Iterator[Saying]:
    if node.attached_to:
        yield Saying("The task then ends." if node.interrupts else "The task goes on beside it.")
    if node.kind is Kind.START and not node.interrupts:
        yield Saying("What is around it goes on.")
    if node.correlation_key:
        yield Saying("Meant for the one whose key is:", node.correlation_key)
    if node.payload:
        yield Saying("With:", node.payload)


def _when(timer: TimerText) -> str:
    length = words.duration(timer.text)
    if length != timer.text:
        return f"After {length}"
    return "Again and again:" if timer.kind == "timeCycle" else "At this time:"


def _loop(loop: Loop | None) -> Iterator[Saying]:
    if loop is None:
        return
    if loop.repeat is Repeat.LOOP:
        yield Saying("Again as long as:", loop.condition or "true")
    else:
        order = "one after the other" if loop.repeat is Repeat.SEQUENTIAL else "all at once"
        yield Saying(f"For each of these, {order}:", loop.collection or loop.cardinality or "")
    if loop.completion_condition:
        yield Saying("Until:", loop.completion_condition)


def _work(node: Node) -> Iterator[Saying]:
    if node.script:
        yield Saying("Sets:", node.script)
    if node.called_process:
        yield Saying(f"Runs the process “{words.humane(node.called_process)}”")
    if node.is_event_subprocess:
        yield Saying("Lies ready as long as the part around it runs.")
