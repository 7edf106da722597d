"""Rules of the organisation itself: data in bundle.toml, checked beside the engine's own.

A rule selects elements by what they are and says one thing about them; ``processes/README.md``
explains the words to process owners.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from engine.bpmn.diagram import Diagram, Kind, Node, Phase, Trigger
from engine.bpmn.lint import passage
from engine.errors import Finding, Severity

_ATTRIBUTES: Mapping[str, Callable[[Node], str | None]] = {
    "id": lambda node: node.id,
    "kind": lambda node: node.kind,
    "trigger": lambda node: node.trigger,
    "name": lambda node: node.name,
    "lane": lambda node: node.lane,
    "phase": lambda node: node.phase,
    "form": lambda node: node.form_key,
    "due_in": lambda node: node.due_in,
    "calendar": lambda node: node.calendar,
    "operation": lambda node: node.operation,
    "decision": lambda node: node.decision_id,
    "process": lambda node: node.called_process,
}
_WORDS: Mapping[str, list[str]] = {
    "kind": [*Kind],
    "trigger": [*Trigger],
    "phase": [*Phase],
}
_ABOUT = {"id", "title", "severity", "processes", "requires"}


@dataclass(frozen=True)
class Selector:
    """Elements by their attributes; each attribute fits one of its patterns, as in ``*Task``."""

    patterns: Mapping[str, tuple[str, ...]]
    except_names: tuple[str, ...]

    def __str__(self) -> str:
        return ", ".join(f"{key} “{'” or “'.join(p)}”" for key, p in self.patterns.items())

    def matches(self, node: Node) -> bool:
        fits = all(_fits(_ATTRIBUTES[key](node), p) for key, p in self.patterns.items())
        return fits and not _fits(node.name, self.except_names)

    def ids(self, diagram: Diagram) -> set[str]:
        return {node.id for node in diagram.nodes.values() if self.matches(node)}

    def nodes(self, diagram: Diagram) -> list[Node]:
        return [node for node in diagram.nodes.values() if self.matches(node)]


@dataclass(frozen=True)
class Rule:
    id: str
    title: str
    severity: Severity
    processes: tuple[str, ...]  # patterns of process ids
    condition: str
    select: Selector
    requires: Selector


def check(manifest: Mapping[str, Any], path: str, diagrams: Mapping[str, Diagram]) -> list[Finding]:
    """What breaks the rules of the manifest at ``path``, and what is wrong with the rules."""
    findings = []
    seen: set[str] = set()
    entries = manifest.get("rule", [])
    for number, entry in enumerate(entries if isinstance(entries, list) else [entries], start=1):
        try:
            rule = _read(entry, seen)
        except ValueError as error:
            name = str(entry.get("id") or "") if isinstance(entry, dict) else ""
            message = f"Rule {number}: {error}"
            findings.append(Finding("rule-invalid", path, name, "", message))
            continue
        seen.add(rule.id)
        findings += _apply(rule, diagrams)
    return findings


def _apply(rule: Rule, diagrams: Mapping[str, Diagram]) -> Iterator[Finding]:
    for path, diagram in diagrams.items():
        if not _fits(diagram.process_id, rule.processes):
            continue
        for node, what in _CONDITIONS[rule.condition](diagram, rule):
            at, name = (node.id, node.title) if node else (diagram.process_id, diagram.name)
            message = f"{rule.title}: {what}"
            yield Finding(f"organisation/{rule.id}", path, at, name, message, rule.severity)


_Broken = Iterator[tuple[Node | None, str]]


def _on_every_path_to(diagram: Diagram, rule: Rule) -> _Broken:
    loose = passage.reached_without(diagram, rule.requires.ids(diagram))
    for node in rule.select.nodes(diagram):
        if node.id in loose:
            yield node, f"a path leads here without {rule.requires}. Draw that before it."


def _on_every_path_from(diagram: Diagram, rule: Rule) -> _Broken:
    loose = passage.finished_without(diagram, rule.requires.ids(diagram))
    for node in rule.select.nodes(diagram):
        if node.id in loose:
            yield node, f"a path ends after this without {rule.requires}. Draw that behind it."


def _every(diagram: Diagram, rule: Rule) -> _Broken:
    for node in rule.select.nodes(diagram):
        if not rule.requires.matches(node):
            yield node, f"this has not {rule.requires}. Change it."


def _at_least_one(diagram: Diagram, rule: Rule) -> _Broken:
    if not rule.select.nodes(diagram):
        yield None, f"nothing here has {rule.select}. Draw it."


def _at_most_one(diagram: Diagram, rule: Rule) -> _Broken:
    for node in rule.select.nodes(diagram)[1:]:
        yield node, f"another element has {rule.select} already. Keep one of them."


def _none(diagram: Diagram, rule: Rule) -> _Broken:
    for node in rule.select.nodes(diagram):
        yield node, f"nothing may have {rule.select}. Remove it."


_CONDITIONS: Mapping[str, Callable[[Diagram, Rule], _Broken]] = {
    "on_every_path_to": _on_every_path_to,
    "on_every_path_from": _on_every_path_from,
    "every": _every,
    "at_least_one": _at_least_one,
    "at_most_one": _at_most_one,
    "none": _none,
}
_WITH_REQUIRES = {"on_every_path_to", "on_every_path_from", "every"}


def _read(entry: object, seen: set[str]) -> Rule:
    if not isinstance(entry, dict):
        raise ValueError("Write each rule as [[rule]].")  # noqa: TRY004 -- reported with the others
    _require_known(entry, _ABOUT | _CONDITIONS.keys())
    for key in ("id", "title"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise ValueError(f"Give it a text as its {key}.")
    if entry["id"] in seen:
        raise ValueError(f"Another rule is called “{entry['id']}” already. Rename one.")
    conditions = sorted(entry.keys() & _CONDITIONS.keys())
    if len(conditions) != 1:
        raise ValueError(f"Give it exactly one of: {', '.join(_CONDITIONS)}.")
    condition = conditions[0]
    if ("requires" in entry) != (condition in _WITH_REQUIRES):
        raise ValueError("“requires” belongs to on_every_path_to, on_every_path_from and every.")
    return Rule(
        id=entry["id"],
        title=entry["title"].rstrip("."),
        severity=_severity(entry.get("severity", "error")),
        processes=_texts("processes", entry.get("processes", "*")),
        condition=condition,
        select=_selector(entry[condition]),
        requires=_selector(entry.get("requires", {"id": "*"})),
    )


def _severity(word: object) -> Severity:
    if word == "error":
        return "error"
    if word == "warning":
        return "warning"
    raise ValueError("The severity is error or warning.")


def _selector(entry: object) -> Selector:
    if not isinstance(entry, dict) or not entry:
        raise ValueError('Select elements by attributes, as in { kind = "userTask" }.')
    _require_known(entry, _ATTRIBUTES.keys() | {"except_names"})
    patterns = {key: _texts(key, value) for key, value in entry.items() if key in _ATTRIBUTES}
    for key, words in _WORDS.items():
        for pattern in patterns.get(key, ()):
            if not any(fnmatchcase(word, pattern) for word in words):
                raise ValueError(f"“{pattern}” is no {key}. Choose from: {', '.join(words)}.")
    return Selector(patterns, _texts("except_names", entry.get("except_names", [])))


def _require_known(entry: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(entry.keys() - known)
    if unknown:
        raise ValueError(f"“{unknown[0]}” means nothing here. Use: {', '.join(sorted(known))}.")


def _texts(key: str, value: object) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"Write {key} as a text, or as a list of texts.")
    return tuple(texts)


def _fits(value: str | None, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(value or "", pattern) for pattern in patterns)
