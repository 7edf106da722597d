"""`steadyhand check`: what it prints, and how it exits."""

import json

import pytest
from click.testing import CliRunner

from engine.cli import main
from tests.diagrams import bundle, flow, line, one_task, user_task
from tests.factories import SHIPPED

WRONG = bundle(
    *line(user_task("B", form="nowhere"), user_task("A", form="nowhere")),
)
ODD = bundle(
    *line(user_task("Look")), user_task("More"), flow("Look", "More"), flow("More", "Done")
)


@pytest.fixture
def check(tmp_path):
    """Writes the files of a bundle and checks the folder."""

    def run(files, *options):
        for path, content in files.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return CliRunner().invoke(main, ["check", str(tmp_path / "processes/small"), *options])

    return run


def test_a_bundle_without_findings_passes(check):
    result = check(one_task())

    assert (result.exit_code, result.output) == (0, "0 errors, 0 warnings.\n")


def test_the_shipped_bundle_passes():
    result = CliRunner().invoke(main, ["check", str(SHIPPED), "--strict"])

    assert (result.exit_code, result.output) == (0, "0 errors, 0 warnings.\n")


def test_errors_are_printed_as_a_compiler_does(check):
    result = check(WRONG)

    assert result.exit_code == 1
    assert result.output == (
        "processes/small/small.bpmn:B: error form-unknown: “Do B” The bundle has no form “nowhere”."
        " Choose another, or add it.\n"
        "processes/small/small.bpmn:A: error form-unknown: “Do A” The bundle has no form “nowhere”."
        " Choose another, or add it.\n"
        "2 errors, 0 warnings.\n"
    )


def test_warnings_alone_pass_unless_they_count(check):
    lenient, strict = check(ODD), check(ODD, "--strict")

    assert (lenient.exit_code, strict.exit_code) == (0, 1)
    assert lenient.output == strict.output
    assert lenient.output.splitlines()[-1] == "0 errors, 1 warning."


def test_findings_come_in_the_order_of_the_files(check):
    files = {**WRONG, "forms/small/broken.json": b"{"}

    lines = check(files).output.splitlines()

    assert [line.split(":")[0] for line in lines[:-1]] == [
        "forms/small/broken.json",
        "processes/small/small.bpmn",
        "processes/small/small.bpmn",
    ]


def test_programmes_read_json(check):
    result = check(ODD, "--format", "json")

    (finding,) = json.loads(result.output)
    assert result.exit_code == 0
    assert set(finding) == {
        *("rule", "path", "element_id", "element_name", "message", "severity", "line")
    }
    assert (finding["rule"], finding["severity"]) == ("implicit-split", "warning")


def test_groups_can_be_named_on_the_command_line(check):
    result = check(one_task(), "--group", "Technical Team")

    assert result.exit_code == 1
    assert "group-unknown" in result.output


def test_a_folder_without_a_bundle_is_a_mistake_of_use(check, tmp_path):
    empty = tmp_path / "processes/empty"
    empty.mkdir(parents=True)

    result = CliRunner().invoke(main, ["check", str(empty)])

    assert result.exit_code == 2
    assert "There is no bundle in" in result.output
