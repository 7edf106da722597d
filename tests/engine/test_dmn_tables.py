"""Decision tables: what each hit policy makes of the rules that match."""

import pytest

from engine import dmn
from tests.decisions import (
    column,
    component,
    decision,
    definitions,
    input_data,
    item,
    output,
    rule,
    table,
)

AGE = column("age", label="Age")
GRADES = '"best", "good", "poor"'


def one(*parts, gives="", items=(), **chosen):
    content = definitions(*items, decision("grade", table(*parts, **chosen), gives=gives))
    return dmn.parse(content)[0]


def graded(*rows, values="", default="", **chosen):
    """A table from age to grade; a row is (cell, grade)."""
    rules = [rule(f"r{n}", [cell], [grade]) for n, (cell, grade) in enumerate(rows, 1)]
    return one(AGE, output("grade", values=values, default=default), *rules, **chosen)


@pytest.mark.parametrize("grades", [['"good"', '"poor"'], ['"good"', '"good"']])
def test_a_unique_table_refuses_two_rules_that_match(grades):
    overlapping = graded(("-", grades[0]), ("> 1", grades[1]))

    with pytest.raises(dmn.DmnError, match=r"Rules r1 and r2 of grade both match") as refusal:
        overlapping.evaluate({"age": 2})

    assert refusal.value.element_id == "grade"
    assert refusal.value.element_name == "grade"


@pytest.mark.parametrize(
    ("policy", "matched"),
    [
        ("FIRST", ("r2",)),
        ("PRIORITY", ("r2", "r3", "r4")),
        ("RULE ORDER", ("r2", "r3", "r4")),
        ("OUTPUT ORDER", ("r2", "r3", "r4")),
        ("COLLECT", ("r2", "r3", "r4")),
    ],
)
def test_the_rules_that_count_are_told(policy, matched):
    grades = graded(
        ("< 0", '"best"'),
        ("> 0", '"poor"'),
        ("> 1", '"good"'),
        ("> 2", '"good"'),
        policy=policy,
        values=GRADES,
    )

    assert grades.evaluate({"age": 5}).matched_rules == matched


@pytest.mark.parametrize(
    ("policy", "decided"),
    [
        ("FIRST", "poor"),
        ("PRIORITY", "good"),
        ("RULE ORDER", ["poor", "good", "good"]),
        ("OUTPUT ORDER", ["good", "good", "poor"]),
        ("COLLECT", ["poor", "good", "good"]),
    ],
)
def test_a_policy_chooses_or_lists_what_the_rules_say(policy, decided):
    grades = graded(
        ("> 0", '"poor"'), ("> 1", '"good"'), ("> 2", '"good"'), policy=policy, values=GRADES
    )

    assert grades.evaluate({"age": 5}).outputs == {"grade": decided}


@pytest.mark.parametrize(
    ("aggregation", "age", "decided"),
    [
        ("SUM", 5, 60.5),
        ("MIN", 5, 10),
        ("MAX", 5, 30.5),
        ("COUNT", 5, 3),
        ("SUM", 0, None),
        ("MIN", 0, None),
        ("MAX", 0, None),
        ("COUNT", 0, 0),
    ],
)
def test_what_is_collected_may_be_aggregated(aggregation, age, decided):
    points = graded(
        ("> 0", "10"), ("> 1", "20"), ("> 2", "30.5"), policy="COLLECT", aggregation=aggregation
    )

    assert points.evaluate({"age": age}).outputs == {"grade": decided}


@pytest.mark.parametrize("policy", ["RULE ORDER", "OUTPUT ORDER", "COLLECT"])
def test_a_policy_that_lists_gives_an_empty_list_when_nothing_matches(policy):
    grades = graded(("> 0", '"poor"'), policy=policy, values=GRADES)

    assert grades.evaluate({"age": 0}).outputs == {"grade": []}


@pytest.mark.parametrize(
    ("policy", "decided"),
    [("UNIQUE", "poor"), ("FIRST", "poor"), ("ANY", "poor"), ("COLLECT", ["poor"])],
)
def test_the_default_output_counts_when_nothing_matches(policy, decided):
    grades = graded(("> 0", '"good"'), policy=policy, default='"po" + "or"')

    outcome = grades.evaluate({"age": 0})

    assert outcome.outputs == {"grade": decided}
    assert outcome.matched_rules == ()


def test_rules_that_agree_may_all_match_under_any():
    agreeing = graded(("-", "[1, {a: 2}]"), ("> 1", "[1, {a: 1 + 1}]"), policy="ANY")

    decided = agreeing.evaluate({"age": 2})

    assert decided.outputs == {"grade": [1, {"a": 2}]}
    assert decided.matched_rules == ("r1", "r2")


@pytest.mark.parametrize(
    ("one_cell", "other_cell"), [('"P1"', '"P2"'), ("true", "1"), ("null", "0"), ("[1]", "[2]")]
)
def test_rules_that_disagree_may_not_both_match_under_any(one_cell, other_cell):
    disagreeing = graded(("-", one_cell), ("-", other_cell), policy="ANY")

    with pytest.raises(dmn.DmnError, match="both match, but decide differently"):
        disagreeing.evaluate({})


def test_several_outputs_are_several_variables():
    found = one(AGE, output("grade"), output("fee"), rule("r1", ["-"], ['"good"', "age * 2"]))

    assert found.output_names == ("grade", "fee")
    assert found.evaluate({"age": 4}).outputs == {"grade": "good", "fee": 8}


def test_several_outputs_of_several_rules_are_a_list_of_rows():
    found = one(
        AGE,
        output("grade", values=GRADES),
        output("fee", values="1, 2"),
        rule("r1", ["-"], ['"good"', "2"]),
        rule("r2", ["-"], ['"good"', "1"]),
        rule("r3", ["-"], ['"best"', "2"]),
        policy="OUTPUT ORDER",
    )

    decided = found.evaluate({"age": 4}).outputs

    assert [[row["grade"], row["fee"]] for row in decided["grade"]] == [
        ["best", 2],
        ["good", 1],
        ["good", 2],
    ]


def test_the_order_of_outputs_may_be_that_of_the_values_of_their_type():
    found = one(
        AGE,
        output("grade"),
        rule("r1", ["-"], ['"poor"']),
        rule("r2", ["-"], ['"best"']),
        policy="PRIORITY",
        items=[item("tGrade", "string", allowed=GRADES)],
        gives="tGrade",
    )

    assert found.evaluate({}).outputs == {"grade": "best"}


def test_an_output_that_is_not_listed_comes_last():
    grades = graded(("-", '"other"'), ("-", '"poor"'), policy="OUTPUT ORDER", values=GRADES)

    assert grades.evaluate({}).outputs == {"grade": ["poor", "other"]}


def test_a_row_takes_the_types_of_its_components():
    found = one(
        AGE,
        output("grade"),
        output("fee"),
        rule("r1", ["-"], ['"good"', '"much"']),
        items=[item("tRow", components=[component("grade", "string"), component("fee", "number")])],
        gives="tRow",
    )

    assert found.evaluate({}).outputs == {"grade": None, "fee": None}


@pytest.mark.parametrize("size", ["XL", ["S", "XL"]])
def test_an_input_that_is_not_among_its_values_is_refused(size):
    checked = one(column("size", values='"S", "L"', label="Size"), output("fee"))

    with pytest.raises(dmn.DmnError, match=r'Size of grade is XL, .* among its input values "S"'):
        checked.evaluate({"size": size})


def test_each_item_of_an_input_may_be_among_its_values():
    sizes = column("sizes", values='"S", "L"')
    checked = one(sizes, output("fee"), rule("r1", ['list contains(?, "S")'], ["1"]))

    assert checked.evaluate({"sizes": ["L", "S"]}).outputs == {"fee": 1}


def test_an_input_that_is_missing_matches_nothing_but_dashes():
    checked = one(
        column("size", values='"S", "L"'),
        output("fee"),
        rule("r1", ['"S"'], ["1"]),
        rule("r2", ["-"], ["2"]),
    )

    assert checked.evaluate({}).outputs == {"fee": 2}


def test_cells_may_name_variables_that_hold_spaces():
    content = definitions(
        input_data("Monthly Salary", "number"),
        decision(
            "grade",
            table(
                column("Monthly Salary * 12"),
                output("grade"),
                rule("r1", ["> 11 * Monthly Salary"], ["Monthly Salary"]),
            ),
            requires=["Input:Monthly Salary"],
        ),
    )
    [found] = dmn.parse(content)

    assert found.names == {"Monthly Salary"}
    assert found.evaluate({"Monthly Salary": 1000}).outputs == {"grade": 1000}


def test_an_aggregation_is_refused_over_several_outputs():
    with pytest.raises(dmn.DmnError, match="Aggregation SUM needs a single output"):
        one(AGE, output("a"), output("b"), policy="COLLECT", aggregation="SUM")
