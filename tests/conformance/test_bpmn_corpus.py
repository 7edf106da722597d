"""Any folder of diagrams gets one honest line a file: it runs, it is a draft, or it is refused."""

import shutil
from pathlib import Path

import pytest

from tests.conformance import bpmn
from tests.engine.importing import chain, drawn, flow, node

SHIPPED = Path(__file__).parents[2] / "processes"
DEEP = "<a>" * 60_000
MANY = "".join(f'<bpmn:task id="T{i}"/>' for i in range(9_000))
WIDE = "".join(f'<bpmn:lane id="L{i}" name="{i}"/>' for i in range(15_000))
TANGLE = [
    *(node("parallelGateway" if i % 3 else "exclusiveGateway", f"G{i}") for i in range(120)),
    *(flow(f"G{i}", f"G{(i * j + 1) % 120}") for i in range(120) for j in range(2, 9)),
]
EQUAL = [node("exclusiveGateway", f"G{i}") for i in range(250)]
EQUAL += [flow(f"G{i}", f"G{i + 1}", "Same") for i in range(249) for _ in range(4)]
LADDER = [node("parallelGateway", f"{side}{i}") for i in range(100) for side in "AB"]
LADDER += [flow(f"{a}{i}", f"{b}{i + 1}") for i in range(99) for a in "AB" for b in "AB"]
JUEL = "${" + "(" * 400 + "a" + ")" * 400 + "}"
REPEATED = "${" + " &amp;&amp; ".join(f"empty v{i}" for i in range(150)) + "}"
HOSTILE = {
    "empty": b"",
    "noise": bytes(range(256)) * 400,
    "deep": b"<?xml version='1.0'?>" + DEEP.encode(),
    "laughs": b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>',
    "outside": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
    "large": b"<x>" + b"a" * 3_000_000 + b"</x>",
    "many": drawn(MANY),
    "lanes": drawn(f"<bpmn:laneSet>{WIDE}</bpmn:laneSet>", node("task", "T")),
    "tangle": drawn(*TANGLE),
    "ladder": drawn(*LADDER),
    "equal": drawn(*EQUAL),
    "nested": drawn("<bpmn:subProcess>" * 200 + node("task", "T") + "</bpmn:subProcess>" * 200),
    "brackets": drawn(*chain(node("task", "T")), flow("T", "Begin", "x", JUEL)),
    "conditions": drawn(*chain(node("task", "T")), flow("T", "Begin", "x", REPEATED)),
    "places": drawn(node("task", "T")).replace(
        b"</bpmn:definitions>",
        b'<d:BPMNShape xmlns:d="http://www.omg.org/spec/BPMN/20100524/DI" bpmnElement="T">'
        b'<c:Bounds xmlns:c="http://www.omg.org/spec/DD/20100524/DC" x="NaN" y="1e400" width="-1"'
        b' height="a"/></d:BPMNShape></bpmn:definitions>',
    ),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_no_file_leaves_a_traceback_or_breaks_the_limits(tmp_path, content):
    path = tmp_path / "hostile.bpmn"
    path.write_bytes(content)

    line = bpmn.guarded(path)

    assert line.startswith(("draft with", "refused: "))


def test_each_file_gets_a_line_and_each_outcome_a_count(tmp_path, capsys):
    shutil.copy(SHIPPED / "itsm" / "incident.bpmn", tmp_path / "alone.bpmn")
    (tmp_path / "drawing.bpmn").write_bytes(drawn(*chain(node("task", "Look"))))
    (tmp_path / "none.bpmn").write_bytes(b"<html/>")

    code = bpmn.main(tmp_path)

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("alone.bpmn: draft with")
    assert lines[1:] == [
        "drawing.bpmn: draft with 3 questions",
        "none.bpmn: refused: not-bpmn",
        "2 draft, 1 refused",
    ]
    assert code == 0


def test_what_we_ship_runs_as_it_is(capsys):
    code = bpmn.main(SHIPPED)

    assert "incident.bpmn: runs" in capsys.readouterr().out
    assert code == 0


@pytest.mark.parametrize("harm", [lambda: _spin(), lambda: bytearray(1 << 30)])
def test_a_file_that_breaks_a_limit_is_told_from_the_others(tmp_path, monkeypatch, harm):
    (tmp_path / "bad.bpmn").write_bytes(b"")
    monkeypatch.setattr(bpmn, "outcome", lambda _path: harm())

    assert bpmn.main(tmp_path) == 1


def _spin():
    while True:
        pass
