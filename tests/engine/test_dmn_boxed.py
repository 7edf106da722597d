"""Boxed expressions: what each kind of them gives."""

import pytest

from engine import dmn
from tests.decisions import (
    column,
    decision,
    definitions,
    formal,
    input_data,
    item,
    literal,
    output,
    rule,
    table,
)


def read(logic, *items, gives="", reads=()):
    parts = [*items, *(input_data(name) for name in reads)]
    requires = [f"Input:{name}" for name in reads]
    content = definitions(*parts, decision("d1", logic, gives=gives, requires=requires))
    return dmn.load(content).decision("d1")


def value(logic, *items, gives="", **context):
    return read(logic, *items, gives=gives).value(context)


def entry(name, logic, gives=""):
    typed = f' typeRef="{gives}"' if gives else ""
    variable = f'<variable name="{name}"{typed}/>' if name else ""
    return f"<contextEntry>{variable}{logic}</contextEntry>"


def context(*entries, **attributes):
    written = "".join(f' {name}="{text}"' for name, text in attributes.items())
    return f"<context{written}>{''.join(entries)}</context>"


def invocation(called, **arguments):
    bindings = "".join(
        f'<binding><parameter name="{name}"/>{literal(feel)}</binding>'
        for name, feel in arguments.items()
    )
    return f"<invocation>{literal(called)}{bindings}</invocation>"


def iteration(kind, variable, source, inside, feel):
    return (
        f'<{kind} iteratorVariable="{variable}"><in>{literal(source)}</in>'
        f"<{inside}>{literal(feel)}</{inside}></{kind}>"
    )


def filtered(source, match):
    return f"<filter><in>{literal(source)}</in><match>{literal(match)}</match></filter>"


FUNCTION = f"<functionDefinition>{formal(['n:number'])}{literal('n + base')}</functionDefinition>"

FACTORIAL = (
    f"<functionDefinition>{formal(['n'])}{literal('if n < 2 then 1 else n * f(n - 1)')}"
    "</functionDefinition>"
)


@pytest.mark.parametrize(
    ("logic", "expected"),
    [
        (context(entry("a", literal("1")), entry("b b", literal("a + 1"))), {"a": 1, "b b": 2}),
        (context(entry("b b", literal("2")), entry("", literal("b b * 2"))), 4),
        (context(entry("a", literal('"x"'), gives="number")), {"a": None}),
        (context(), {}),
        (f"<list>{literal('1')}{literal('1 + 1')}</list>", [1, 2]),
        ("<list/>", []),
        (
            '<relation><column name="a"/><column name="b" typeRef="string"/>'
            f"<row>{literal('1')}{literal('2')}</row></relation>",
            [{"a": 1, "b": None}],
        ),
        (invocation("abs", n="-2"), 2),
        (invocation("function(a, b) a - b", b="1", a="3"), 2),
        (invocation("abs", wrong="-2"), None),
        (invocation("1", n="-2"), None),
        (context(entry("base", literal("5")), entry("f", FUNCTION), entry("", literal("f(1)"))), 6),
        (
            f"<conditional><if>{literal('1 > 2')}</if><then>{literal('1')}</then>"
            f"<else>{literal('2')}</else></conditional>",
            2,
        ),
        (
            f"<conditional><if>{literal('null')}</if><then>{literal('1')}</then>"
            f"<else>{literal('2')}</else></conditional>",
            2,
        ),
        (
            f"<conditional><if>{literal('1')}</if><then>{literal('1')}</then>"
            f"<else>{literal('2')}</else></conditional>",
            None,
        ),
        (context(entry("f", FACTORIAL), entry("", literal("f(5)"))), 120),
        (iteration("for", "x", "[1, 2]", "return", "x * 2"), [2, 4]),
        (iteration("for", "x", "[1..3]", "return", "x * 2"), [2, 4, 6]),
        (iteration("for", "x", "[1, 2]", "return", "[x, partial]"), [[1, []], [2, [[1, []]]]]),
        (iteration("for", "x", "[1, 2, 3]", "return", "count(partial)"), [0, 1, 2]),
        (iteration("every", "x", "[1, 2]", "satisfies", "x > 0"), True),
        (iteration("every", "x", "[1, 2, null]", "satisfies", "x > 1"), False),
        (iteration("every", "x", "[1, null]", "satisfies", "x > 0"), None),
        (iteration("every", "x", "[]", "satisfies", "x > 0"), True),
        (iteration("some", "x", "[1, null]", "satisfies", "x > 0"), True),
        (iteration("some", "x", "[1, null]", "satisfies", "x > 1"), None),
        (iteration("some", "x", "[]", "satisfies", "x > 0"), False),
        (iteration("some", "x", "[1, true]", "satisfies", "x"), None),
        (iteration("every", "x", "[false, 1]", "satisfies", "x"), False),
        (filtered("[1, 2, 3]", "item > 1"), [2, 3]),
        (filtered("[{a: 1}, {a: 2}, 3]", "a = 2"), [{"a": 2}]),
        (filtered("[1, 2]", "null"), []),
        (filtered("[1, 2]", "1"), None),
        (filtered("[1, 2]", 'if item = 1 then true else "x"'), None),
        (filtered("7", "item > 1"), [7]),
        (filtered("null", "true"), None),
        (iteration("for", "x", "null", "return", "x"), None),
        (iteration("some", "x", "null", "satisfies", "true"), None),
    ],
)  # fmt: skip
def test_a_boxed_expression_gives_its_value(logic, expected):
    assert value(logic) == expected


def test_a_table_may_stand_inside_of_other_expressions():
    graded = table(column("age"), output(), rule("r1", ["> 17"], ['"adult"']))

    decided = read(context(entry("grade", graded), entry("", literal("grade")))).evaluate(
        {"age": 18}
    )

    assert decided.outputs == {"d1": "adult"}
    assert decided.matched_rules == ("r1",)
    assert decided.inputs == {"age": 18}


def test_only_what_comes_from_outside_counts_as_read():
    inside = [
        context(entry("a", literal("x")), entry("b", literal("a"))),
        FUNCTION,
        iteration("for", "n", "numbers", "return", "n + more"),
        filtered("people", "item.age > limit"),
    ]

    found = read(f"<list>{''.join(inside)}</list>")

    assert found.names == {"x", "base", "numbers", "more", "people", "limit"}


@pytest.mark.parametrize(
    ("feel", "expected"), [("1", None), ('"x"', "x"), ('["x"]', "x"), ("null", None)]
)
def test_an_expression_gives_what_its_type_says(feel, expected):
    assert value(literal(feel, typeRef="string")) == expected


def test_a_filter_knows_the_names_of_typed_items():
    people = item(
        "tPeople",
        components=['<itemComponent name="full age"><typeRef>number</typeRef></itemComponent>'],
        collection=True,
    )
    over = (
        f'<filter><in typeRef="tPeople">{literal("people")}</in>'
        f"<match>{literal('full age > 17')}</match></filter>"
    )

    assert value(over, people, people=[{"full age": 18}, {"full age": 3}]) == [{"full age": 18}]


@pytest.mark.parametrize(
    ("logic", "message"),
    [
        (context(entry("", literal("1")), entry("a", literal("1"))), "Only the last entry"),
        (context(entry("a", literal("1")) * 2), "2 entries are called a"),
        (context(entry("a", "")), "contextEntry has no expression. Give it one."),
        (f"<list>{literal('1')}<x/></list>", "x is not accepted in list"),
        (f'<relation><column name="a"/><row>{literal("1") * 2}</row></relation>', "must have 1 c"),
        ("<invocation/>", "invocation has no expression"),
        (invocation("abs", n="1").replace("</invocation>", "<b/></invocation>"), "b is not accep"),
        (
            f"<invocation>{literal('f')}<binding>{literal('1')}</binding></invocation>",
            "binding needs exactly one parameter",
        ),
        (
            invocation("f", n="1").replace(
                "</invocation>",
                f'<binding><parameter name="n"/>{literal("2")}</binding></invocation>',
            ),
            "Parameter n is bound twice",
        ),
        (f'<functionDefinition kind="PMML">{literal("1")}</functionDefinition>', "PMML functions"),
        (f"<functionDefinition>{formal(['a', 'a'])}{literal('1')}</functionDefinition>", "2 param"),
        (f"<conditional><if>{literal('true')}</if></conditional>", "needs exactly one then"),
        (f"<for><in>{literal('[1]')}</in><return>{literal('1')}</return></for>", "iteratorVaria"),
        (f"<filter><in>{literal('[1]')}</in></filter>", "filter needs exactly one match"),
        ("<list>" * 120 + "</list>" * 120, "More than 100 elements are inside"),
    ],
)
def test_an_expression_that_is_not_whole_is_refused(logic, message):
    with pytest.raises(dmn.DmnError, match=message):
        read(logic)


@pytest.mark.parametrize(
    "logic",
    [
        iteration("for", "x", "[1..100000000]", "return", "x"),
        iteration("for", "x", "[1..20000]", "return", "partial"),
        iteration("every", "x", "[1..100000000]", "satisfies", "true"),
    ],
)
def test_a_loop_without_measure_is_stopped(logic):
    with pytest.raises(dmn.DmnError, match="d1: "):
        value(logic)
