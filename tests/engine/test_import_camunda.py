"""Import from Camunda 7 and 8: certain meaning is kept, the rest is asked about."""

import pytest

from engine.bpmn.diagram import Kind, Repeat
from engine.feel import compile_expression
from engine.library.importing import Origin, juel
from tests.engine.importing import (
    CAMUNDA_7,
    CAMUNDA_8,
    asked,
    chain,
    diagram,
    drawn,
    flow,
    form,
    imported,
    node,
    rules,
)


def extended(inner):
    return f"<bpmn:extensionElements>{inner}</bpmn:extensionElements>"


def camunda7(*elements, also=""):
    return imported(drawn(*elements, also=also, more=CAMUNDA_7))


def camunda8(*elements, also=""):
    return imported(drawn(*elements, also=also, more=CAMUNDA_8))


@pytest.mark.parametrize(
    ("text", "feel"),
    [
        ("${approved}", "approved"),
        ("#{amount > 1000}", "amount > 1000"),
        ("${a == 'x' && b != \"y\"}", 'a = "x" and b != "y"'),
        ("${!ok || not done}", "not(ok) or not(done)"),
        ("${a eq 1 and b lt 2.5}", "a = 1 and b < 2.5"),
        ("${order.total >= limit}", "order.total >= limit"),
        ("${empty name}", '(name = null or name = "" or name = [])'),
        ("${x ? 1 : 2}", "if x then 1 else 2"),
        ("${execution.getVariable('kind') == 'a'}", 'kind = "a"'),
        ("${(a + 1) * 2 == -b}", "(a + 1) * 2 = -b"),
        ("${nrOfCompletedInstances == 2}", "numberOfCompletedInstances = 2"),
        ("${a == 'say \"x\"'}", 'a = "say \\"x\\""'),
    ],
)
def test_a_condition_whose_meaning_is_certain_is_translated(text, feel):
    assert juel.translate(text) == feel
    compile_expression(feel)


@pytest.mark.parametrize(
    "text",
    [
        "${service.check(order)}",
        "${list[0]}",
        "${a}-${b}",
        "a > ${b}",
        "${a instanceof b}",
        "${a % 2 == 0}",
        "${a = b}",
        "${'it\\'s'}",
        "${}",
        "${a ==}",
        "${" + "(" * 5000 + "}",
        "${" + "!" * 5000 + "a}",
        "${a < b < c}",
    ],
)
def test_a_condition_whose_meaning_is_not_certain_is_not(text):
    with pytest.raises(juel.NotCertain):
        juel.translate(text)


def split(yes, no="", before=None):
    return (
        node("startEvent", "Begin"),
        before or node("userTask", "Look"),
        node("exclusiveGateway", "Big", "Is it big?"),
        node("userTask", "Call"),
        node("endEvent", "Over"),
        *(flow("Begin", "Look"), flow("Look", "Big"), flow("Call", "Over")),
        flow("Big", "Call", "Yes", yes),
        flow("Big", "Over", "No", no),
    )


def test_a_condition_on_a_form_field_stays_a_condition():
    fields = """<camunda:formData><camunda:formField id="amount" type="long" label="Amount">
      <camunda:validation><camunda:constraint name="required"/></camunda:validation>
      </camunda:formField></camunda:formData>"""
    task = node("userTask", "Look", inner=extended(fields))

    result = camunda7(*split("${amount > 1000}", before=task))

    field = form(result, "Look")["amount"]
    assert result.origin is Origin.CAMUNDA_7
    assert diagram(result).flows["Big_Call"].condition == "amount > 1000"
    assert diagram(result).nodes["Big"].default_flow == "Big_Over"
    assert (field["type"], field["label"]) == ("number", "Amount")
    assert field["validate"] == {"required": True}
    assert "who-decides" not in rules(result)


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        ("${big}", "checkbox"),
        ("${size &gt; 5}", "number"),
        ("${size == 'L'}", "radio"),
    ],
)
def test_a_value_that_nothing_sets_is_asked_for(condition, kind):
    result = camunda7(*split(condition, condition.replace("${", "${!(").replace("}", ")}")))

    field = next(iter(form(result, "Look").values()))
    assert field["type"] == kind
    assert asked(result, "value-unknown") == ["Big"]


@pytest.mark.parametrize("condition", ["${checker.isBig(x)}", "${order.size &gt; 5}"])
def test_a_condition_that_no_form_can_answer_becomes_a_choice(condition):
    result = camunda7(*split(condition))

    assert "is_it_big_choice" in form(result, "Look")
    assert asked(result, "who-decides") == ["Big"]


def test_candidate_groups_become_lanes():
    tasks = [
        node("userTask", "A", inner="", **{"camunda:candidateGroups": "Network"}),
        node("userTask", "B", inner="", **{"camunda:candidateGroups": "Storage,Backup"}),
        node("userTask", "C", inner="", **{"camunda:assignee": "${initiator}"}),
    ]

    result = camunda7(*chain(*tasks))

    nodes = diagram(result).nodes
    assert [nodes[i].lane for i in "ABC"] == ["Network", "Storage", "Service Desk"]
    assert asked(result, "assignee-open") == ["B", "C"]


def test_a_due_date_that_is_a_duration_is_kept():
    tasks = [
        node("userTask", "A", inner="", **{"camunda:dueDate": "PT4H"}),
        node("userTask", "B", inner="", **{"camunda:dueDate": "${due}"}),
    ]

    result = camunda7(*chain(*tasks))

    assert [diagram(result).nodes[i].due_in for i in "AB"] == ["PT4H", None]
    assert asked(result, "due-open") == ["B"]


def test_a_program_is_named_in_the_question_about_it():
    task = node("serviceTask", "A", **{"camunda:delegateExpression": "${mailer}"})

    result = camunda7(*chain(task))

    assert "${mailer}" in next(q.message for q in result.questions if q.rule == "operation-open")


def test_a_decision_that_is_elsewhere_gets_an_empty_table():
    task = node("businessRuleTask", "A", **{"camunda:decisionRef": "rate-it",
                                            "camunda:resultVariable": "rating"})  # fmt: skip

    result = camunda7(*chain(task))

    assert diagram(result).nodes["A"].decision_id == "rate_it_decision"
    assert b'name="rating"' in result.files["processes/given/rate_it_decision.dmn"]
    assert asked(result, "decision-missing") == ["A"]


def test_a_called_process_that_is_elsewhere_gets_a_stand_in():
    result = imported(drawn(*chain(node("callActivity", "A", calledElement="Other"))))

    assert diagram(result).nodes["A"].called_process == "Other"
    assert diagram(result, "Other").of_kind(Kind.USER_TASK)
    assert asked(result, "called-process-missing") == ["A"]


def test_a_process_that_calls_itself_does_not_run_for_ever():
    result = imported(drawn(*chain(node("callActivity", "A", calledElement="Handling"))))

    assert asked(result, "call-cycle") == ["A"]


def test_a_multi_instance_over_a_list_that_is_set_stays_one():
    script = node("scriptTask", "Set", inner="<bpmn:script>hosts = [1, 2]</bpmn:script>")
    several = """<bpmn:multiInstanceLoopCharacteristics isSequential="true"
      camunda:collection="hosts" camunda:elementVariable="host"/>"""

    result = camunda7(*chain(script, node("userTask", "A", inner=several)))

    loop = diagram(result).nodes["A"].loop
    assert (loop.repeat, loop.collection, loop.item) == (Repeat.SEQUENTIAL, "hosts", "host")
    assert "repetition-open" not in rules(result)


def test_a_multi_instance_over_nothing_is_done_once():
    several = '<bpmn:multiInstanceLoopCharacteristics camunda:collection="${hosts}"/>'

    result = camunda7(*chain(node("userTask", "A", inner=several)))

    assert diagram(result).nodes["A"].loop.cardinality == "1"
    assert asked(result, "repetition-open") == ["A"]


def test_a_repeated_task_asks_whether_to_do_it_once_more():
    again = "<bpmn:standardLoopCharacteristics/>"

    result = imported(drawn(*chain(node("userTask", "A", inner=again))))

    assert diagram(result).nodes["A"].loop.condition == "a_again = true"
    assert form(result, "A")["a_again"]["type"] == "checkbox"


def test_what_only_camunda_understands_is_listed_once():
    task = node("userTask", "A", **{"camunda:asyncBefore": "true", "camunda:exclusive": "false"})

    result = camunda7(*chain(task, node("userTask", "B", **{"camunda:asyncBefore": "true"})))

    (question,) = [q for q in result.questions if q.rule == "extensions-dropped"]
    assert "camunda:asyncBefore, camunda:exclusive." in question.message
    assert b"camunda" not in result.files["processes/given/Handling.bpmn"]


def test_camunda_8_says_conditions_groups_and_forms_in_its_own_way():
    parts = """<zeebe:formDefinition formKey="camunda-forms:bpmn:F1"/>
      <zeebe:assignmentDefinition candidateGroups="Network"/>"""
    body = """{"components": [{"type": "group", "components": [{"type": "number", "key": "size",
      "label": "Size"}]}, {"type": "button", "key": "b"}]}"""
    task = node("userTask", "Look", inner=extended(parts))
    given = extended(f'<zeebe:userTaskForm id="F1">{body}</zeebe:userTaskForm>')

    result = camunda8(given, *split("=size &gt; 5", before=task))

    assert result.origin is Origin.CAMUNDA_8
    assert list(form(result, "Look")) == ["size"]
    assert diagram(result).nodes["Look"].lane == "Network"
    assert diagram(result).flows["Big_Call"].condition == "size > 5"


def test_a_form_of_camunda_8_is_found_where_its_id_says_where_it_lies():
    parts = '<zeebe:formDefinition formKey="camunda-forms:bpmn:userTaskForm:F1"/>'
    task = node("userTask", "Look", inner=extended(parts))
    body = """{"components": [{"type": "number", "key": "size", "label": "Size"}]}"""
    given = extended(f'<zeebe:userTaskForm id="userTaskForm:F1">{body}</zeebe:userTaskForm>')

    result = camunda8(given, *chain(task))

    assert list(form(result, "Look")) == ["size"]


def test_a_condition_on_what_a_mapping_can_not_know_is_asked_of_a_person():
    mapping = (
        '<zeebe:ioMapping><zeebe:output source="=unheard = 1" target="big"/></zeebe:ioMapping>'
    )
    task = node("userTask", "Look", inner=extended(mapping))

    result = camunda8(*split("=big = true", before=task))

    assert diagram(result).flows["Big_Call"].condition == "big = true"
    assert asked(result, "script-open") == ["Set_Look"]
    assert asked(result, "value-unknown") == ["Big"]
    assert "big" in form(result, "Set_Look")


def test_camunda_8_scripts_and_lists_are_feel_already():
    script = extended('<zeebe:script expression="=[1, 2]" resultVariable="hosts"/>')
    several = (
        "<bpmn:multiInstanceLoopCharacteristics>"
        + extended(
            '<zeebe:loopCharacteristics inputCollection="=hosts" inputElement="host"'
            ' outputCollection="seen" outputElement="=host"/>'
        )
        + "</bpmn:multiInstanceLoopCharacteristics>"
    )
    tasks = node("scriptTask", "Set", inner=script), node("userTask", "A", inner=several)

    result = camunda8(*chain(*tasks))

    loop = diagram(result).nodes["A"].loop
    assert diagram(result).nodes["Set"].script == "hosts = [1, 2]"
    assert (loop.collection, loop.output_collection, loop.output_item) == ("hosts", "seen", "host")


def test_camunda_8_mappings_become_scripts_when_they_can_be_read():
    mapping = extended(
        '<zeebe:ioMapping><zeebe:input source="=1 + 1" target="two"/>'
        '<zeebe:output source="=nothing.there(" target="x"/></zeebe:ioMapping>'
    )

    result = camunda8(*chain(node("userTask", "A", inner=mapping)))

    (script,) = diagram(result).of_kind(Kind.SCRIPT_TASK)
    assert script.script == "two = 1 + 1"
    assert asked(result, "mapping-open") == ["A"]


def test_camunda_7_values_become_scripts_when_they_can_be_read():
    mapping = extended(
        '<camunda:inputOutput><camunda:inputParameter name="a">plain “text”'
        '</camunda:inputParameter><camunda:inputParameter name="b"><camunda:script>x()'
        '</camunda:script></camunda:inputParameter><camunda:outputParameter name="c">'
        "${1 + 1}</camunda:outputParameter></camunda:inputOutput>"
    )

    result = camunda7(*chain(node("userTask", "A", inner=mapping)))

    scripts = [n.script for n in diagram(result).of_kind(Kind.SCRIPT_TASK)]
    assert scripts == ['a = "plain “text”"', "c = 1 + 1"]
    assert asked(result, "mapping-open") == ["A"]


def test_camunda_8_correlation_keys_go_to_the_event():
    message = f"""<bpmn:message id="M" name="Reply">{
        extended('<zeebe:subscription correlationKey="=ticket"/>')
    }</bpmn:message>"""
    fields = extended('<zeebe:script expression="=5" resultVariable="ticket"/>')
    wait = node("receiveTask", "Wait", messageRef="M")

    result = camunda8(*chain(node("scriptTask", "Set", inner=fields), wait), also=message)

    assert diagram(result).nodes["Wait"].correlation_key == "ticket"


def test_a_diagram_of_our_own_keeps_what_it_says():
    ours = 'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"'
    operation = extended(
        '<spiffworkflow:serviceTaskOperator id="incident.hold"><spiffworkflow:parameters>'
        '<spiffworkflow:parameter id="reason" value="&quot;Waiting&quot;"/>'
        "</spiffworkflow:parameters></spiffworkflow:serviceTaskOperator>"
    )
    task = node("serviceTask", "Hold", inner=operation)

    result = imported(drawn(*chain(task), more=ours))

    assert result.origin is Origin.STEADYHAND
    assert diagram(result).nodes["Hold"].operation == "incident.hold"
    assert diagram(result).nodes["Hold"].parameters == {"reason": '"Waiting"'}


@pytest.mark.parametrize("key", ["../../../etc/passwd", "/tmp/x", "a b", "..", "a" * 400])  # noqa: S108
def test_a_form_key_never_leaves_the_bundle(key):
    ours = 'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"'
    inner = extended(
        "<spiffworkflow:properties>"
        f'<spiffworkflow:property name="formKey" value="{key}"/></spiffworkflow:properties>'
    )

    result = imported(drawn(*chain(node("userTask", "A", inner=inner)), more=ours))

    assert all(path.count("/") == 2 and ".." not in path for path in result.files)


@pytest.mark.parametrize("name", ["item", "incident", "loopCounter", "numberOfInstances"])
def test_a_name_that_the_engine_sets_itself_is_left_to_it(name):
    fields = f"""<camunda:formData><camunda:formField id="{name}" type="string"/>
      </camunda:formData>"""
    several = f"""<bpmn:multiInstanceLoopCharacteristics camunda:collection="names"
      camunda:elementVariable="{name}"/>"""
    script = node("scriptTask", "Set", inner="<bpmn:script>names = [1]</bpmn:script>")
    decide = node("businessRuleTask", "D", **{"camunda:decisionRef": "d",
                                              "camunda:resultVariable": name})  # fmt: skip
    task = node("userTask", "A", inner=extended(fields) + several)

    result = camunda7(*split(f"${{{name} == 'x'}}")[:-1], *chain(script, decide, task)[1:4])

    assert list(form(result, "A")) == [f"field_{name}"]
