"""The forms of the draft: each user task gets one, with a note until it asks something else."""

import json
import re

from lxml import etree

from engine.bpmn.lint.shape import MAX_ID
from engine.library.importing import dialect, tree
from engine.library.importing.draft import Component, Draft
from engine.library.importing.words import one_line, slug, unique, variable

_KEY = re.compile(r"[A-Za-z0-9_-]{1,120}")  # it becomes a file's name
_INPUTS = {"textfield", "textarea", "number", "checkbox", "radio", "select"}


def settle(draft: Draft) -> None:
    """A form that a task names is not in the file: one with a note stands in for it."""
    for task in draft.root.iter(tree.bpmn("userTask"), tree.bpmn("manualTask")):
        key = dialect.get(task, "formKey")
        if not key or key in draft.forms:
            continue
        safe = key if _KEY.fullmatch(key) else slug(key, MAX_ID)
        if safe not in draft.forms:
            draft.ask(
                "form-missing",
                task,
                f"The form “{one_line(key, 120)}” is not in this file. One with a note stands in "
                "for it.",
                "Add the form to the bundle, or draw it anew.",
            )
        use(draft, task, safe, [])


def fields_of(draft: Draft, task: etree._Element) -> list[Component]:
    """The fields that a user task asks; the task gets a form if it has none."""
    key = dialect.get(task, "formKey")
    if not key:
        key = _new_key(draft, tree.title(task))
        dialect.put(task, "formKey", key)
    return draft.forms.setdefault(key, [])


def use(draft: Draft, task: etree._Element, wanted: str, fields: list[Component]) -> None:
    """Give a task the form that its file names; tasks may share one."""
    key = wanted if _KEY.fullmatch(wanted) else slug(wanted, MAX_ID)
    key = key or _new_key(draft, tree.title(task))
    dialect.put(task, "formKey", key)
    draft.forms.setdefault(key, fields)


def put(draft: Draft, task: etree._Element, component: Component) -> None:
    """Let a task ask one thing more."""
    fields = fields_of(draft, task)
    if component.get("key") not in [field.get("key") for field in fields]:
        fields.append(component)


def content(draft: Draft, key: str, title: str) -> bytes:
    """The form as a file; without a question of its own it asks for a note."""
    components = draft.forms[key]
    if not any(field.get("type") in _INPUTS for field in components):
        note = variable(title, "note")
        components = [*components, {"type": "textarea", "key": note, "label": "What was done"}]
    return write(key, [{"id": f"Field_{n}", **c} for n, c in enumerate(components, start=1)])


def write(key: str, components: list[Component]) -> bytes:
    form = {"type": "default", "id": key, "schemaVersion": 19, "components": components}
    return json.dumps(form, indent=2, ensure_ascii=False).encode() + b"\n"


def _new_key(draft: Draft, title: str) -> str:
    return unique(slug(title) or "form", draft.forms)
