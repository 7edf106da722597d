"""Decision tables: what they decide, why, and which files are refused."""

from decimal import Decimal

import pytest

from engine import dmn
from engine.errors import InvalidDocument

DMN_13 = "https://www.omg.org/spec/DMN/20191111/MODEL/"
IMPACT = (
    '<input id="i1" label="Impact"><inputExpression><text>impact</text></inputExpression></input>'
)
URGENCY = '<input id="i2"><inputExpression><text>urgency</text></inputExpression></input>'
PRIORITY = '<output id="o1" name="priority" />'
ESCALATE = '<output id="o2" name="minutes" />'


def rule(rule_id, inputs, outputs):
    cells = [f"<inputEntry><text>{text}</text></inputEntry>" for text in inputs]
    cells += [
        f'<outputEntry id="{rule_id}_o"><text>{text}</text></outputEntry>' for text in outputs
    ]
    return f'<rule id="{rule_id}">{"".join(cells)}</rule>'


def decision(table, decision_id="prioritise"):
    return f'<decision id="{decision_id}" name="Prioritise">{table}</decision>'


def table(*parts, policy=""):
    return f'<decisionTable id="table" {policy}>{"".join(parts)}</decisionTable>'


def definitions(*parts, namespace=DMN_13):
    return (
        f'<definitions xmlns="{namespace}" id="d" name="D">{"".join(parts)}</definitions>'.encode()
    )


def one(*parts, policy=""):
    return dmn.parse(definitions(decision(table(*parts, policy=policy))))[0]


def priorities(*rules, policy=""):
    return one(IMPACT, URGENCY, PRIORITY, *rules, policy=policy)


def test_a_decision_says_what_it_decided_and_why():
    decided = priorities(
        rule("major", ['"high"', "&gt;= 8"], ['"P1"']),
        rule("minor", ['not("high")', "-"], ['"P3"']),
    ).evaluate({"impact": "high", "urgency": 9.0})

    assert decided.outputs == {"priority": "P1"}
    assert decided.matched_rules == ("major",)
    assert decided.inputs == {"Impact": "high", "urgency": 9}


def test_no_rule_that_matches_decides_nothing():
    decided = one(IMPACT, PRIORITY, ESCALATE, rule("major", ['"high"'], ['"P1"', "15"])).evaluate(
        {"impact": "low"}
    )

    assert decided.outputs == {"priority": None, "minutes": None}
    assert decided.matched_rules == ()


def test_outputs_are_expressions_over_the_context():
    table_of_two = one(IMPACT, PRIORITY, ESCALATE, rule("r1", [""], ['"P" + level', "hours * 60"]))

    decided = table_of_two.evaluate({"level": "2", "hours": 0.25})

    assert decided.outputs == {"priority": "P2", "minutes": 15}


def test_a_decision_names_what_it_reads_and_what_it_gives():
    found = priorities(rule("r1", ["impact_limit", "? &gt; limits.urgency"], ["preset"]))

    assert found.names == {"impact", "urgency", "impact_limit", "limits", "preset"}
    assert found.output_names == ("priority",)


@pytest.mark.parametrize("outputs", [['"P1"', '"P2"'], ['"P1"', '"P1"']])
def test_a_unique_table_refuses_two_rules_that_match(outputs):
    overlapping = priorities(rule("r1", ["-", "-"], outputs[:1]), rule("r2", ["", ""], outputs[1:]))

    with pytest.raises(dmn.DmnError, match=r"Rules r1 and r2 of Prioritise both match") as refusal:
        overlapping.evaluate({})

    assert refusal.value.element_id == "prioritise"
    assert refusal.value.element_name == "Prioritise"


def test_the_first_rule_that_matches_counts_under_first():
    overlapping = priorities(
        rule("r1", ['"high"', "-"], ['"P1"']),
        rule("r2", ["-", "&gt; 1"], ['"P2"']),
        rule("r3", ["-", "-"], ['"P3"']),
        policy='hitPolicy="FIRST"',
    )

    decided = overlapping.evaluate({"impact": "low", "urgency": 5})

    assert decided.outputs == {"priority": "P2"}
    assert decided.matched_rules == ("r2",)


def test_rules_that_agree_may_all_match_under_any():
    agreeing = priorities(
        rule("r1", ["-", "-"], ['"P1"']),
        rule("r2", ["-", "-"], ['"P" + "1"']),
        policy='hitPolicy="ANY"',
    )

    decided = agreeing.evaluate({})

    assert decided.outputs == {"priority": "P1"}
    assert decided.matched_rules == ("r1", "r2")


@pytest.mark.parametrize(
    ("one_cell", "other_cell"), [('"P1"', '"P2"'), ("true", "1"), ("null", "0")]
)
def test_rules_that_disagree_may_not_both_match_under_any(one_cell, other_cell):
    disagreeing = priorities(
        rule("r1", ["-", "-"], [one_cell]),
        rule("r2", ["-", "-"], [other_cell]),
        policy='hitPolicy="ANY"',
    )

    with pytest.raises(dmn.DmnError, match="both match, but decide differently"):
        disagreeing.evaluate({})


@pytest.mark.parametrize(
    "namespace",
    [
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        DMN_13,
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    ],
)
def test_every_dmn_version_that_we_name_is_read(namespace):
    content = definitions(decision(table(PRIORITY, rule("r1", [], ["1.5"]))), namespace=namespace)

    [found] = dmn.parse(content)

    assert found.evaluate({}).outputs == {"priority": Decimal("1.5")}


def test_a_file_may_hold_several_decisions_and_a_drawing_of_them():
    content = definitions(
        '<description>x</description><inputData id="in" name="In" />',
        decision(table(PRIORITY), decision_id="a"),
        decision('<variable name="x" />' + table(PRIORITY), decision_id="b"),
        '<DMNDI xmlns="https://www.omg.org/spec/DMN/20191111/DMNDI/" />',
    )

    found = dmn.parse(content)

    assert [each.id for each in found] == ["a", "b"]


@pytest.mark.parametrize(
    ("parts", "element_id", "message"),
    [
        (
            [rule("r1", ["foo(1)", "-"], ["1"])],
            "r1",
            r"'foo\(1\)' is not accepted: line 1, column 1",
        ),
        ([rule("r1", ["-", "-"], [""])], "r1_o", "An expression is missing"),
        ([rule("r1", ["-", "-"], ["P1 P2"])], "r1_o", "column 4: expected an operator or the end"),
        ([rule("r1", ["-", "-"], ["<b />1"])], "r1_o", "holds more than text"),
        ([rule("r1", ["-", "-"], ["1<!-- + 1 -->"])], "r1_o", "holds more than text"),
        ([rule("r1", ["-"], ["1"])], "r1", "must have 2 input and 1 output cells"),
        ([rule("", ["-", "-"], ["1"])], "table", "rule has no id. Give it one."),
        ([rule("r1", ["-", "-"], ["1"])] * 2, "table", "2 rules are called r1"),
        ([IMPACT], "table", "2 inputs are called Impact"),
        ([PRIORITY], "table", "2 outputs are called priority"),
        (['<output id="o2" />'], "o2", "output has no name. Give it one."),
        (['<output id="o2" name="the priority" />'], "o2", "is not one word. Rename it"),
        (['<output id="o2" name="x"><outputValues /></output>'], "o2", "outputValues is not acc"),
        (['<output id="o2" name="x"><defaultOutputEntry /></output>'], "o2", "defaultOutputEntry"),
        (['<input id="i3" />'], "i3", "input needs exactly one inputExpression; it has 0"),
        (['<rule id="r9" xmlns="" />'], "r9", "rule is not accepted in decisionTable. Remove it"),
    ],
)
def test_a_table_that_would_not_be_evaluated_as_it_stands_is_refused(parts, element_id, message):
    with pytest.raises(dmn.DmnError, match=message) as refusal:
        priorities(*parts)

    assert refusal.value.element_id == element_id
    assert refusal.value.element_name


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ('hitPolicy="COLLECT"', "Hit policy COLLECT is not accepted. Use UNIQUE, FIRST, ANY."),
        ('hitPolicy="COLLECT" aggregation="SUM"', "Hit policy COLLECT SUM is not accepted"),
        ('hitPolicy="RULE ORDER"', "Hit policy RULE ORDER is not accepted"),
        ('aggregation="MAX"', "Hit policy UNIQUE MAX is not accepted"),
        ('expressionLanguage="juel"', "Expression language juel is not accepted. Use FEEL."),
    ],
)
def test_other_hit_policies_and_languages_are_refused(policy, message):
    with pytest.raises(dmn.DmnError, match=message) as refusal:
        priorities(policy=policy)

    assert refusal.value.element_id == "table"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([], "The file holds no decision"),
        ([decision("")], "decision needs exactly one decisionTable"),
        ([decision(table())], "The table has no output"),
        ([decision("<literalExpression><text>1</text></literalExpression>")], "literalExpression"),
        (
            [
                decision(
                    '<informationRequirement><requiredDecision href="#d" />'
                    "</informationRequirement>" + table(PRIORITY)
                )
            ],
            "requiredDecision is not accepted",
        ),
        ([decision("<knowledgeRequirement />" + table(PRIORITY))], "knowledgeRequirement is not"),
        (["<businessKnowledgeModel />"], "businessKnowledgeModel is not accepted in definitions"),
        (["<import />"], "import is not accepted in definitions. Remove it."),
        ([decision(table(PRIORITY))] * 2, "2 decisions are called prioritise. Give each its own."),
        ([decision(table(PRIORITY), decision_id="")], "decision has no id. Give it one."),
    ],
)
def test_a_file_that_holds_more_or_less_than_tables_is_refused(parts, message):
    with pytest.raises(dmn.DmnError, match=message):
        dmn.parse(definitions(*parts))


@pytest.mark.parametrize("content", [b"<bpmn />", definitions(namespace="urn:other")])
def test_a_file_of_another_kind_is_refused(content):
    with pytest.raises(dmn.DmnError, match=r"not a DMN 1.2 to 1.5 file. Save it as DMN 1.3."):
        dmn.parse(content)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"<a", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"x" * 2**21]
)
def test_what_is_not_plain_xml_is_an_invalid_document(content):
    with pytest.raises(InvalidDocument):
        dmn.parse(content)
