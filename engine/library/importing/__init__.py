"""Import of diagrams of other tools and of drawings: a bundle draft, and what is still open."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from engine.actors import Actor
from engine.errors import Conflict
from engine.library.checks import check
from engine.library.importing import (
    activities,
    bundle,
    camunda7,
    camunda8,
    cleaning,
    due_times,
    ends,
    events,
    flows,
    forms,
    gateways,
    identity,
    lanes,
    links,
    pools,
    reading,
    repairs,
    repetition,
    soundness,
    starts,
    variables,
    waits,
)
from engine.library.importing.draft import Draft, Origin, Question
from engine.library.importing.words import one_line
from engine.people import permissions
from engine.people.permissions import Action

__all__ = ["Imported", "Origin", "Question", "import_diagram", "import_for", "save"]


@dataclass(frozen=True)
class Imported:
    """A bundle that passes the checks, and the questions to its owner."""

    files: dict[str, bytes]  # path -> content
    questions: list[Question]
    origin: Origin


def import_diagram(content: bytes, name: str) -> Imported:
    """Make a bundle draft of a BPMN 2.0 file of any tool; ``name`` is that of the file.

    Raises ``InvalidDocument`` when it is not XML, ``Refused`` with rule ids when nothing can be
    made of it. Every guess is a question.
    """
    root = reading.read(content)
    draft = Draft(root, one_line(PurePosixPath(name).stem) or "Imported", reading.origin(root))
    for settle in _PASSES:
        settle(draft)
    reading.require_size(draft.root)
    files = repairs.pass_checks(draft, lambda: bundle.write(draft, PurePosixPath(name).stem), check)
    return Imported(files, draft.questions, draft.origin)


def import_for(content: bytes, name: str, actor: Actor) -> Imported:
    """The same for somebody who edits processes; nothing is kept."""
    permissions.require(actor, Action.EDIT_PROCESS)
    return import_diagram(content, name)


def save(files: Mapping[str, bytes], directory: Path) -> list[Path]:
    """Write a bundle below a folder; ``Conflict`` when one of its files is there already."""
    paths = {directory / path: content for path, content in files.items()}
    for path in paths:
        if path.exists():
            raise Conflict(f"{path} is there already. Choose another folder with --to.")
    for path, content in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return list(paths)


def _identify(draft: Draft) -> None:
    for doubled in identity.settle(draft.root):
        draft.ask(
            "id-double",
            None,
            f"Two elements have the id “{one_line(doubled, 120)}”. References go to the first.",
            "Look whether flows and lanes still are where they belong.",
        )
    draft.index_nodes()


def _translate(draft: Draft) -> None:
    translate = {Origin.CAMUNDA_7: camunda7.translate, Origin.CAMUNDA_8: camunda8.translate}
    if draft.origin in translate:
        translate[draft.origin](draft)


# In this order: each pass relies on what the ones before it made sure of.
_PASSES: tuple[Callable[[Draft], None], ...] = (
    _identify,
    flows.settle,
    _translate,
    cleaning.clean,
    forms.settle,
    pools.name_processes,
    pools.link_messages,
    flows.drop_compensation,
    flows.settle_nodes,
    links.settle,
    activities.settle,
    starts.settle,
    events.settle,
    ends.settle,
    repetition.settle,
    gateways.settle,
    waits.settle,
    soundness.settle,
    variables.settle,
    due_times.settle,
    pools.choose_main,
    lanes.settle,
)
