"""Run cases of the DMN Technology Compatibility Kit: ``python -m tests.conformance.dmn_tck DIR``.

Prints what failed and how many passed. Exits 0 when the failures are those of the known list, each
with its reason, and 1 otherwise, also when a case on that list passes by now.
"""

import argparse
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine import dmn, safe_xml
from engine.dmn import logic
from engine.dmn.elements import Element, children, find_child, kind
from engine.errors import InvalidDocument, NotFound
from engine.feel import calendar, durations
from engine.feel.values import Value

KNOWN = Path(__file__).with_name("dmn_tck_known.toml")
_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"
_NUMBERS = ("decimal", "double", "float", "integer", "int", "long", "short", "byte")
_PARSERS: Mapping[str, Any] = {
    "boolean": lambda text: text in ("true", "1"),
    "date": calendar.parse_date,
    "time": calendar.parse_time,
    "dateTime": calendar.parse_date_time,
    "duration": durations.parse,
    **dict.fromkeys(_NUMBERS, Decimal),
}
_CLOSE_ENOUGH = Decimal("1e-8")


@dataclass(frozen=True)
class Case:
    """One expected result of one test case."""

    id: str  # folder, test case and result node
    model: Path
    test: Element
    node: Element  # what is expected of one decision


@dataclass(frozen=True)
class Answer:
    value: Value
    error: str = ""  # what went wrong in the evaluation, for which the kit expects null


@dataclass(frozen=True)
class Verdict:
    case_id: str
    problem: str  # empty when the case passed


def find_cases(folder: Path) -> Iterator[Case]:
    """The cases of every test file below ``folder``, in the order of their paths."""
    for path in sorted(folder.rglob("*.xml")):
        root = safe_xml.parse(path.read_bytes())
        if kind(root) == "testCases":
            yield from _cases(path, root)


def run(case: Case) -> Verdict:
    try:
        expected, answer = _expected(case.node), _answer(case)
        found = answer.error or repr(answer.value)
        is_passed = is_same(expected, answer.value)
        problem = "" if is_passed else f"expected {expected!r}, found {found}"
    except (dmn.DmnError, InvalidDocument, NotFound, OSError) as error:
        problem = f"refused: {error}"
    except Exception as error:  # noqa: BLE001 -- a crash fails its case, not the run
        problem = f"crashed: {type(error).__name__}: {error}"
    return Verdict(case.id, problem)


def is_same(expected: Value, found: Value) -> bool:
    """Compare by value, numbers up to eight decimals."""
    if isinstance(expected, dict) and isinstance(found, dict):
        same = (is_same(value, found.get(key)) for key, value in expected.items())
        return expected.keys() == found.keys() and all(same)
    if isinstance(expected, list) and isinstance(found, list):
        pairs = zip(expected, found, strict=False)
        return len(expected) == len(found) and all(is_same(*pair) for pair in pairs)
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, Decimal) and isinstance(found, (int, Decimal)):
        return abs(expected - found) <= _CLOSE_ENOUGH * max(Decimal(1), abs(expected))
    return expected == found or logic.is_same(expected, found)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="dmn_tck", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--known", type=Path, default=KNOWN, help="cases that need not pass")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is not a folder.")
    known = _known(options.known)
    try:
        verdicts = [run(case) for case in find_cases(options.folder)]
    except (InvalidDocument, OSError) as error:
        parser.error(f"A test file cannot be read: {error}")
    return _report(verdicts, known)


def _report(verdicts: list[Verdict], known: Mapping[str, str]) -> int:
    failed = [verdict for verdict in verdicts if verdict.problem]
    for verdict in failed:
        reason = known.get(verdict.case_id)
        print(f"known  {verdict.case_id}: {reason}" if reason else f"FAILED {verdict.case_id}")
        print(f"       {verdict.problem}")
    recovered = [v.case_id for v in verdicts if not v.problem and v.case_id in known]
    for case_id in recovered:
        print(f"PASSED {case_id}, although it is known to fail. Take it off the list.")
    print(f"passed {len(verdicts) - len(failed)}, failed {len(failed)}, total {len(verdicts)}")
    unknown = [verdict for verdict in failed if verdict.case_id not in known]
    return 1 if unknown or recovered or not verdicts else 0


def _known(path: Path) -> dict[str, str]:
    """The reason by the id of each case that need not pass."""
    listed = tomllib.loads(path.read_text(encoding="utf-8")).get("known", [])
    return {case_id: each["reason"] for each in listed for case_id in each["ids"]}


def _answer(case: Case) -> Answer:
    others = [path for path in case.model.parent.glob("*.dmn") if path != case.model]
    model = dmn.load(case.model.read_bytes(), [path.read_bytes() for path in others])
    inputs = {_name(node): _value(node) for node in children(case.test, "inputNode")}
    if case.test.get("type") == "decisionService":
        service = model.named(case.test.get("invocableName", ""), "decisionService")
        answer = _evaluate(service, inputs)
        if len(service.output_names) == 1:
            return answer
        return replace(answer, value=service.outputs(answer.value).get(_name(case.node)))
    return _evaluate(model.named(_name(case.node), "decision"), inputs)


def _evaluate(decision: dmn.Decision, inputs: Mapping[str, Value]) -> Answer:
    try:
        return Answer(decision.value(inputs))
    except dmn.DmnError as error:
        return Answer(None, str(error))


def _cases(path: Path, root: Element) -> Iterator[Case]:
    file_name = find_child(root, "modelName")
    model = path.with_name((file_name.text or "").strip() if file_name is not None else "")
    for test in children(root, "testCase"):
        for node in children(test, "resultNode"):
            case_id = f"{path.parent.name}/{test.get('id', '')}/{_name(node)}"
            yield Case(case_id, model, test, node)


def _name(node: Element) -> str:
    return " ".join(node.get("name", "").split())


def _expected(node: Element) -> Value:
    holder = find_child(node, "expected")
    if node.get("errorResult") == "true" or holder is None:
        return None
    return _value(holder)


def _value(node: Element) -> Value:
    """Read what a node holds: a value, a list, or components."""
    if node.get(f"{_INSTANCE}nil") == "true":
        return None
    components = list(children(node, "component"))
    if components:
        return {_name(each): _value(each) for each in components}
    items = find_child(node, "list")
    if items is not None:
        is_nil = items.get(f"{_INSTANCE}nil") == "true"
        return None if is_nil else [_value(item) for item in children(items, "item")]
    value = find_child(node, "value")
    return _simple(value) if value is not None else None


def _simple(value: Element) -> Value:
    if value.get(f"{_INSTANCE}nil") == "true":
        return None
    text = value.text or ""
    wanted = value.get(f"{_INSTANCE}type", "xsd:string").rpartition(":")[2]
    parse = _PARSERS.get(wanted)
    return parse(text.strip()) if parse else text


if __name__ == "__main__":
    sys.exit(main())
