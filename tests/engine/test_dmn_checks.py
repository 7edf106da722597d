"""Checks of decision tables: gaps, overlaps, rules that never count, and cells of wrong types."""

import itertools
import random

import pytest

from engine import dmn
from tests.decisions import (
    column,
    component,
    decision,
    definitions,
    input_data,
    item,
    knowledge,
    literal,
    output,
    rule,
    table,
)

LEVELS = '"high", "medium", "low"'
IMPACT = column("impact", gives="string", values=LEVELS)
URGENCY = column("urgency", gives="string", values=LEVELS)
SIZE = column("size", gives="number", values="[0..100]")


def checked(*parts, items=(), reads=(), **chosen):
    inputs = [input_data(*each.split(":")) for each in reads]
    requires = [f"Input:{each.partition(':')[0]}" for each in reads]
    logic = table(*parts, **chosen)
    content = definitions(*items, *inputs, decision("d1", logic, requires=requires, name="Rate"))
    [found] = dmn.parse(content)
    return dmn.check(found)


def rules(*rows):
    """Rules r1, r2, … of cells and an output."""
    return [rule(f"r{n}", row[:-1], row[-1:]) for n, row in enumerate(rows, 1)]


def over(column_or_columns, *rows, **chosen):
    columns = [column_or_columns] if isinstance(column_or_columns, str) else column_or_columns
    return checked(*columns, output("rate"), *rules(*rows), **chosen)


def said(findings):
    return [(each.rule, each.severity, each.message) for each in findings]


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (IMPACT, [('"high"', "1"), ('not("high")', "2")]),
        (IMPACT, [('"high", "medium"', "1"), ('"low"', "2")]),
        (SIZE, [("< 10", "1"), ("[10..20)", "2"), (">= 20", "3")]),
        (SIZE, [("[0..100]", "1")]),
        (column("ok", gives="boolean"), [("true", "1"), ("false", "2")]),
        (column("day", gives="date"), [('< date("2026-01-01")', "1"), ('>= @"2026-01-01"', "2")]),
        (
            column("day", gives="date"),
            [('<= @"2026-01-01"', "1"), ('> @"2026-01-01"', "2")],
        ),
        (column("age"), [("< 1.5", "1"), (">= 1.5", "2")]),
        (column("word"), [('"a"', "1"), ('not("a")', "2")]),
        ([IMPACT, SIZE], [('"high"', "-", "1"), ('not("high")', "> 5", "2"),
                          ('not("high")', "<= 5", "3")]),
        ([], [("1",)]),
    ],
)  # fmt: skip
def test_a_table_that_covers_everything_once_is_fine(columns, rows):
    assert over(columns, *rows) == []


@pytest.mark.parametrize(
    ("columns", "rows", "gaps"),
    [
        (
            [IMPACT, URGENCY],
            [('"high"', "-", "1"), ("-", '"high"', "2"), ('"medium", "low"', '"medium"', "3")],
            ['impact = "low", urgency = "low"'],
        ),
        (SIZE, [("< 10", "1"), ("> 10", "2")], ["size = 10"]),
        (SIZE, [("<= 10", "1"), (">= 20", "2")], ["size = 15"]),
        (SIZE, [("[1..100)", "1")], ["size = 0", "size = 0.5", "size = 100"]),
        (column("age", gives="number"), [("> 1", "1")], ["age = 0", "age = 1"]),
        (column("word"), [('"a"', "1")], ["word = anything else"]),
        (column("ok", gives="boolean"), [("true", "1")], ["ok = false"]),
        (
            column("day", gives="date"),
            [('<= @"2026-01-01"', "1"), ('>= @"2026-01-03"', "2")],
            ["day = 2026-01-02"],
        ),
        (IMPACT, [], ["anything"]),
    ],
)
def test_what_no_rule_covers_is_a_gap(columns, rows, gaps):
    findings = [
        each for each in over(columns, *rows, policy="FIRST") if each.rule == "decision-gap"
    ]

    assert [each.message.partition(" has no rule")[0] for each in findings] == gaps
    assert {each.severity for each in findings} == {"warning"}
    assert (findings[0].element_id, findings[0].element_name) == ("d1", "Rate")


@pytest.mark.parametrize("chosen", [{"policy": "COLLECT"}, {"policy": "RULE ORDER"}])
def test_a_table_that_collects_may_have_gaps(chosen):
    assert over(IMPACT, ('"high"', "1"), **chosen) == []


def test_a_table_with_a_default_has_no_gaps():
    assert checked(IMPACT, output("rate", default="1"), *rules(('"high"', "2"))) == []


@pytest.mark.parametrize(
    ("columns", "rows", "where"),
    [
        (IMPACT, [("-", "1"), ('"high"', "2")], 'impact = "high"'),
        (SIZE, [("<= 10", "1"), (">= 10", "2")], "size = 10"),
        (SIZE, [("< 20", "1"), ("> 10", "2")], "size = 15"),
        (
            [IMPACT, SIZE],
            [('"high"', "-", "1"), ("-", "> 99", "2")],
            'impact = "high", size = 99.5',
        ),
    ],
)
def test_rules_of_a_unique_table_that_both_match_are_an_error(columns, rows, where):
    [finding] = [each for each in over(columns, *rows) if each.rule == "decision-overlap"]

    assert finding.severity == "error"
    assert "Rules r1 and r2 both match under hit policy UNIQUE" in finding.message
    assert f"as when {where}." in finding.message


def test_inputs_that_may_depend_on_each_other_make_an_overlap_a_warning():
    columns = [column("size", gives="number"), column("size * 2", gives="number")]

    findings = over(columns, ("> 10", "-", "1"), ("-", "< 20", "2"), ("<= 10", ">= 20", "3"))

    assert [(each.rule, each.severity) for each in findings] == [("decision-overlap", "warning")]


@pytest.mark.parametrize(
    ("outputs", "severity"),
    [(("1", "1"), None), (("1", "0 + 1"), None), (("1", "2"), "error"), (("1", "x"), "warning")],
)
def test_rules_of_an_any_table_that_both_match_must_agree(outputs, severity):
    rows = [("-", outputs[0]), ('"high"', outputs[1])]

    findings = over(IMPACT, *rows, policy="ANY")

    assert [each.severity for each in findings] == ([severity] if severity else [])


@pytest.mark.parametrize("policy", ["FIRST", "COLLECT", "RULE ORDER"])
def test_rules_may_overlap_where_the_policy_chooses_or_collects(policy):
    assert over(IMPACT, ('"high"', "1"), ("-", "2"), policy=policy) == []


@pytest.mark.parametrize(
    ("columns", "rows", "message"),
    [
        (IMPACT, [("-", "1"), ('"high"', "2")], "Rule r2 never counts: the rules before it"),
        (
            SIZE,
            [("< 50", "1"), (">= 50", "2"), ("[40..60]", "3")],
            "Rule r3 never counts: the rules before it",
        ),
        (SIZE, [("> 100", "1"), ("-", "2")], "Rule r1 never matches: no input passes its cells."),
        (SIZE, [("(5..5)", "1"), ("-", "2")], "Rule r1 never matches"),
    ],
)
def test_a_rule_that_never_counts_is_told(columns, rows, message):
    [finding] = over(columns, *rows, policy="FIRST")

    assert (finding.rule, finding.severity) == ("decision-unreachable-rule", "warning")
    assert message in finding.message


@pytest.mark.parametrize(
    ("columns", "row", "message"),
    [
        (IMPACT, ('"hgih"', "1"), 'Rule r1 says "hgih" under impact, whose values are "high"'),
        (SIZE, ('"high"', "1"), 'Rule r1 says "high" under size, which is a number. Correct'),
        (SIZE, ("101", "1"), "Rule r1 says 101 under size, whose values are [0..100]"),
        (column("day", gives="date"), ('> date and time("2026-01-01T00:00:00")', "1"), "is a date"),
    ],
)
def test_an_input_cell_that_cannot_be_true_is_an_error(columns, row, message):
    [finding] = [each for each in over(columns, row) if each.rule == "decision-type"]

    assert finding.severity == "error"
    assert message in finding.message


@pytest.mark.parametrize(
    ("column_of", "cell", "message"),
    [
        (output("rate", gives="number"), '"x"', 'Rule r1 says "x" under rate, which is a number'),
        (output("rate", values="1, 2"), "3", "Rule r1 says 3 under rate, whose values are 1, 2"),
        (output("rate", gives="tRate"), "3", "whose values are < 3. Correct the cell."),
    ],
)
def test_an_output_cell_that_the_output_does_not_allow_is_an_error(column_of, cell, message):
    rate = item("tRate", "number", allowed="< 3")

    [finding] = checked(column_of, *rules((cell,)), items=[rate])

    assert (finding.rule, finding.severity) == ("decision-type", "error")
    assert message in finding.message


@pytest.mark.parametrize("cell", ["null", "x", '"x" + y', "[1]"])
def test_an_output_cell_that_may_be_right_is_none_of_the_checks_business(cell):
    assert checked(output("rate", gives="number"), *rules((cell,))) == []


@pytest.mark.parametrize("expression", ["impact", "report.impact"])
def test_the_values_of_an_input_may_be_those_of_its_variable(expression):
    level = item("tLevel", "string", allowed=LEVELS)
    report = item("tReport", components=[component("impact", "tLevel")])

    findings = checked(
        column(expression, gives="string"),
        output("rate"),
        *rules(('"high"', "1"), ('"low"', "2")),
        items=[level, report],
        reads=["impact:tLevel", "report:tReport"],
    )

    assert [each.message for each in findings] == [
        f'{expression} = "medium" has no rule. Add one, or a default output.'
    ]


@pytest.mark.parametrize(
    ("columns", "rows", "reason"),
    [
        (SIZE, [("> limit", "1")], "some of its cells are not simple tests"),
        (column("x"), [("1", "1"), ('"a"', "1")], "what stands under x cannot be compared"),
        (column("x"), [('< "a"', "1")], "what stands under x cannot be compared"),
        (
            column("x", gives="date and time"),
            [('> @"2026-01-01T00:00:00"', "1"), ('> @"2026-01-01T00:00:00Z"', "1")],
            "what stands under x cannot be compared",
        ),
        (column("x", gives="list"), [('"a"', "1")], "what stands under x cannot be compared"),
        (column("x", values="even(?)"), [("1", "1")], "what stands under x cannot be compared"),
        ([SIZE, SIZE.replace("<input>", '<input label="again">')], [("1", "2", "1")], "the same"),
        (SIZE, [(f"{n}", "1") for n in range(5001)], "it has more than 5000 cells"),
        (SIZE, [(f"{n / 10}", "1") for n in range(900)], "it makes too many distinctions"),
    ],
)
def test_a_table_that_is_not_analysed_says_why(columns, rows, reason):
    [finding] = over(columns, *rows)

    assert (finding.rule, finding.severity) == ("decision-not-analysed", "info")
    assert reason in finding.message


def test_rules_that_are_simple_are_compared_even_when_others_are_not():
    findings = over(SIZE, ("> limit", "1"), ("< 50", "2"), ("< 60", "3"))

    assert [each.rule for each in findings] == ["decision-overlap", "decision-not-analysed"]
    assert "r2 and r3" in findings[0].message


def test_a_table_whose_rules_combine_in_too_many_ways_is_not_searched_for_ever():
    columns = [column(f"c{n}", gives="boolean") for n in range(20)]
    rows = [["-"] * n + ["true"] + ["-"] * (19 - n) + ["1"] for n in range(20)]
    rows += [
        [("true" if (n * 7919 >> m) & 1 else "false") for m in range(20)] + ["1"]
        for n in range(150)
    ]

    findings = over(columns, *rows, policy="FIRST")

    assert findings[-1].rule == "decision-not-analysed"
    assert "its rules combine in too many ways" in findings[-1].message


def test_findings_are_told_up_to_a_number():
    rows = [(f"{n}", "1") for n in range(60)]

    findings = over(column("x", gives="number"), *rows)

    assert {each.rule for each in findings} == {"decision-gap"}
    assert len(findings) == 20


def test_the_tables_of_knowledge_models_are_checked_with_the_decision():
    rated = table(column("n", gives="boolean"), output(), rule("r1", ["true"], ["1"]))
    content = definitions(
        knowledge("rate", ["n"], rated),
        decision("d1", literal("rate(true)"), requires=["Knowledge:rate"]),
    )
    [found] = dmn.parse(content)

    [finding] = dmn.check(found)

    assert (finding.rule, finding.element_id) == ("decision-gap", "rate")


def random_cell(chance):
    low, high = sorted((chance.randint(0, 4), chance.randint(0, 4)))
    return chance.choice(
        ["-", f"{low}", f"< {low}", f">= {high}", f"({low}..{high}]", f"not([{low}..{high}])"]
    )


@pytest.mark.parametrize("seed", range(30))
def test_checks_find_what_trying_everything_finds(seed):
    chance = random.Random(seed)
    columns = [
        column(f"c{n}", gives="number", values="[0..4]") for n in range(chance.randint(1, 3))
    ]
    rows = [[*(random_cell(chance) for _ in columns), "1"] for _ in range(chance.randint(1, 6))]
    [found] = dmn.parse(definitions(decision("d1", table(*columns, output(), *rules(*rows)))))
    points = itertools.product([n / 2 for n in range(9)], repeat=len(columns))
    matched = [[rule.id for rule in found.tables[0].rules if rule.matches(p, {})] for p in points]

    findings = dmn.check(found)

    reached = {rule_id for match in matched for rule_id in match}
    pairs = {pair for match in matched for pair in itertools.combinations(match, 2)}
    assert {each.rule for each in findings} == {
        *(["decision-gap"] if [] in matched else []),
        *(["decision-overlap"] if pairs else []),
        *(["decision-unreachable-rule"] if len(reached) < len(rows) else []),
    }
    assert {
        tuple(each.message.split()[1:4:2]) for each in findings if each.rule == "decision-overlap"
    } == pairs
