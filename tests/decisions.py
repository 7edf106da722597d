"""DMN files, written down in a line or two for the tests."""

from xml.sax.saxutils import escape, quoteattr

DMN_15 = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def definitions(*parts, namespace=DMN_15, model="urn:model"):
    return (
        f'<definitions xmlns="{namespace}" id="d" name="D" namespace="{model}">'
        f"{''.join(parts)}</definitions>"
    ).encode()


def _typed(type_name):
    return f" typeRef={quoteattr(type_name)}" if type_name else ""


def _links(requires):
    """Lines from elements; ``kind:id``, where the kind is Input, Decision or Knowledge."""
    lines = ""
    for each in requires:
        kind, href = each.split(":", 1)
        line = "knowledgeRequirement" if kind == "Knowledge" else "informationRequirement"
        href = href if "#" in href else f"#{href}"
        lines += f'<{line}><required{kind} href="{href}"/></{line}>'
    return lines


def text(tag, feel, **attributes):
    written = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    return f"<{tag}{written}><text>{escape(feel)}</text></{tag}>"


def literal(feel, **attributes):
    return text("literalExpression", feel, **attributes)


def input_data(name, gives="", input_id=""):
    variable = f"<variable name={quoteattr(name)}{_typed(gives)}/>"
    return f'<inputData id="{input_id or name}" name={quoteattr(name)}>{variable}</inputData>'


def decision(decision_id, logic, *, requires=(), gives="", name="", variable=""):
    name = name or decision_id
    return (
        f'<decision id="{decision_id}" name={quoteattr(name)}>'
        f"<variable name={quoteattr(variable or name)}{_typed(gives)}/>"
        f"{_links(requires)}{logic}</decision>"
    )


def knowledge(name, parameters, logic, *, requires=(), gives="", kind="FEEL"):
    """A business knowledge model; parameters are ``name`` or ``name:type``."""
    return (
        f'<businessKnowledgeModel id="{name}" name="{name}">'
        f'<variable name="{name}"{_typed(gives)}/><encapsulatedLogic kind="{kind}">'
        f"{formal(parameters)}{logic}</encapsulatedLogic>"
        f"{_links(requires)}</businessKnowledgeModel>"
    )


def formal(parameters):
    split = [each.partition(":") for each in parameters]
    return "".join(f'<formalParameter name="{n}"{_typed(t)}/>' for n, _, t in split)


def service(name, *, outputs, decisions=(), inputs=(), encapsulated=()):
    links = [
        *(("outputDecision", each) for each in outputs),
        *(("encapsulatedDecision", each) for each in encapsulated),
        *(("inputDecision", each) for each in decisions),
        *(("inputData", each) for each in inputs),
    ]
    inside = "".join(f'<{tag} href="#{element_id}"/>' for tag, element_id in links)
    return (
        f'<decisionService id="{name}" name="{name}"><variable name="{name}"/>{inside}'
        "</decisionService>"
    )


def item(name, gives="", *, allowed="", constraint="", components=(), collection=False, tag=""):
    tag = tag or "itemDefinition"
    inside = f"<typeRef>{gives}</typeRef>" if gives else "".join(components)
    inside += text("allowedValues", allowed) if allowed else ""
    inside += text("typeConstraint", constraint) if constraint else ""
    is_collection = ' isCollection="true"' if collection else ""
    return f"<{tag} name={quoteattr(name)}{is_collection}>{inside}</{tag}>"


def component(name, gives="", **more):
    return item(name, gives, tag="itemComponent", **more)


def column(feel, *, gives="", values="", label=""):
    labelled = f" label={quoteattr(label)}" if label else ""
    expression = text("inputExpression", feel, **({"typeRef": gives} if gives else {}))
    return f"<input{labelled}>{expression}{text('inputValues', values) if values else ''}</input>"


def output(name="", *, gives="", values="", default=""):
    named = f" name={quoteattr(name)}" if name else ""
    inside = text("outputValues", values) if values else ""
    inside += text("defaultOutputEntry", default) if default else ""
    return f"<output{named}{_typed(gives)}>{inside}</output>"


def rule(rule_id, tests, cells):
    inside = "".join(text("inputEntry", each) for each in tests)
    inside += "".join(text("outputEntry", each, id=f"{rule_id}_o") for each in cells)
    named = f' id="{rule_id}"' if rule_id else ""
    return f"<rule{named}>{inside}</rule>"


def table(*parts, policy="", aggregation=""):
    chosen = f' hitPolicy="{policy}"' if policy else ""
    chosen += f' aggregation="{aggregation}"' if aggregation else ""
    return f'<decisionTable id="table"{chosen}>{"".join(parts)}</decisionTable>'
