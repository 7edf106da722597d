"""DMN files: what a decision says that it decided, and which files are refused."""

import pytest

from engine import dmn
from engine.errors import InvalidDocument
from tests.decisions import (
    DMN_15,
    column,
    decision,
    definitions,
    input_data,
    knowledge,
    literal,
    output,
    rule,
    service,
    table,
)

IMPACT = column("impact", label="Impact")
URGENCY = column("urgency")
PRIORITY = output("priority")


def one(*parts, policy=""):
    [found] = dmn.parse(definitions(prioritise(*parts, policy=policy)))
    return found


def prioritise(*parts, policy=""):
    return decision("prioritise", table(*parts, policy=policy), name="Prioritise")


def priorities(*rules, policy=""):
    return one(IMPACT, URGENCY, PRIORITY, *rules, policy=policy)


def test_a_decision_says_what_it_decided_and_why():
    decided = priorities(
        rule("major", ['"high"', ">= 8"], ['"P1"']),
        rule("minor", ['not("high")', "-"], ['"P3"']),
    ).evaluate({"impact": "high", "urgency": 9.0})

    assert decided.outputs == {"priority": "P1"}
    assert decided.matched_rules == ("major",)
    assert decided.inputs == {"Impact": "high", "urgency": 9}


def test_no_rule_that_matches_decides_nothing():
    decided = one(
        IMPACT, PRIORITY, output("minutes"), rule("major", ['"high"'], ['"P1"', "15"])
    ).evaluate({"impact": "low"})

    assert decided.outputs == {"priority": None, "minutes": None}
    assert decided.matched_rules == ()


def test_outputs_are_expressions_over_the_context():
    table_of_two = one(
        IMPACT, PRIORITY, output("minutes"), rule("r1", [""], ['"P" + level', "hours * 60"])
    )

    decided = table_of_two.evaluate({"level": "2", "hours": 0.25})

    assert decided.outputs == {"priority": "P2", "minutes": 15}


def test_what_is_decided_is_json_data():
    decided = one(
        column('date("2026-01-31")', label="Day"),
        PRIORITY,
        rule("r1", ["-"], ['[date("2026-02-01"), 2.50, {a: duration("PT90M")}]']),
    ).evaluate({})

    assert decided.outputs == {"priority": ["2026-02-01", 2.5, {"a": "PT1H30M"}]}
    assert decided.inputs == {"Day": "2026-01-31"}


def test_what_is_no_data_cannot_be_decided():
    function = priorities(rule("r1", ["-", "-"], ["function(x) x"]))

    with pytest.raises(dmn.DmnError, match="cannot be stored") as refusal:
        function.evaluate({})

    assert refusal.value.element_id == "prioritise"


def test_an_evaluation_that_takes_too_long_is_stopped():
    endless = priorities(rule("r1", ["-", "-"], ["count(for x in 1..10000000 return x)"]))

    with pytest.raises(dmn.DmnError, match="Prioritise: A list has more than") as refusal:
        endless.evaluate({})

    assert refusal.value.element_id == "prioritise"


def test_a_decision_names_what_it_reads_and_what_it_gives():
    found = priorities(rule("r1", ["impact_limit", "? > limits.urgency"], ["preset"]))

    assert found.names == {"impact", "urgency", "impact_limit", "limits", "preset"}
    assert found.output_names == ("priority",)


def test_an_expression_gives_its_value_under_the_name_of_the_variable():
    [found] = dmn.parse(definitions(decision("d1", literal("a + 1"), variable="b")))

    decided = found.evaluate({"a": 1.5})

    assert found.output_names == ("b",)
    assert decided.outputs == {"b": 2.5}
    assert decided.inputs == {"a": 1.5}


@pytest.mark.parametrize(
    "namespace",
    [
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        DMN_15,
    ],
)
def test_every_dmn_version_that_we_name_is_read(namespace):
    content = definitions(prioritise(PRIORITY, rule("r1", [], ["1.5"])), namespace=namespace)

    [found] = dmn.parse(content)

    assert found.evaluate({}).outputs == {"priority": 1.5}


def test_a_file_may_hold_several_decisions_and_what_is_for_people():
    content = definitions(
        '<description>x</description><inputData id="in" name="In" />',
        decision("a", table(PRIORITY)),
        decision("b", "<question>Why?</question>" + table(PRIORITY)),
        '<knowledgeSource id="k" name="K" /><textAnnotation id="t" />',
        '<DMNDI xmlns="https://www.omg.org/spec/DMN/20191111/DMNDI/" />',
    )

    found = dmn.parse(content)

    assert [each.id for each in found] == ["a", "b"]


def test_a_file_without_decisions_may_serve_others():
    content = definitions(knowledge("double", ["x"], literal("x * 2")))

    assert dmn.parse(content) == []


@pytest.mark.parametrize(
    ("parts", "element_id", "message"),
    [
        ([rule("r1", ["foo(", "-"], ["1"])], "r1", r"'foo\(' is not accepted: line 1, column"),
        ([rule("r1", ["-", "-"], [""])], "r1_o", "An expression is missing"),
        ([rule("r1", ["-", "-"], ["P1 P2"])], "r1_o", "'P1 P2' is not accepted: line 1, column 4"),
        ([rule("r1", ["-"], ["1"])], "r1", "must have 2 input and 1 output cells"),
        ([rule("", ["-", "-"], ["1"])], "table", "rule has no id. Give it one."),
        ([rule("r1", ["-", "-"], ["1"])] * 2, "table", "2 rules are called r1"),
        ([IMPACT], "table", "2 inputs are called Impact"),
        ([PRIORITY], "table", "2 outputs are called priority"),
        (['<output id="o2" />'], "o2", "output has no name. Give it one."),
        (['<output id="o2" name="the priority" />'], "o2", "is not one word. Rename it"),
        (['<output id="o2" name="x"><b /></output>'], "o2", "b is not accepted in output. Remove"),
        ([output("x", values="1, <")], "table", "The outputValues are not accepted"),
        ([output("x", gives="tNone")], "table", "There is no type tNone. Define it or choose"),
        (['<input id="i3" />'], "i3", "input needs exactly one inputExpression; it has 0"),
        (['<rule id="r9" xmlns="" />'], "r9", "rule is not accepted in decisionTable. Remove it"),
    ],
)
def test_a_table_that_would_not_be_evaluated_as_it_stands_is_refused(parts, element_id, message):
    with pytest.raises(dmn.DmnError, match=message) as refusal:
        priorities(*parts)

    assert refusal.value.element_id == element_id
    assert refusal.value.element_name


@pytest.mark.parametrize("cell", ["<b />1", "1<!-- + 1 -->"])
def test_a_cell_that_holds_more_than_text_is_refused(cell):
    written = f'<rule id="r1"><outputEntry id="o1"><text>{cell}</text></outputEntry></rule>'

    with pytest.raises(dmn.DmnError, match="holds more than text") as refusal:
        one(PRIORITY, written)

    assert refusal.value.element_id == "o1"


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ('hitPolicy="BEST"', "Hit policy BEST is unknown. Use UNIQUE, FIRST, ANY, PRIORITY, RULE"),
        ('hitPolicy="COLLECT" aggregation="AVG"', "Aggregation AVG is unknown. Use SUM, MIN, MAX"),
        ('aggregation="MAX"', "Aggregation MAX needs hit policy COLLECT. Choose that."),
        ('hitPolicy="PRIORITY"', "Hit policy PRIORITY goes by the output values. List them."),
        ('hitPolicy="OUTPUT ORDER"', "Hit policy OUTPUT ORDER goes by the output values"),
        ('expressionLanguage="juel"', "Expression language juel is not accepted. Use FEEL."),
    ],
)
def test_what_is_no_hit_policy_of_feel_tables_is_refused(chosen, message):
    written = table(PRIORITY).replace('id="table"', f'id="table" {chosen}')

    with pytest.raises(dmn.DmnError, match=message) as refusal:
        dmn.parse(definitions(decision("d1", written)))

    assert refusal.value.element_id == "table"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([], "The file holds no decision. Add one."),
        ([decision("d1", "")], "decision has no logic. Give it a table or an expression."),
        ([decision("d1", literal("1") * 2)], "decision has 2 expressions. Leave one."),
        ([decision("d1", table())], "The table has no output. Add one."),
        ([decision("d1", literal("1"))] * 2, "2 elements are called d1. Give each its own."),
        ([decision("", literal("1"))], "decision has no id. Give it one."),
        ([f'<decision id="d1">{literal("1")}</decision>'], "decision has no name. Give it one."),
        (["<knowledge />"], "knowledge is not accepted in definitions. Remove it."),
        (['<import importType="urn:pmml" name="x" />'], "Only DMN models can be imported"),
        ([decision("d1", literal("1"), requires=["Decision:d2"])], "leads to #d2, which is not th"),
        ([decision("d1", literal("1"), requires=["Input:d1"])], "leads to a decision. Connect a i"),
        (
            [input_data("impact"), decision("d1", literal("impact"))],
            "d1 reads impact, which it does not require and so never finds. Draw the line",
        ),
        ([knowledge("f", ["x"], literal("x + y"))], "f reads y, which it does not require"),
        ([knowledge("f", ["x"], "")], "encapsulatedLogic has no logic. Give it a table"),
        ([decision("d1", "<functionDefinition/>")], "functionDefinition has no logic"),
        ([knowledge("f", [], literal("1"), kind="Java")], "Java functions are not run here"),
        ([service("s", outputs=[])], "The service has no output decision. Choose one."),
        ([service("s", outputs=["f"]), knowledge("f", [], literal("1"))], "outputDecision leads"),
    ],
)
def test_a_file_that_could_not_be_evaluated_whole_is_refused(parts, message):
    with pytest.raises(dmn.DmnError, match=message):
        dmn.parse(definitions(*parts))


def test_to_the_letter_a_text_that_does_not_compile_is_an_error_where_it_is_evaluated():
    model = dmn.load(
        definitions(
            decision("right", literal("1")),
            decision("wrong", table(output(), rule("r1", [], ["{a: 1, a: 2}"]))),
            decision("again", literal("wrong"), requires=["Decision:wrong"]),
            knowledge("f", ["x"], literal("nothing(x)")),
            decision("calls", literal("f(1)"), requires=["Knowledge:f"]),
            decision("asks", literal("f instance of function"), requires=["Knowledge:f"]),
        )
    )

    assert model.decision("right").value({}) == 1
    assert model.decision("asks").value({}) is True
    for broken in ("wrong", "again", "calls"):
        with pytest.raises(dmn.DmnError, match="is not accepted: line 1, column"):
            model.decision(broken).value({})


def test_to_the_letter_a_decision_needs_no_id():
    parts = [f'<decision name="{each}">{literal(each)}</decision>' for each in ("1", "2")]

    model = dmn.load(definitions(*parts))

    assert [model.named(each, "decision").value({}) for each in ("1", "2")] == [1, 2]


@pytest.mark.parametrize("content", [b"<bpmn />", definitions(namespace="urn:other")])
def test_a_file_of_another_kind_is_refused(content):
    with pytest.raises(dmn.DmnError, match=r"not a DMN 1.1 to 1.5 file. Save it as DMN 1.3."):
        dmn.parse(content)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"<a", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"x" * 2**21]
)
def test_what_is_not_plain_xml_is_an_invalid_document(content):
    with pytest.raises(InvalidDocument):
        dmn.parse(content)
