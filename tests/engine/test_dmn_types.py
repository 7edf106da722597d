"""Item definitions: what conforms to them, and what becomes of what does not."""

import pytest

from engine import dmn
from tests.decisions import (
    component,
    decision,
    definitions,
    input_data,
    item,
    literal,
    output,
    rule,
    table,
)

PERSON = item("tPerson", components=[component("name", "string"), component("age", "number")])


def given(datum, type_name, *items, feel="x"):
    """What a decision sees of a datum that its input data gives a type."""
    content = definitions(
        *items, input_data("x", type_name), decision("d1", literal(feel), requires=["Input:x"])
    )
    return dmn.load(content).decision("d1").evaluate({"x": datum}).outputs["d1"]


@pytest.mark.parametrize(
    ("datum", "type_name", "expected"),
    [
        (1.5, "number", 1.5),
        ("x", "number", None),
        (True, "number", None),
        ([1], "number", 1),
        ([1, 2], "number", None),
        ("x", "Any", "x"),
        ("x", "tAnything", "x"),
        (["x"], "string", "x"),
        (1, "feel:number", 1),
        ("x", "tWords", ["x"]),
        (["x", 1], "tWords", None),
        ({"name": "A", "age": 3}, "tPerson", {"name": "A", "age": 3}),
        ({"name": "A", "age": 3, "more": 1}, "tPerson", {"name": "A", "age": 3, "more": 1}),
        ({"name": "A"}, "tPerson", None),
        ({"name": "A", "age": "x"}, "tPerson", None),
        ([{"name": "A", "age": 3}], "tPeople", [{"name": "A", "age": 3}]),
        ("low", "tLevel", "low"),
        ("lowest", "tLevel", None),
        ("low", "tLow", "low"),
        (1, "tLow", None),
        (["low", "high"], "tLevels", ["low", "high"]),
        (["low", "lowest"], "tLevels", None),
        (7, "tSmallEven", None),
        (8, "tSmallEven", 8),
        (12, "tSmallEven", None),
        ([1, 2], "tPair", [1, 2]),
        ([1, 2, 3], "tPair", None),
    ],
)
def test_a_datum_is_taken_as_its_type(datum, type_name, expected):
    items = [
        PERSON,
        item("tAnything"),
        item("tWords", "string", collection=True),
        item("tPeople", "tPerson", collection=True),
        item("tLevel", "string", allowed='"low", "high"'),
        item("tLow", "Any", allowed='"low"'),
        item("tLevels", "string", allowed='"low", "high"', collection=True),
        item("tSmallEven", "tEven", allowed="< 10"),
        item("tEven", "number", allowed="even(?)"),
        item("tPair", "number", collection=True, constraint="count(?) = 2"),
    ]

    assert given(datum, type_name, *items) == expected


@pytest.mark.parametrize(
    ("datum", "type_name", "feel", "expected"),
    [
        ("2026-01-31", "date", "x + duration(\"P1D\")", "2026-02-01"),
        ("2026-01-31T10:00:00Z", "dateTime", "x.hour", 10),
        ("2026-01-31", "date and time", "x.hour", 0),
        ("10:30:00", "time", "x.minute", 30),
        ("PT90M", "dayTimeDuration", "x.minutes", 30),
        ("P1Y2M", "yearMonthDuration", "x.months", 2),
        (["2026-01-31"], "tDays", "x[1].day", 31),
        ({"day": "2026-01-31"}, "tEvent", "x.day.day", 31),
        ("31 January", "date", "x", None),
        ("2026-01-31", "string", "x", "2026-01-31"),
    ],
)  # fmt: skip
def test_dates_and_durations_are_read_from_the_text_that_data_has(datum, type_name, feel, expected):
    items = [
        item("tDays", "date", collection=True),
        item("tEvent", components=[component("day", "date")]),
    ]

    assert given(datum, type_name, *items, feel=feel) == expected


def test_a_decision_gives_what_its_type_says():
    content = definitions(
        item("tLevel", "string", allowed='"low", "high"'),
        decision("d1", literal('"lowest"'), gives="tLevel"),
    )

    assert dmn.load(content).decision("d1").value({}) is None


@pytest.mark.parametrize(
    ("feel", "expected"), [('"lowest" instance of tLevel', True), ("1 instance of tLevel", False)]
)
def test_expressions_know_the_types_but_not_what_they_allow(feel, expected):
    content = definitions(
        item("tLevel", "string", allowed='"low", "high"'), decision("d1", literal(feel))
    )

    assert dmn.load(content).decision("d1").value({}) is expected


def test_components_with_spaces_are_known_where_their_type_is():
    person = item("tPerson", components=[component("full name", "string")])

    assert given({"full name": "A"}, "tPerson", person, feel='x.full name + "!"') == "A!"


def test_a_function_type_takes_functions_of_its_shape():
    function = (
        '<itemDefinition name="tTest"><functionItem outputTypeRef="boolean">'
        '<parameters name="n" typeRef="number"/></functionItem></itemDefinition>'
    )
    content = definitions(
        function,
        decision("two", literal("function(a, b) true"), gives="tTest"),
        decision("one", literal("function(a) true"), gives="tTest"),
    )
    model = dmn.load(content)

    assert model.decision("two").value({}) is None
    assert model.decision("one").value({}) is not None


TREE = item(
    "tTree",
    components=[
        component("due day", "date"),
        component("parts", "tTree", collection=True, constraint="count(?) < 3"),
    ],
)


def tree(*parts, due="2026-01-31"):
    return {"due day": due, "parts": list(parts)}


@pytest.mark.parametrize(
    ("datum", "is_tree"),
    [
        (tree(), True),
        (tree(tree(), tree(tree())), True),
        (tree(tree(due="soon")), True),  # which is null
        (tree(tree(due=1)), False),
        (tree(tree(tree({}))), False),
        (tree(tree(tree(), tree(), tree())), False),
        ({"due day": "2026-01-31"}, False),
    ],
)
def test_a_type_that_holds_itself_is_checked_as_deep_as_its_values_go(datum, is_tree):
    assert (given(datum, "tTree", TREE) is not None) is is_tree


@pytest.mark.parametrize(
    ("feel", "expected"),
    [
        ("x.parts[1].due day.day", 30),
        ("x.parts[1] instance of tTree", True),
        ("x.due day instance of tTree", False),
    ],
)
def test_what_is_inside_a_type_that_holds_itself_is_known(feel, expected):
    assert given(tree(tree(due="2026-01-30")), "tTree", TREE, feel=feel) is expected


def test_types_may_hold_each_other():
    items = [
        item("tTeam", components=[component("members", "tPeople")]),
        item("tPeople", "tMember", collection=True),
        item("tMember", components=[component("their team", "tTeam"), component("age", "number")]),
    ]
    team = {"members": [{"age": 3, "their team": {"members": []}}]}

    assert given(team, "tTeam", *items, feel="x.members.their team.members") == [[]]
    assert given([{"age": 3, "their team": {"members": [1]}}], "tPeople", *items) is None


def test_a_type_that_holds_itself_types_the_rows_of_a_table():
    items = [item("tNode", components=[component("next", "tNodes")])]
    items += [item("tNodes", "tNode", collection=True)]
    rows = [rule("right", [], ["{next: []}"]), rule("wrong", [], ["{next: [{}]}"])]
    listed = table(output(), *rows, policy="COLLECT")
    content = definitions(*items, decision("d1", listed, gives="tNodes"))

    [finding] = dmn.check(dmn.load(content).decision("d1"))

    assert finding.message.startswith("Rule wrong says {next: [{}]} under d1, which is a context.")


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([item("tA", "tB")], "There is no type tB. Define it or choose another."),
        ([item("tA", "tB"), item("tB", "tA")], "Type tA holds itself. Give an inner part typeRef"),
        ([item("tA", "tA", collection=True)], "Type tA holds itself"),
        ([PERSON, PERSON], "2 item definitions are called tPerson"),
        ([item("tA", components=[component("a"), component("a")])], "2 components are called a"),
        ([item("tA", "string", allowed="1 +")], "The allowedValues are not accepted: line 1"),
        ([item("tA", "string").replace("</item", "<functionItem/></item")], "Leave one"),
        ([item("tA", "string").replace("<typeRef>", "<x/><typeRef>")], "x is not accepted in"),
        ([item("tA", "string", constraint="1") * 2], "2 item definitions are called tA"),
        (
            [item("tA", "string", allowed="1").replace("</item", "<typeRef/></item")],
            "itemDefinition has 2 typeRef. Leave one.",
        ),
        (
            [
                item("t0", components=[component(f"c{n}") for n in range(40)]),
                item("t1", components=[component(f"c{n}", "t0") for n in range(40)]),
            ],
            "The type has more than 1000 parts. Split it.",
        ),
        (
            [item("t0", "string"), *(item(f"t{n}", f"t{n - 1}") for n in range(30, 0, -1))],
            "is too deep inside others",
        ),
    ],
)
def test_a_type_that_makes_no_sense_is_refused(items, message):
    with pytest.raises(dmn.DmnError, match=message):
        dmn.parse(definitions(*items, decision("d1", literal("1"))))
