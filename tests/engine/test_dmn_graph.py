"""Decisions that require each other: knowledge models, services, imports."""

import pytest

from engine import dmn
from engine.errors import NotFound
from tests.decisions import (
    column,
    decision,
    definitions,
    input_data,
    item,
    knowledge,
    literal,
    output,
    rule,
    service,
    table,
)

RISK = decision(
    "risk",
    table(
        column("amount", label="Amount"),
        output("level"),
        rule("small", ["< 100"], ['"low"']),
        rule("large", [">= 100"], ['"high"']),
    ),
    requires=["Input:amount"],
)
AMOUNT = input_data("amount", "number")


def read(*parts):
    return {found.id: found for found in dmn.parse(definitions(*parts))}


def value(*parts, of="d1", **context):
    """The value of a decision, as DMN has it."""
    return dmn.load(definitions(*parts)).decision(of).value(context)


def test_a_decision_uses_what_it_requires():
    fee = decision("fee", literal('if risk = "high" then 5 else 1'), requires=["Decision:risk"])

    decided = read(AMOUNT, RISK, fee)["fee"].evaluate({"amount": 200})

    assert decided.outputs == {"fee": 5}
    assert decided.inputs == {"risk": "high"}


def test_an_outcome_tells_what_each_required_decision_decided():
    fee = decision("fee", literal("risk"), requires=["Decision:risk"])

    [required] = read(AMOUNT, RISK, fee)["fee"].evaluate({"amount": 200}).required

    assert (required.decision_id, required.decision_name) == ("risk", "risk")
    assert required.outputs == {"level": "high"}
    assert required.matched_rules == ("large",)
    assert required.inputs == {"Amount": 200}


def test_a_decision_that_several_require_is_made_once():
    parts = [AMOUNT, RISK]
    parts += [decision(each, literal("risk"), requires=["Decision:risk"]) for each in ("a", "b")]
    parts += [decision("c", literal("[a, b]"), requires=["Decision:a", "Decision:b"])]

    decided = read(*parts)["c"].evaluate({"amount": 1})

    assert decided.outputs == {"c": ["low", "low"]}
    assert [each.decision_id for each in decided.required] == ["risk", "a", "b"]


def test_a_decision_names_the_process_variables_behind_what_it_requires():
    fee = decision("fee", literal("[risk, country]"), requires=["Decision:risk"])

    found = read(AMOUNT, input_data("unused"), RISK, fee)["fee"]

    assert found.names == {"amount", "country"}


def test_a_decision_sees_nothing_of_its_model_but_what_it_requires():
    hidden = decision("d1", literal("[risk, amount, country]"))

    assert value(AMOUNT, RISK, hidden, amount=1, country="LU") == [None, None, "LU"]


def test_a_filter_finds_process_variables_as_well():
    found = decision("d1", literal("people[age > limit].name"))

    assert value(found, people=[{"name": "A", "age": 5}], limit=4) == ["A"]


def test_a_decision_may_read_a_process_variable_of_its_own_name():
    again = read(decision("priority", literal('if priority = "P1" then priority else "P4"')))

    assert again["priority"].evaluate({"priority": "P1"}).outputs == {"priority": "P1"}


def test_what_has_no_logic_gives_null():
    called = decision("d1", literal("[f(1), empty]"), requires=["Knowledge:f", "Decision:empty"])

    assert value(knowledge("f", ["x"], ""), decision("empty", ""), called) == [None, None]


@pytest.mark.parametrize("call", ["tax(200, 10)", "tax(rate: 10, amount: 200)"])
def test_a_knowledge_model_is_a_function(call):
    tax = knowledge("tax", ["amount:number", "rate:number"], literal("amount * rate / 100"))

    assert value(tax, decision("d1", literal(call), requires=["Knowledge:tax"])) == 20


@pytest.mark.parametrize(
    ("call", "expected"),
    [('half("x")', None), ("half()", None), ("half([4])", 2), ("half(1, 2)", None)],
)
def test_what_a_knowledge_model_is_given_must_fit_its_parameters(call, expected):
    half = knowledge("half", ["n:number"], literal("if n = null then -1 else n / 2"))

    assert value(half, decision("d1", literal(call), requires=["Knowledge:half"])) == expected


def test_a_knowledge_model_gives_what_its_type_says():
    wrong = knowledge("wrong", [], literal('"x"'), gives="number")

    assert value(wrong, decision("d1", literal("wrong()"), requires=["Knowledge:wrong"])) is None


def test_knowledge_models_may_require_each_other():
    double = knowledge("double", ["n"], literal("n * 2"))
    quadruple = knowledge(
        "quadruple", ["n"], literal("double(double(n))"), requires=["Knowledge:double"]
    )
    four = decision("d1", literal("quadruple(1)"), requires=["Knowledge:quadruple"])

    assert value(double, quadruple, four) == 4


def test_the_rules_of_a_knowledge_model_are_told_with_the_decision():
    rated = table(column("n", label="N"), output(), rule("r1", ["< 5"], ["1"]))
    rate = knowledge("rate", ["n"], rated)
    found = read(rate, decision("d1", literal("rate(amount)"), requires=["Knowledge:rate"]))["d1"]

    decided = found.evaluate({"amount": 3})

    assert decided.matched_rules == ("r1",)
    assert decided.inputs == {"N": 3}


def test_a_service_called_as_a_function_uses_what_it_is_given():
    parts = [
        AMOUNT,
        RISK,
        decision("fee", literal("[risk, amount]"), requires=["Decision:risk", "Input:amount"]),
        service("rate", outputs=["fee"], decisions=["risk"], inputs=["amount"]),
        decision(
            "d1",
            literal('[rate(7, "none"), risk]'),
            requires=["Knowledge:rate", "Decision:risk"],
        ),
    ]

    assert value(*parts, amount=500) == [["none", 7], "high"]


def test_a_service_with_several_outputs_gives_a_context():
    parts = [
        decision("a", literal("1")),
        decision("b", literal("2")),
        service("both", outputs=["a", "b"]),
        decision("d1", literal("both()"), requires=["Knowledge:both"]),
    ]

    assert value(*parts) == {"a": 1, "b": 2}


def test_a_process_may_call_a_service_as_a_decision():
    parts = [
        AMOUNT,
        RISK,
        decision("fee", literal("[risk, amount]"), requires=["Decision:risk", "Input:amount"]),
        service("rate", outputs=["fee", "risk"], inputs=["amount"]),
    ]
    found = read(*parts)["rate"]

    decided = found.evaluate({"amount": 10, "risk": "ignored"})

    assert found.names == {"amount"}
    assert decided.outputs == {"fee": ["low", 10], "risk": "low"}
    assert [each.decision_id for each in decided.required] == ["risk", "fee"]


def test_a_service_may_have_decisions_inside_and_a_function_type():
    parts = [
        '<itemDefinition name="tAsk"><functionItem outputTypeRef="number"/></itemDefinition>',
        decision("inside", literal('"x"')),
        decision("a", literal("inside"), requires=["Decision:inside"]),
        service("ask", outputs=["a"], encapsulated=["inside"]).replace(
            '<variable name="ask"/>', '<variable name="ask" typeRef="tAsk"/>'
        ),
        decision("d1", literal("ask()"), requires=["Knowledge:ask"]),
    ]

    assert value(*parts) is None
    assert value(*parts, of="a") == "x"


def test_an_outcome_tells_a_required_function_in_words():
    parts = [
        decision("f", literal("function(x) x + 1")),
        decision("d1", literal("f(1)"), requires=["Decision:f"]),
    ]

    [required] = read(*parts)["d1"].evaluate({}).required

    assert "cannot be stored" in required.outputs["f"]


def test_a_knowledge_model_is_no_decision():
    with pytest.raises(dmn.DmnError, match="decides nothing by itself"):
        value(knowledge("f", [], literal("1")), of="f")


def test_a_decision_is_found_by_its_name():
    model = dmn.load(definitions(decision("d1", literal("1"), name="The  answer")))

    assert model.named("The answer", "decision").id == "d1"
    with pytest.raises(NotFound, match="no decision called The question"):
        model.named("The question", "decision")


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            [decision("a", "<informationRequirement/>" + literal("1"))],
            "informationRequirement must come from one element. Connect it.",
        ),
        (
            [
                decision("a", literal("b"), requires=["Decision:b"]),
                decision("b", literal("a"), requires=["Decision:a"]),
            ],
            "a requires itself by way of others. Remove a line.",
        ),
        (
            [knowledge("f", ["n"], literal("f(n)"), requires=["Knowledge:f"])],
            "f requires itself by way of others",
        ),
        (
            [
                decision("a", literal("s()"), requires=["Knowledge:s"]),
                service("s", outputs=["a"]),
            ],
            "a requires itself by way of others",
        ),
    ],
)
def test_what_requires_itself_is_refused(parts, message):
    with pytest.raises(dmn.DmnError, match=message):
        dmn.parse(definitions(*parts))


def test_a_long_chain_of_requirements_is_refused():
    chain = [decision("d0", literal("1"))]
    chain += [
        decision(f"d{n}", literal(f"d{n - 1}"), requires=[f"Decision:d{n - 1}"])
        for n in range(1, 200)
    ]

    with pytest.raises(dmn.DmnError, match="is required over 50 steps"):
        dmn.parse(definitions(*reversed(chain)))


def test_knowledge_models_that_multiply_their_calls_are_stopped():
    parts = [knowledge("f0", ["n"], literal("n"))]
    for n in range(1, 30):
        called = f"f{n - 1}(n) + f{n - 1}(n)"
        parts.append(knowledge(f"f{n}", ["n"], literal(called), requires=[f"Knowledge:f{n - 1}"]))
    parts.append(decision("d1", literal("f29(1)"), requires=["Knowledge:f29"]))

    with pytest.raises(dmn.DmnError, match="steps"):
        value(*parts)


def test_functions_that_call_themselves_by_way_of_a_parameter_are_stopped():
    apply = knowledge("apply", ["f"], literal("f(f)"))

    with pytest.raises(dmn.DmnError, match="inside each other"):
        value(apply, decision("d1", literal("apply(apply)"), requires=["Knowledge:apply"]))


def test_a_knowledge_model_may_call_itself():
    fibonacci = knowledge("fib", ["n"], literal("if n < 2 then n else fib(n - 1) + fib(n - 2)"))

    found = read(fibonacci, decision("d1", literal("fib(10)"), requires=["Knowledge:fib"]))["d1"]

    assert found.value({}) == 55
    assert found.names == frozenset()


def test_a_parameter_stands_before_the_knowledge_model_of_its_name():
    same = knowledge("n", ["n"], literal("n + 1"))

    assert value(same, decision("d1", literal("n(1)"), requires=["Knowledge:n"])) == 2


def test_a_knowledge_model_that_calls_itself_without_end_is_stopped():
    endless = knowledge("endless", ["n"], literal("endless(n + 1)"))

    with pytest.raises(dmn.DmnError, match="More than 40 function calls are inside each other"):
        value(endless, decision("d1", literal("endless(1)"), requires=["Knowledge:endless"]))


def test_a_link_may_name_its_own_model():
    parts = [AMOUNT, decision("d1", literal("amount"), requires=["Input:urn:model#amount"])]

    assert value(*parts, amount=1) == 1


LIBRARY = definitions(
    item(
        "tPerson",
        components=['<itemComponent name="age"><typeRef>number</typeRef></itemComponent>'],
    ),
    AMOUNT,
    knowledge("Say Hello", ["name"], literal('"Hello " + name')),
    decision("base", literal("amount * 2"), requires=["Input:amount"]),
    model="urn:library",
)
IMPORT = '<import name="lib" namespace="urn:library" importType="https://www.omg.org/spec/DMN/20230324/MODEL/"/>'


def importing(*parts, link=IMPORT, others=(LIBRARY,)):
    return dmn.load(definitions(link, *parts), others).decision("d1")


@pytest.mark.parametrize(
    ("feel", "requires", "expected"),
    [
        ('lib.Say Hello("you")', ["Knowledge:urn:library#Say Hello"], "Hello you"),
        ("lib.base + lib.amount", ["Decision:urn:library#base", "Input:urn:library#amount"], 30),
        ("lib.base", [], None),
    ],
)
def test_an_imported_model_is_named_by_its_import(feel, requires, expected):
    found = importing(decision("d1", literal(feel), requires=requires))

    assert found.value({"amount": 10}) == expected


def test_data_below_the_name_of_an_import_is_for_that_import():
    both = IMPORT + IMPORT.replace('"lib"', '"other"').replace("urn:library", "urn:copy")
    copy = LIBRARY.replace(b"urn:library", b"urn:copy")
    requires = ["Decision:urn:library#base", "Decision:urn:copy#base"]
    found = importing(
        decision("d1", literal("[lib.base, other.base]"), requires=requires),
        link=both,
        others=[LIBRARY, copy],
    )

    assert found.value({"amount": 1, "other": {"amount": 5}}) == [2, 10]


def test_an_import_without_a_name_adds_to_the_model_itself():
    link = IMPORT.replace('name="lib"', 'name=""')
    found = importing(
        decision("d1", literal("base"), requires=["Decision:urn:library#base"]), link=link
    )

    assert found.value({"amount": 10}) == 20


def test_the_types_of_an_imported_model_are_named_by_its_import():
    found = importing(
        input_data("who", "lib.tPerson"),
        decision("d1", literal("who.age"), requires=["Input:who"]),
    )

    assert found.value({"who": {"age": 3}}) == 3
    assert found.value({"who": {"age": "x"}}) is None


def test_a_decision_names_the_process_variables_of_imported_decisions():
    found = importing(decision("d1", literal("lib.base"), requires=["Decision:urn:library#base"]))

    assert found.names == {"amount"}


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ([], "0 files beside this one are urn:library, not one."),
        ([b"no XML", b"<x/>"], "0 files beside this one are urn:library, not one."),
        ([LIBRARY, LIBRARY], "2 files beside this one are urn:library, not one."),
        (
            [definitions(IMPORT.replace("urn:library", "urn:model"), model="urn:library")],
            "urn:model imports itself. Remove this import.",
        ),
        (
            [definitions("<import importType='urn:x' name='y'/>", model="urn:library")],
            "Only DMN models can be imported",
        ),
    ],
)
def test_an_import_that_cannot_be_followed_is_refused(others, message):
    with pytest.raises(dmn.DmnError, match=message):
        importing(decision("d1", literal("1")), others=others)


def test_a_long_chain_of_imports_is_refused():
    models = [
        definitions(IMPORT.replace("urn:library", f"urn:m{n + 1}"), model=f"urn:m{n}")
        for n in range(50)
    ]

    with pytest.raises(dmn.DmnError, match="Over 20 models import each other in a row"):
        dmn.load(models[0], models[1:])


def test_an_import_that_is_missing_is_not_the_same_as_an_import():
    unnamed = decision("d1", literal("1"), requires=["Decision:urn:library#base"])

    with pytest.raises(dmn.DmnError, match="leads to urn:library#base, which is not there"):
        dmn.load(definitions(unnamed), [LIBRARY]).decision("d1")
