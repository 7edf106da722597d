"""Form schema (form-js, version 19) -> what to ask, and which answers are right."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine import plain_text
from engine.errors import Finding, InvalidAnswers, InvalidDocument, Refused

_INPUTS = {"textfield", "textarea", "number", "checkbox", "radio", "select"}
_SILENT = {"text", "separator"}
_RULES = {"required", "minLength", "maxLength", "min", "max"}
_Bound = bool | int | float | None
_LONGEST = {"textfield": 1_000, "textarea": 20_000}


@dataclass(frozen=True)
class Field:
    """One question, or (type ``text`` and ``separator``) something to read."""

    type: str
    key: str = ""
    label: str = ""
    description: str = ""
    text: str = ""
    options: tuple[tuple[str, str], ...] = ()  # value, label
    default: Any = None
    is_required: bool = False
    min_length: int | None = None
    max_length: int | None = None
    min: float | None = None
    max: float | None = None

    @property
    def is_input(self) -> bool:
        return self.type in _INPUTS


@dataclass(frozen=True)
class Form:
    key: str
    fields: tuple[Field, ...]

    @property
    def inputs(self) -> list[Field]:
        return [field for field in self.fields if field.is_input]

    def find(self, key: str) -> Field | None:
        return next((field for field in self.inputs if field.key == key), None)


NOTHING_ASKED = Form(key="", fields=())


def read(content: bytes, path: str) -> Form:
    """Read a form; ``Refused`` names every component that does not work here."""
    try:
        schema = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidDocument(f"{path} is not JSON: {error}.") from error
    if not isinstance(schema, dict) or not isinstance(schema.get("components"), list):
        raise InvalidDocument(f"{path} is not a form: it has no list of components.")
    components = [c for c in schema["components"] if isinstance(c, dict)]
    findings = [
        Finding(rule, path, str(c.get("key") or c.get("id") or ""), str(c.get("label", "")), text)
        for c in components
        for rule, text in _problems(c)
    ]
    fields = tuple(_field(component) for component in components) if not findings else ()
    keys = [field.key for field in fields if field.is_input]
    findings += [
        Finding("form-key-double", path, key, "", f"Two fields are called “{key}”.")
        for key in sorted({key for key in keys if keys.count(key) > 1})
    ]
    if findings:
        raise Refused(findings)
    return Form(key=str(schema.get("id", "")), fields=fields)


def check(form: Form, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers, complete and clean; ``InvalidAnswers`` names each field that needs another look.

    An optional field that was left out is ``None``.
    """
    errors: dict[str, str] = {
        key: "This form has no such field." for key in answers if form.find(key) is None
    }
    checked: dict[str, Any] = {}
    for field in form.inputs:
        try:
            checked[field.key] = _check(field, answers.get(field.key))
        except ValueError as error:
            errors[field.key] = str(error)
    if errors:
        raise InvalidAnswers(errors)
    return checked


def from_text(form: Form, sent: Mapping[str, str]) -> dict[str, Any]:
    """What an HTML form sends, as the types that ``check`` expects."""
    answers: dict[str, Any] = {}
    for field in form.inputs:
        text = sent.get(field.key, "").replace("\r\n", "\n").strip()
        if field.type == "checkbox":
            answers[field.key] = bool(text)
        elif field.type == "number" and text:
            answers[field.key] = _number(text)
        else:
            answers[field.key] = text or None
    return answers


def _problems(component: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kind = component.get("type")
    if not isinstance(kind, str) or kind not in _INPUTS | _SILENT:
        yield "form-type-unsupported", f"A “{kind}” field does not work here yet."
        return
    key = component.get("key")
    if kind in _INPUTS and not (isinstance(key, str) and key.isidentifier()):
        yield "form-key-invalid", "Give the field a key of letters, digits and underscores."
    if kind in ("radio", "select") and not _options(component):
        yield "form-options-missing", "Give the field at least one option."
    rules = component.get("validate") or {}
    for rule in sorted(set(rules) - _RULES) if isinstance(rules, dict) else ():
        yield "form-rule-unsupported", f"The rule “{rule}” does not work here yet."
    bounds = [rules.get(rule) for rule in _RULES] if isinstance(rules, dict) else [rules]
    if not all(isinstance(bound, _Bound) for bound in bounds):
        yield "form-rule-invalid", "Give the field's rules as numbers, and required as yes or no."
    if component.get("conditional"):
        yield "form-rule-unsupported", "Showing a field on a condition does not work here yet."


def _field(component: Mapping[str, Any]) -> Field:
    rules = component.get("validate") or {}
    return Field(
        type=component["type"],
        key=component.get("key", ""),
        label=component.get("label", ""),
        description=component.get("description", ""),
        text=component.get("text", ""),
        options=_options(component),
        default=component.get("defaultValue"),
        is_required=bool(rules.get("required")),
        min_length=rules.get("minLength"),
        max_length=rules.get("maxLength"),
        min=rules.get("min"),
        max=rules.get("max"),
    )


def _options(component: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    values = component.get("values") or ()
    known = [v for v in values if isinstance(v, dict) and "value" in v]
    return tuple((str(v["value"]), str(v.get("label", v["value"]))) for v in known)


def _check(field: Field, value: Any) -> Any:
    if value is None or value == "":
        if field.is_required:
            chooses = field.type in ("radio", "select")
            raise ValueError("Choose one." if chooses else "This is needed; please fill it in.")
        return None
    match field.type:
        case "checkbox":
            return _check_box(field, value)
        case "number":
            return _check_number(field, value)
        case "radio" | "select":
            return _check_choice(field, value)
        case _:
            return _check_text(field, value)


def _check_box(field: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("This is true or false.")  # noqa: TRY004 -- collected with the others
    if field.is_required and not value:
        raise ValueError("Tick this to go on.")
    return value


def _check_number(field: Field, value: Any) -> int | float:
    is_infinite = isinstance(value, float) and not math.isfinite(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or is_infinite:
        raise ValueError("Enter a number.")
    if field.min is not None and value < field.min:
        raise ValueError(f"Enter a number not below {field.min}.")
    if field.max is not None and value > field.max:
        raise ValueError(f"Enter a number not above {field.max}.")
    return value


def _check_choice(field: Field, value: Any) -> str:
    values = [option for option, _ in field.options]
    if value not in values:
        raise ValueError(f"Choose one of: {', '.join(values)}.")
    return str(value)


def _check_text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("Enter text.")  # noqa: TRY004 -- collected with the others
    if not plain_text.is_plain(value):
        raise ValueError(plain_text.NOT_PLAIN)
    longest = min(field.max_length or _LONGEST[field.type], _LONGEST[field.type])
    if len(value) > longest:
        raise ValueError(f"Use at most {longest} characters; these are {len(value)}.")
    if field.min_length and len(value) < field.min_length:
        raise ValueError(f"Use at least {field.min_length} characters.")
    return value


def _number(text: str) -> int | float | str:
    """The number that a person typed; other text stays, for ``check`` to refuse."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text
