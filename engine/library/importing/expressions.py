"""Conditions and other expressions of any tool -> FEEL, and which names they may read."""

import re
from collections.abc import Iterator

from lxml import etree

from engine.bpmn.lint.variables import RESERVED
from engine.feel import FeelError, compile_expression
from engine.library.importing import dialect, juel, tree
from engine.library.importing.draft import Component, Draft, Origin
from engine.library.importing.words import unique

_FEEL_LANGUAGE = re.compile(r"feel", re.IGNORECASE)
_LITERAL = r'(?:"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null)'
_PATH = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
_COMPARES = r"(?:=|!=|<=|>=|<|>)"
_ATOM = re.compile(
    rf"(?P<name>{_PATH})\s*{_COMPARES}\s*(?P<value>{_LITERAL})"
    rf"|(?P<value2>{_LITERAL})\s*{_COMPARES}\s*(?P<name2>{_PATH})"
    rf"|(?P<bare>{_PATH})"
)
_WORDS = {"and", "or", "not", "true", "false", "null"}
_MAX_LITERALS = 20
# What every expression may read besides the variables of its process.
ALWAYS = frozenset({"incident"})


def to_feel(text: str, draft: Draft, language: str = "") -> str | None:
    """The FEEL text, ``None`` when it is empty, in another language, or not certain."""
    text = text.strip()
    try:
        if juel.is_juel(text):
            text = juel.translate(text)
        elif text.startswith("="):
            text = text[1:].strip()
        elif language and not _FEEL_LANGUAGE.search(language) and not _is_bare(language):
            return None
        elif draft.origin is Origin.DRAWN and not _compares(text):
            # Words for people, such as "approved": nobody said that they are a variable.
            return None
        return text if _is_sound(text) else None
    except (juel.NotCertain, FeelError):
        return None


def names(text: str) -> frozenset[str]:
    """The variables that a FEEL text reads; it compiles."""
    return compile_expression(text).names


def known(draft: Draft, process: etree._Element) -> set[str]:
    """What is set somewhere in a process, or in one that calls it."""
    found = set(ALWAYS)
    for each in [process, *_callers(draft, process)]:
        for node in tree.all_nodes(each):
            found |= set(_set_by(draft, node))
        for item in each.findall(f"{tree.bpmn('ioSpecification')}/{tree.bpmn('dataInput')}"):
            found.add(tree.title(item))
    return found


def questions_for(text: str, missing: set[str], draft: Draft) -> dict[str, Component] | None:
    """A form field for each missing name, or ``None`` when one cannot be filled in by a person."""
    fields: dict[str, Component] = {}
    for name, literals in _uses(text, missing).items():
        if literals is None or name in RESERVED:
            return None
        fields[name] = draft.fields.get(name) or _field(name, literals)
    return fields if fields.keys() == missing else None


def fresh_name(wanted: str, taken: set[str]) -> str:
    found = unique(wanted, taken)
    taken.add(found)
    return found


def _is_sound(text: str) -> bool:
    """No variable is called like a function of FEEL, which would then be meant."""
    found = compile_expression(text).names
    return {
        _variable(atom) for atom in _ATOM.finditer(text) if _is_use(atom, text)
    } <= found | _WORDS


def _variable(atom: re.Match[str]) -> str:
    path: str = atom["name"] or atom["name2"] or atom["bare"]
    return path.partition(".")[0]


def _is_use(atom: re.Match[str], text: str) -> bool:
    """A comparison with a literal, or nothing but a name."""
    return atom["bare"] is None or atom["bare"] == text


def _is_bare(language: str) -> bool:
    """BPMN's own default, which tools write whatever they mean."""
    return language.endswith("/XPath")


def _compares(text: str) -> bool:
    return re.search(r"[=<>]", text) is not None


def _callers(draft: Draft, process: etree._Element) -> Iterator[etree._Element]:
    """Those that call it, directly or by way of others."""
    seen, ahead = {process.get("id", "")}, [process.get("id", "")]
    while ahead:
        wanted = ahead.pop()
        for other in draft.processes:
            calls = other.iter(tree.bpmn("callActivity"))
            other_id = other.get("id") or ""
            if other_id not in seen and any(c.get("calledElement") == wanted for c in calls):
                seen.add(other_id)
                ahead.append(other_id)
                yield other


def _set_by(draft: Draft, node: etree._Element) -> Iterator[str]:
    for component in draft.forms.get(dialect.get(node, "formKey"), ()):
        yield str(component.get("key", ""))
    decision = draft.decisions.get(dialect.extension(node, "calledDecisionId"))
    if decision:
        yield decision.output
    variable = dialect.get(node, "variable")
    if variable:
        yield variable
    if tree.is_a(node, "scriptTask"):
        yield from re.findall(r"(?:^|[;\n])\s*([A-Za-z_]\w*)\s*=", tree.text(node, "script"))
    several = node.find(tree.bpmn("multiInstanceLoopCharacteristics"))
    if several is not None:
        for item in several.findall(tree.bpmn("inputDataItem")):
            yield tree.title(item)
        yield tree.text(several, "loopDataOutputRef")


def _uses(text: str, missing: set[str]) -> dict[str, list[str] | None]:
    """name -> the literals it is compared with; ``None`` when it is used in another way."""
    uses: dict[str, list[str] | None] = {}
    rest = _ATOM.sub("", re.sub(r"\b(and|or|not)\b", " ", text))
    is_simple = re.fullmatch(r"[\s()]*", rest) is not None
    for atom in _ATOM.finditer(text):
        name = _variable(atom)
        if name not in missing or name in _WORDS:
            continue
        literals = uses.setdefault(name, [])
        if not is_simple or f"{name}." in atom.group():
            uses[name] = None
        elif literals is not None:
            literals.append(atom["value"] or atom["value2"] or "true")
    return uses


def _field(name: str, literals: list[str]) -> Component:
    label = name.replace("_", " ").strip().capitalize() or name
    component: Component = {"key": name, "label": label}
    values = list(dict.fromkeys(v for v in literals if v != "null"))[:_MAX_LITERALS]
    if values and all(value in ("true", "false") for value in values):
        return {**component, "type": "checkbox"}
    if values and all(value[0] in "-0123456789" for value in values):
        return {**component, "type": "number", "validate": {"required": True}}
    texts = [value[1:-1] for value in values if value.startswith('"') and "\\" not in value]
    if texts and len(texts) == len(values):
        options = [*(t for t in texts if t), *(["other"] if "other" not in texts else [])]
        choices = [{"value": option, "label": option} for option in options]
        return {**component, "type": "radio", "values": choices, "validate": {"required": True}}
    return {**component, "type": "textfield"}
