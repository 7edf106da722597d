"""FEEL: names, lists, contexts, ranges, filters, loops and functions."""

import pytest

from engine.feel import FeelError, compile_expression

CONTEXT = {
    "x": 2,
    "tasks": [{"name": "a", "hours": 1}, {"name": "b", "hours": 5}],
    "Monthly Salary": 100,
    "a-b": 7,
    "a": 10,
    "b": 4,
    "person": {"first name": "Ada", "tags": ["x", "y"]},
}
NAMES = ["Monthly Salary", "a-b", "person", "first name"]


def evaluate(text):
    return compile_expression(text, names=NAMES).evaluate(CONTEXT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Monthly Salary * 12", 1200),
        ("Monthly   Salary", 100),
        ("a-b", 7),
        ("a - b", 6),
        ("person.first name", "Ada"),
        ("person . first name", "Ada"),
        ('{"first name": 1}.first name', 1),
        ("{my key: 1, b: my key + 1}.b", 2),
        ("{in stock+sold: 1}.in stock+sold", 1),
        ("for my item in [1, 2] return my item * 2", [2, 4]),
        ("for i in [1] return {days in weekend: i}.days in weekend", [1]),
        ("(function(first part, c) first part + c)(1, 2)", 3),
        ("(function(first part, c) first part + c)(c: 1, first part: 5)", 6),
        ("{🐎: 1}.🐎", 1),
        ("// what\n1 /* and\nhow */ + 2", 3),
    ],
)
def test_a_name_is_the_longest_one_that_is_known(text, expected):
    assert evaluate(text) == expected


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a + Monthly Salary", {"a", "Monthly Salary"}),
        ("for i in list return i + n", {"list", "n"}),
        ("{a: b, c: a}", {"b"}),
        ("{a: a}", {"a"}),
        ("some i in x satisfies i > limit", {"x", "limit"}),
        ("function(p) p + q", {"q"}),
        ("count(tasks)", {"tasks"}),
        ("tasks[hours > 3]", {"tasks"}),
        ("tasks[hours > a-b]", {"tasks", "a-b"}),
        ("tasks[item.hours > 3]", {"tasks"}),
        ("x in (y, ? > z)", {"x", "y", "z"}),
        ("date and time(d)", {"d"}),
    ],
)
def test_only_names_from_outside_count_as_read(text, names):
    assert compile_expression(text, names=NAMES).names == names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1, 2, 3][1]", 1),
        ("[1, 2, 3][-1]", 3),
        ("[1, 2, 3][4]", None),
        ("[1, 2, 3][0]", None),
        ("[][1]", None),
        ("[][item > 1]", []),
        ("[1, 2, 3][item >= 2]", [2, 3]),
        ("[1, 2, 3][item >= 2][1]", 2),
        ("5[1]", 5),
        ("5[true]", [5]),
        ("null[1]", None),
        ("tasks[hours > x].name", ["b"]),
        ("tasks[item.hours > 3][1].name", "b"),
        ("tasks.hours", [1, 5]),
        ("tasks.missing", [None, None]),
        ("[{a: {b: 1}}, {a: {b: [2, 3]}}].a.b", [1, [2, 3]]),
        ("[{item: 1}, {item: 2}][item > 1]", [{"item": 2}]),
        ("[{c: 1}, {d: 2}][d > 1]", [{"d": 2}]),
        ("person.tags[2]", "y"),
        ("tasks[name = 1]", []),
        ('[1, 2]["no"]', None),
        ('[1, 2][if item = 1 then true else "no"]', None),
    ],
)
def test_a_filter_picks_by_position_or_by_condition(text, expected):
    assert evaluate(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{a: 1, b: a + 1}", {"a": 1, "b": 2}),
        ("{a: 1, b: {c: a}}", {"a": 1, "b": {"c": 1}}),
        ('{"any text (!)": 1}', {"any text (!)": 1}),
        ("{}", {}),
        ("{a: 1}.b", None),
        ("{x: x + 1}.x", 3),
        ('[1, [2, "a"]] = [1, [2, "a"]]', True),
        ("[1, 2] = [2, 1]", False),
        ('[1] = ["1"]', False),
        ("{a: 1, b: 2} = {b: 2, a: 1}", True),
        ("{a: 1} = {a: 1, b: 2}", False),
        ("[] = {}", None),
        ("[] = null", False),
        ("[1..3] = [1..3]", True),
        ("[1..3] = [1..3)", False),
        ("(< 5) = (< 5)", True),
        ("(< 5) = (null..5)", False),
    ],
)
def test_lists_contexts_and_ranges_are_values_that_compare_by_their_parts(text, expected):
    assert evaluate(text) == expected
    assert type(evaluate(text)) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5 in [1..5]", True),
        ("5 in [1..5)", False),
        ("5 in [1..5[", False),
        ("1 in ]1..5]", False),
        ("1 in (1..5]", False),
        ("2 in ]x - 1..x]", True),
        ("5 in (> 4)", True),
        ("5 in > 4", True),
        ("5 in (= 5)", True),
        ("5 in (!= 5)", False),
        ("5 in (1, < 3)", False),
        ("5 in ([1..2], [4..6])", True),
        ("5 in [[1..2], [4..6]]", True),
        ("5 in [1, 5]", True),
        ("5 in [1, 2]", False),
        ("[1, 2] in [[1, 2], [3]]", True),
        ("5 in [1..null]", None),
        ('5 in ["a".."z"]', None),
        ("null in [1..5]", None),
        ("5 in (? > 4)", True),
        ("[1..5].end", 5),
        ("(1..5].start included", False),
        ("(> 5).start", 5),
        ("(> 5).end", None),
        ('[1.."a"]', None),
        ("x between 1 and 3 and x > 1", True),
    ],
)
def test_a_value_lies_in_a_range_or_list(text, expected):
    assert evaluate(text) is expected or evaluate(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("for i in [1, 2] return i + 1", [2, 3]),
        ("for i in [1, 2], j in [3, 4] return i * j", [3, 4, 6, 8]),
        ("for i in [[1, 2], [3]], j in i return j", [1, 2, 3]),
        ("for i in 1..3 return i", [1, 2, 3]),
        ("for i in 3..1 return i", [3, 2, 1]),
        ("for i in 1 + 1..x * 2 return i", [2, 3, 4]),
        ("for i in [1..3] return i", [1, 2, 3]),
        ("for i in (1..3) return i", [2]),
        ("for i in [3..1] return i", None),
        ('for i in @"2024-02-28"..@"2024-03-01" return i.day', [28, 29, 1]),
        ("for i in 1.5..3 return i", None),
        ("for i in null return i", None),
        ("for i in 5 return i", [5]),
        ("for i in 0..4 return if i = 0 then 1 else i * partial[-1]", [1, 1, 2, 6, 24]),
        ("for i in 1..2 return partial", [[], [[]]]),
        ("some i in 1..3 satisfies i > 2", True),
        ("some i in [null, 1] satisfies i > 2", None),
        ("every i in 1..3 satisfies i > 0", True),
        ("every i in [1, null] satisfies i > 0", None),
        ("every i in [null, 1] satisfies i > 2", False),
        ("every i in [] satisfies false", True),
        ('some i in 1..2 satisfies if i = 2 then true else "no"', None),
        ("some i in [1, 2], j in [2, 3] satisfies i = j", True),
        ("some i in null satisfies true", None),
    ],
)
def test_a_loop_goes_through_lists_and_ranges(text, expected):
    assert evaluate(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(function(x) x + 1)(2)", 3),
        ("{add: function(n) function(m) n + m, r: add(1)(2)}.r", 3),
        ("{f: function(n) if n <= 1 then 1 else n * f(n - 1), r: f(5)}.r", 120),
        ("{y: 1, f: function() y, r: f()}.r", 1),
        ('(function(n: number) n)("1")', None),
        ("(function(n: number) n)([1])", 1),
        ("(function(n: list<number>) n)(1)", [1]),
        ("(function(n) n)(1, 2)", None),
        ("(function(n) n)(m: 1)", None),
        ("abs(n: -5)", 5),
        ("abs(m: -5)", None),
        ("abs()", None),
        ("sort([3, 1, 2], function(a, b) a > b)", [3, 2, 1]),
        ("sort([3, 1, 2], before)", [1, 2, 3]),
        ("5(1)", None),
        ("-(function(a) a)(10)", -10),
        ("{f: [function(n) n + 1]}.f[1](1)", 2),
        ("if x > 1 then function(n) n else null", None),
    ],
)
def test_a_function_is_a_value_that_is_called_by_position_or_by_name(text, expected):
    value = evaluate(text)

    assert value == expected or callable(getattr(value, "body", None))


@pytest.mark.parametrize(
    "text",
    [
        "{a: b(1)}",
        "tasks[1](",
        "f(a: 1, a: 2)",
        "abs(n: 1, 2)",
        "for x in [1]",
        "some x in [1] return x",
        "function(x",
        "{a 1}",
        "{: 1}",
        "[1, ]",
        "@2024",
        "x instance number",
        "x.1",
        "{__class__: 1}",
        "function(__x) 1",
        "if x then 1",
        "not x",
    ],
)
def test_a_text_that_is_not_well_formed_is_refused(text):
    with pytest.raises(FeelError, match=r"line 1, column \d+: expected"):
        compile_expression(text)
