"""The runner of the DMN test kit, on cases of our own; and on the kit itself where DMN_TCK is."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conformance import dmn_tck
from tests.decisions import decision, definitions, literal, service

OWN = Path(__file__).with_name("dmn_cases")
# The public kit is not part of the repository; the variable names the folder of a checkout.
FOLDERS = [OWN, *map(Path, filter(None, [os.environ.get("DMN_TCK")]))]

MODEL = definitions(
    decision("right", literal("1 + 1")),
    decision("wrong", literal('"x"')),
    decision("broken", literal("1 +")),
    service("asked", outputs=["right"]),
)


def result(name, expected, **attributes):
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f'<resultNode name="{name}"{written}><expected>{expected}</expected></resultNode>'


def number(value):
    return f'<value xsi:type="xsd:decimal">{value}</value>'


@pytest.fixture
def run(tmp_path, capsys):
    """Run cases against ``MODEL``; gives the exit code and the lines printed."""

    def run_cases(*results, known="", model=MODEL):
        folder = tmp_path / "kit" / "0001-small"
        folder.mkdir(parents=True)
        (folder / "small.dmn").write_bytes(model)
        (folder / "small-test-01.xml").write_text(
            '<testCases xmlns="http://www.omg.org/spec/DMN/20160719/testcase"'
            ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
            ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"><modelName>small.dmn</modelName>'
            f'<testCase id="001">{"".join(results)}</testCase></testCases>'
        )
        listed = tmp_path / "known.toml"
        listed.write_text(known)
        code = dmn_tck.main([str(tmp_path / "kit"), "--known", str(listed)])
        return code, capsys.readouterr().out.splitlines()

    return run_cases


def known(case_id):
    return f'[[known]]\nids = ["{case_id}"]\nreason = "It is wrong on purpose."\n'


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_cases_of_the_kit_pass_but_for_those_on_the_list(folder, capsys):
    code = dmn_tck.main([str(folder)])

    assert code == 0, capsys.readouterr().out


def test_our_own_cases_are_all_run(capsys):
    dmn_tck.main([str(OWN)])

    assert capsys.readouterr().out == "passed 7, failed 0, total 7\n"


def test_a_case_that_fails_is_told_with_what_was_expected(run):
    code, lines = run(result("right", number(2)), result("wrong", number(2)))

    assert code == 1
    assert lines == [
        "FAILED 0001-small/001/wrong",
        "       expected Decimal('2'), found 'x'",
        "passed 1, failed 1, total 2",
    ]


def test_a_case_on_the_list_may_fail(run):
    code, lines = run(result("wrong", number(2)), known=known("0001-small/001/wrong"))

    assert code == 0
    assert lines[0] == "known  0001-small/001/wrong: It is wrong on purpose."
    assert lines[-1] == "passed 0, failed 1, total 1"


def test_a_case_on_the_list_may_not_pass(run):
    code, lines = run(result("right", number(2)), known=known("0001-small/001/right"))

    assert code == 1
    assert "PASSED 0001-small/001/right, although it is known to fail" in lines[0]


def test_a_decision_that_cannot_be_compiled_fails_its_own_cases(run):
    code, lines = run(result("right", number(2)), result("broken", number(2)))

    assert code == 1
    assert lines[0] == "FAILED 0001-small/001/broken"
    assert "expected Decimal('2'), found '1 +' is not accepted" in lines[1]
    assert lines[-1] == "passed 1, failed 1, total 2"


def test_a_decision_that_cannot_be_compiled_is_an_error_that_a_case_may_expect(run):
    code, lines = run(result("broken", "", errorResult="true"))

    assert code == 0
    assert lines == ["passed 1, failed 0, total 1"]


@pytest.mark.parametrize("model", [b"no XML", definitions()])
def test_a_model_that_is_none_fails_its_cases(run, model):
    code, lines = run(result("right", number(2)), model=model)

    assert code == 1
    assert "refused: " in lines[1]


def test_a_folder_without_cases_proves_nothing(tmp_path, capsys):
    assert dmn_tck.main([str(tmp_path)]) == 1
    assert capsys.readouterr().out == "passed 0, failed 0, total 0\n"


def test_a_folder_that_is_not_there_is_said(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        dmn_tck.main([str(tmp_path / "nowhere")])

    assert "is not a folder" in capsys.readouterr().err


def test_a_test_file_that_is_not_xml_is_said(tmp_path, capsys):
    (tmp_path / "small-test-01.xml").write_text("<testCases>")

    with pytest.raises(SystemExit, match="2"):
        dmn_tck.main([str(tmp_path)])

    assert "A test file cannot be read: This is not XML" in capsys.readouterr().err


def test_an_expectation_that_makes_no_sense_fails_its_case(run):
    code, lines = run(result("right", number("two")))

    assert code == 1
    assert "crashed: " in lines[1]


@pytest.mark.parametrize(
    ("expected", "found", "same"),
    [
        (Decimal("0.1"), Decimal("0.100000001"), True),
        (Decimal("0.1"), Decimal("0.1001"), False),
        (Decimal(1), True, False),
        (True, 1, False),
        (None, None, True),
        (None, 0, False),
        ("1", 1, False),
        ([Decimal(1)], [1], True),
        ([Decimal(1)], [1, 2], False),
        ([Decimal(1)], Decimal(1), False),
        ({"a": Decimal(1)}, {"a": 1}, True),
        ({"a": Decimal(1)}, {"a": 1, "b": 2}, False),
        ({"a": None}, {}, False),
    ],
)
def test_values_are_compared_as_the_kit_does(expected, found, same):
    assert dmn_tck.is_same(expected, found) is same
