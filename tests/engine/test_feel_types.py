"""FEEL: types, functions made elsewhere, and what may be stored."""

from decimal import Decimal

import pytest

from engine.feel import (
    FeelError,
    FeelValueError,
    Function,
    Parameter,
    coerce,
    compile_expression,
    compile_unary_tests,
    conforms,
    parse_moment,
    parse_type,
    register,
    to_data,
)
from engine.feel.functions import call, call_named
from engine.feel.types import NUMBER, STRING, Kind, Type

DAY = parse_moment("2024-02-29")
COLOUR = Type(Kind.STRING, allows=lambda value: value in ("red", "blue"))
TYPES = {
    "tColour": COLOUR,
    "tPerson": parse_type("context<first name: string, age: number>"),
    "other.tId": NUMBER,
}


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        (1, "number", True),
        (True, "number", False),
        ("a", "string", True),
        (None, "Any", False),
        (None, "Null", True),
        ([1, 2], "list<number>", True),
        ([1, None], "list<number>", True),
        ([1, "a"], "list<number>", False),
        ([], "list", True),
        ({"a": 1}, "context<a: number>", True),
        ({"a": 1, "b": 2}, "context<a: number>", True),
        ({}, "context<a: number>", False),
        ({"a": [{"b": 1}]}, "context<a: list<context<b: string>>>", False),
        (DAY, "date", True),
        (DAY, "date and time", False),
        (parse_moment("P1D"), "days and time duration", True),
        (parse_moment("P1Y"), "years  and months duration", True),
        ("green", "tColour", True),
        ({"first name": "Ada", "age": 36}, "tPerson", True),
        ({"first name": "Ada"}, "tPerson", False),
        (7, "other.tId", True),
    ],
)
def test_a_value_is_an_instance_of_a_type(value, text, expected):
    expression = compile_expression(f"v instance of {text}", types=TYPES)

    assert expression.evaluate({"v": value}) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1..3] instance of range<number>", True),
        ("(< 3) instance of range<string>", False),
        ("abs instance of function<number> -> Any", True),
        ("(function(a: number) a) instance of function<number> -> Any", True),
        ("(function(a: number) a) instance of function<string> -> Any", False),
        ("(function() 1) instance of function<> -> Any", True),
        ("(function() 1) instance of function", True),
        ("1 + 2 instance of number", None),
        ("(1 + 2) instance of number and true", True),
    ],
)
def test_ranges_and_functions_have_types(text, expected):
    assert compile_expression(text).evaluate({}) is expected


@pytest.mark.parametrize(
    "text", ["", "nope", "list<", "list<number", "context<a>", "function<number>", "number number"]
)
def test_a_text_that_is_no_type_is_refused(text):
    with pytest.raises(FeelError, match="expected"):
        parse_type(text)


@pytest.mark.parametrize(
    ("value", "to", "expected"),
    [
        (1, "number", 1),
        ("1", "number", None),
        ([1], "number", 1),
        ([1, 2], "number", None),
        (1, "list<number>", [1]),
        ("a", "list<number>", None),
        (DAY, "date and time", parse_moment("2024-02-29T00:00:00Z")),
        ("red", "tColour", "red"),
        ("green", "tColour", None),
        (["red", "green"], "list<tColour>", None),
        (None, "number", None),
    ],
)
def test_a_value_is_coerced_as_dmn_has_it(value, to, expected):
    assert coerce(value, parse_type(to, TYPES)) == expected


def test_null_conforms_to_every_type_but_a_value_only_to_its_own():
    assert conforms(None, NUMBER)
    assert conforms(1, NUMBER)
    assert not conforms("green", COLOUR)


def test_a_function_made_elsewhere_is_called_by_position_and_by_name():
    twice = Function((Parameter("n", NUMBER),), lambda arguments: arguments[0] * 2, NUMBER)
    context = {"twice it": twice}

    by_position = compile_expression("twice it(4)", names=["twice it"]).evaluate(context)
    by_name = compile_expression("twice it(n: [4])", names=["twice it"]).evaluate(context)

    assert (by_position, by_name) == (8, 8)
    assert call(twice, [1, 2]) is None
    assert call(twice, ["1"]) is None
    assert call_named(twice, {"m": 1}) is None
    assert call("no function", []) is None


def test_a_result_that_is_not_of_the_declared_type_is_null():
    wrong = Function((), lambda _arguments: 1, STRING)

    assert call(wrong, []) is None


def test_a_registered_function_is_known_to_every_expression():
    register("test shout", Function((Parameter("text", STRING),), lambda given: f"{given[0]}!"))

    assert compile_expression('test shout("hey")').evaluate({}) == "hey!"
    with pytest.raises(ValueError, match="exists already"):
        register("test shout", Function((), lambda _given: None))


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2.0", 2),
        ("5 / 2", 2.5),
        ("1e40", 1e40),
        ('[1, {a: null, b: "x"}, true]', [1, {"a": None, "b": "x"}, True]),
        ('@"2024-02-29"', "2024-02-29"),
        ('{due: @"2024-02-29T10:00:00Z" + @"PT4H"}', {"due": "2024-02-29T14:00:00Z"}),
        ('[@"P1D", @"P1Y", @"10:00:00"]', ["P1D", "P1Y", "10:00:00"]),
    ],
)
def test_a_value_can_be_stored_as_json(text, stored):
    data = to_data(compile_expression(text).evaluate({}))

    assert data == stored
    assert type(data) is type(stored)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("[1..2]", "A range cannot be stored"),
        ("[function() 1]", "A function cannot be stored"),
        ("1e400", "too large to be stored"),
        ("foreign", "A object cannot be stored"),
    ],
)
def test_what_json_cannot_hold_is_not_stored(value, message):
    found = compile_expression(value).evaluate({"foreign": object()})

    with pytest.raises(FeelValueError, match=message):
        to_data(found)


def test_what_is_stored_reads_the_same_again():
    value = compile_expression("{n: 0.1 + 0.2, list: [1, 2.5]}").evaluate({})

    again = compile_expression("v").evaluate({"v": to_data(value)})

    assert again == value
    assert again["n"] == Decimal("0.3")


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("[1..3], [7..9]", 8, True),
        ('@"2024-01-01"', parse_moment("2024-01-01"), True),
        ("list", 2, True),
        ("list", [1, 2], True),
        ("list contains(?, 2)", [1, 2], True),
        ('starts with(?, "a"), "b"', "abc", True),
        ('count(?) > 1 and ?[1] = "x"', ["x", "y"], True),
        ("not([1..3])", 2, False),
        ("some i in ? satisfies i > 2", [1, 3], True),
        ("Monthly Salary", 100, True),
        ('if ? = 1 then true else "x"', "x", True),
        ("date(2024, 1, 1)", parse_moment("2024-01-01"), True),
    ],
)
def test_a_cell_may_hold_any_expression(text, value, expected):
    tests = compile_unary_tests(text, names=["Monthly Salary"])

    assert tests.matches(value, {"list": [1, 2], "Monthly Salary": 100}) is expected
