"""FEEL: what conditions and cells mean, and how a text is refused."""

import json
from decimal import Decimal

import pytest

from engine.feel import FeelError, compile_expression, compile_unary_tests

INCIDENT = {"priority": "P1", "is_major": False, "minutes": 90, "load": 0.1, "service": None}
CONTEXT = {"incident": INCIDENT, "priority": "P2", "n": 7, "huge": 10**7000, "text": "x" * 6000}


def evaluate(text):
    return compile_expression(text).evaluate(CONTEXT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('priority = "P2"', True),
        ('priority = "P1" or incident.is_major', False),
        ('incident.priority = "P1" and not(incident.is_major)', True),
        ("incident.minutes between 60 and 90", True),
        ("incident.minutes in (1..90)", False),
        ('priority in ("P1", "P2")', True),
        ("n in (< 3, [7..9])", True),
        ("n in ([1..2], (6..8))", True),
        ("n in ((2 + 5))", True),
        ('if n > 5 then "many" else "few"', "many"),
        ('"P" + "1"', "P1"),
        (r'"a\"b\\\n\u00e9"', 'a"b\\\né'),
        ('"a" < "b"', True),
    ],
)
def test_an_expression_reads_its_context(text, expected):
    assert evaluate(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("10 - 3 - 2", 5),
        ("-2 ** 2", 4),
        ("2 ** 3", 8),
        ("10 / 4", Decimal("2.5")),
        ("10 / 5", 2),
        ("0.1 + 0.2", Decimal("0.3")),
        ("1.50 * 2", 3),
        ("incident.load * 3", Decimal("0.3")),
        ("2e3", 2000),
        ("-1.234567890123456789012345678901234", Decimal("-1.234567890123456789012345678901234")),
    ],
)
def test_numbers_are_decimal_and_come_back_as_integers_when_they_are(text, expected):
    value = evaluate(text)

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("null = null", True),
        ("missing = null", True),
        ("incident.missing.deeper = null", True),
        ("priority.length = null", True),
        ("n != null", True),
        ("incident = null", False),
        ('1 = "1"', None),
        ("true = 1", None),
        ('1 != "1"', None),
        ("null < 1", None),
        ("true < false", None),
        ("missing between 1 and 2", None),
        ("true or null", True),
        ("null or true", True),
        ("false or null", None),
        ("false and null", False),
        ("null and true", None),
        ("true and 1", None),
        ("not(null)", None),
        ('not("true")', None),
        ("null + 1", None),
        ('1 + "1"', None),
        ("true + 1", None),
        ("-priority", None),
        ("1 / 0", None),
        ("if null then 1 else 2", 2),
        ('if "yes" then 1 else 2', None),
    ],
)
def test_what_has_no_result_is_null_and_truth_has_three_values(text, expected):
    assert evaluate(text) is expected or evaluate(text) == expected


@pytest.mark.parametrize(
    "text", ["9 ** 99999", "1e6144 * 10", "0.1 ** 99999", "huge", "text + text", "1 / huge"]
)
def test_a_result_out_of_bounds_is_null(text):
    assert evaluate(text) is None


@pytest.mark.parametrize(
    "value", ["7", "7.0", "0.7e1", "70e-1"], ids=["integer", "float", "exponent", "negative"]
)
def test_numbers_from_json_equal_numbers_in_a_diagram(value):
    context = {"n": json.loads(value)}

    assert compile_expression("n = 7 and n <= 7.0").evaluate(context) is True


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), Decimal("1e999999"), 10**6145],
    ids=["nan", "infinity", "decimal", "integer"],
)
def test_a_number_of_the_context_that_is_out_of_bounds_is_null(value):
    assert compile_expression("n").evaluate({"n": value}) is None


def test_an_expression_names_the_variables_that_it_reads():
    expression = compile_expression('incident.priority = "P1" and (x in (y, > z) or null)')

    assert expression.names == {"incident", "x", "y", "z"}


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("-", None, True),
        ('"P1"', "P1", True),
        ('"P1", "P2"', "P2", True),
        ('"P1", "P2"', "P3", False),
        ("7", 7.0, True),
        ("1", True, False),
        ("< 5", 4, True),
        (">= 5", 4, False),
        ("!= 5", 4, True),
        ("[1..5]", 5, True),
        ("[1..5)", 5, False),
        ("(1..5]", 1, False),
        ("]1..5[", 1, False),
        ("]1..5[", Decimal("1.5"), True),
        ("[1..n]", 7, True),
        ("< 2, [5..n), 9", 6, True),
        ("(n - 1)", 6, True),
        ("? > 3 and ? < 9", 5, True),
        ("? in ([1..3], 9)", 9, True),
        ("?.is_major", {"is_major": True}, True),
        ('not("P1", "P2")', "P3", True),
        ('not("P1", "P2")', "P1", False),
        ('not("P1")', None, True),
        ("not(null)", None, False),
        ("null", None, True),
        ("not(> 5)", None, False),
        ("< 5", "4", False),
    ],
)
def test_a_cell_matches_a_value(text, value, expected):
    assert compile_unary_tests(text).matches(value, CONTEXT) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('P1 and\n  foo("a")', "line 2, column 3: expected a known function, found 'foo('"),
        ("n and", "line 1, column 6: expected a value, found the end"),
        ("incident priority", "line 1, column 10: expected an operator or the end, found 'pri"),
        ("(n", "line 1, column 3: expected ')', found the end"),
        ("if n then 1", "line 1, column 12: expected 'else', found the end"),
        ("1 < n < 3", "line 1, column 7: expected an operator or the end, found '<'"),
        ('"open', "line 1, column 1: expected a closing \" on the same line, found '\"open'"),
        ("n[1", "line 1, column 4: expected ']', found the end"),
        ("{a: 1, a: 2}", "line 1, column 9: expected each key once, found 'a'"),
        ('@"soon"', "line 1, column 2: expected a date, time or duration in quotes"),
        ("n instance of colour", "line 1, column 15: expected a type, found 'colour'"),
        ("function(x) external {}", "line 1, column 13: expected a FEEL expression, as external"),
        ("?", "line 1, column 1: expected a value, found '?'"),
    ],
)
def test_a_refusal_says_where_and_what_was_expected(text, message):
    with pytest.raises(FeelError) as refusal:
        compile_expression(text)

    assert str(refusal.value).startswith(message)


@pytest.mark.parametrize(
    "text",
    ["1..5", "n == 7", "n && n", "// comment", "'single'", "n!", "[1, 2", "for x in n", "n."],
)
def test_other_languages_and_unfinished_texts_are_refused(text):
    with pytest.raises(FeelError, match=r"line 1, column \d+: expected"):
        compile_expression(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1,",
        "1, -",
        "[1..5",
        "1..5",
        "not()",
        "not(-)",
        '"P1", not("P2")',
        "not(1) and 2",
        "> 1 and < 2",
        "n > 3",
        "foo(?)",
    ],
)
def test_a_cell_that_would_never_mean_what_it_says_is_refused(text):
    with pytest.raises(FeelError, match=r"line 1, column \d+: expected"):
        compile_unary_tests(text)


def test_a_member_is_never_an_attribute():
    class Secret:
        password = "hunter2"  # noqa: S105 - bait

    assert compile_expression("secret.password").evaluate({"secret": Secret()}) is None


def test_compiled_feel_cannot_be_changed():
    expression = compile_expression("n")

    with pytest.raises(AttributeError):
        expression.text = "m"


def test_evaluating_does_not_add_to_the_context():
    context = {"incident": {}}

    compile_expression("incident.priority = missing").evaluate(context)

    assert context == {"incident": {}}
