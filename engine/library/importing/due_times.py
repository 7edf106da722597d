"""Due times of a file in our own notation: what it does not say enough about is left out."""

from lxml import etree

from engine import clock
from engine.bpmn.lint.timers import SHORTEST, is_expression
from engine.library.importing import dialect, tree
from engine.library.importing.draft import Draft
from engine.library.importing.expressions import known
from engine.library.importing.variables import reads_only
from engine.library.importing.vendors import ask_due
from engine.library.importing.words import one_line

_PROPERTIES = ("dueIn", "calendar")


def settle(draft: Draft) -> None:
    for process in draft.processes:
        names = known(draft, process)
        for node in tree.all_nodes(process):
            if tree.is_a(node, "userTask", "manualTask"):
                _settle_calendar(draft, node)
                _settle_duration(draft, node, names)
            else:
                _drop_both(draft, node)


def _settle_calendar(draft: Draft, node: etree._Element) -> None:
    name = dialect.get(node, "calendar")
    if name:
        dialect.drop(node, "calendar")
        draft.ask(
            "calendar-missing",
            node,
            f"It is due in working time of “{one_line(name, 100)}”, a calendar that is not in this "
            "file. Every hour counts.",
            "Add the calendar to bundle.toml, and name it here again.",
        )


def _settle_duration(draft: Draft, node: etree._Element, names: set[str]) -> None:
    text = dialect.get(node, "dueIn")
    if text and not (reads_only(text, names) if is_expression(text) else _is_long_enough(text)):
        dialect.drop(node, "dueIn")
        ask_due(draft, node, text)


def _drop_both(draft: Draft, node: etree._Element) -> None:
    if any(dialect.get(node, name) for name in _PROPERTIES):
        for name in _PROPERTIES:
            dialect.drop(node, name)
        draft.ask(
            "due-misplaced",
            node,
            "Only a task for a person has a due time here. It was left out.",
            "Draw a timer, if something is to happen then.",
        )


def _is_long_enough(text: str) -> bool:
    start = clock.now()
    try:
        return clock.after(start, text) - start >= SHORTEST
    except ValueError:
        return False
