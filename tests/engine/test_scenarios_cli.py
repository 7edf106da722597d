"""`steadyhand test`: what it prints, how it exits, and what it draws."""

import json
import re
from collections import Counter

import pytest
from click.testing import CliRunner
from lxml import etree

from engine import bundles, library
from engine.bpmn import reader
from engine.cli import main
from engine.library.scenarios import picture
from engine.library.scenarios.coverage import Part
from tests.diagrams import (
    boundary,
    bundle,
    call,
    end,
    ended,
    flow,
    gateway,
    inside,
    line,
    one_task,
    process,
    rule_task,
    start,
    subprocess,
    table,
    thrown,
    user_task,
)
from tests.factories import SHIPPED
from tests.scenarios import complete, scenario, with_scenarios

(DIAGRAM,) = bundles.read(library.read_directory(SHIPPED)).diagrams.values()
SVG = "{http://www.w3.org/2000/svg}"
PARTED = bundle(
    *(start(), user_task("Look"), gateway("Which", default="No"), rule_task("Size", "size"), end()),
    *(flow("Reported", "Look"), flow("Look", "Which"), flow("Size", "Done")),
    *(flow("Which", "Size", 'note = "big"', flow_id="Yes"), flow("Which", "Done", flow_id="No")),
    decisions={"size": table("size", "size", ('"big"', "1"))},
)
NO_FLOWS = Part("diagram", "processes/small/small.bpmn", "small", "A small process", ())
PASSES, FAILS = scenario(complete()), scenario(complete("Act"))


@pytest.fixture
def run(tmp_path):
    """Writes the files of a bundle and tests the folder."""

    def run(files, *options):
        for path, content in files.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return CliRunner().invoke(main, ["test", str(tmp_path / "processes/small"), *options])

    return run


def test_what_is_not_covered_is_named_by_file_and_element(run):
    result = run(with_scenarios(PARTED, PASSES))

    assert result.exit_code == 0
    assert result.output == (
        "processes/small/tests/1.json: passed “A story”\n"
        "\n"
        "processes/small/small.bpmn           3 of    5   60 %\n"
        "processes/small/size.dmn: Decide     0 of    1    0 %\n"
        "total                                3 of    6   50 %\n"
        "\n"
        "processes/small/small.bpmn:Size_Done: never taken: “Decide” to “Done”\n"
        "processes/small/small.bpmn:Yes: never taken: “Which way?” to “Decide”\n"
        'processes/small/size.dmn:Rule1: never taken: row 1: "big" gives 1\n'
        "\n"
        "1 scenario, 0 failed.\n"
    )


def test_a_scenario_that_fails_fails_the_command_and_says_at_which_step(run):
    result = run(with_scenarios(one_task(), PASSES, FAILS))

    assert result.exit_code == 1
    assert result.output.splitlines()[1] == (
        "processes/small/tests/2.json: failed “A story”, step 1, complete “Act”:"
        " No such task is open; open is “Do Look”."
    )
    assert result.output.splitlines()[-1] == "2 scenarios, 1 failed."


@pytest.mark.parametrize(("files", "exit_code"), [(PARTED, 1), (one_task(), 0)])
def test_less_than_everything_fails_where_that_is_asked(run, files, exit_code):
    result = run(with_scenarios(files, PASSES), "--strict")

    assert result.exit_code == exit_code


def test_programmes_read_json(run):
    result = run(with_scenarios(one_task(), FAILS), "--format", "json")

    told = json.loads(result.output)
    (verdict,), (part,) = told["scenarios"], told["coverage"]
    assert result.exit_code == 1
    assert (verdict["passed"], verdict["place"]) == (False, "step 1, complete “Act”")
    assert (part["kind"], part["covered"], part["total"], part["percent"]) == ("diagram", 1, 2, 50)
    assert part["items"][0] == {
        "id": "Reported_Look",
        "name": "“Reported” to “Do Look”",
        "times": 1,
    }
    assert (told["covered"], told["total"], told["percent"]) == (1, 2, 50)


@pytest.mark.parametrize("files", [one_task(), {"processes/small/readme.txt": b""}])
def test_a_folder_without_scenarios_is_a_mistake_of_use(run, files):
    assert run(files).exit_code == 2


def test_a_scenario_that_is_wrong_is_shown_as_the_check_shows_it(run):
    result = run(with_scenarios(one_task(), scenario({"wait": 5})))

    assert result.exit_code == 1
    assert "tests/1.json: error scenario-invalid: step 1, wait: Write a text" in result.output


def test_the_drawing_says_in_words_and_lines_what_was_covered(run, tmp_path):
    run(with_scenarios(PARTED, PASSES), "--draw", str(tmp_path / "covered"))

    svg = etree.parse(tmp_path / "covered" / "small.svg").getroot()
    lines = {way.find(f"{SVG}title").text: way.get("class") for way in svg.iter(f"{SVG}polyline")}
    counts = [text.text for text in svg.iter(f"{SVG}text") if text.get("class") == "count"]
    assert "3 of 5 sequence flows taken, 60 %." in svg.find(f"{SVG}title").text
    assert lines["“Which way?” to “Decide”"] == "never"
    assert lines["“Which way?” to “Done”"] == "taken"
    assert sorted(counts) == ["1\N{MULTIPLICATION SIGN}"] * 3 + ["never"] * 2


def test_each_kind_of_element_is_drawn_by_its_shape():
    elements = (
        *(start(), subprocess("Inner", *inside("I", user_task("Look"))), call("Call", "other")),
        *(boundary("Late", "Call", "timer", "PT1M"), gateway("Which", default="Call_Done"), end()),
        *(ended("Told", "message", "told"), thrown("Tell", "signal", "tell")),
    )
    content = process(*elements)

    svg = etree.fromstring(picture.draw(content, reader.read(content), NO_FLOWS))

    shapes = Counter(element.tag.removeprefix(SVG) for element in svg.iter())
    styles = Counter(element.get("class") for element in svg.iter())
    assert (shapes["circle"], shapes["polygon"]) == (7 + 2, 1)
    assert (styles["never end"], styles["thrown"], styles["sign"]) == (1 + 3, 2, 2 + 2)


def test_a_process_that_nobody_drew_is_an_empty_drawing():
    content = re.sub(
        rb"<bpmndi:BPMNDiagram>.*</bpmndi:BPMNDiagram>", b"", process(*line()), flags=re.DOTALL
    )

    svg = etree.fromstring(picture.draw(content, reader.read(content), NO_FLOWS))

    assert svg.find(f"{SVG}title").text.startswith("A small process: 0 of 0 sequence flows taken")


def test_the_shipped_diagram_is_drawn_with_every_element_and_flow(tmp_path):
    CliRunner().invoke(main, ["test", str(SHIPPED), "--draw", str(tmp_path)])

    svg = etree.parse(tmp_path / "incident.svg").getroot()
    words = " ".join(filter(None, svg.itertext()))
    assert len(list(svg.iter(f"{SVG}polyline"))) == len(DIAGRAM.flows)
    for name in ("Technical Team", "Respond", "Diagnose", "Is it an", "fix known", "Also ends"):
        assert name in words
