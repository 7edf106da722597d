"""The files of a bundle draft: its processes, forms, decisions and manifest."""

from collections.abc import Iterable

from lxml import etree

from engine.library.importing import dialect, document, drawing, forms, pools, tree
from engine.library.importing.draft import Component, Decision, Draft
from engine.library.importing.words import slug, unique

_DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"
_REPORT: list[Component] = [
    {
        "id": "Field_title",
        "type": "textfield",
        "key": "title",
        "label": "What happened",
        "validate": {"required": True, "maxLength": 200},
    },
    {"id": "Field_description", "type": "textarea", "key": "description", "label": "Details"},
]


def bundle_id(name: str) -> str:
    return slug(name, 64) or "imported"


def write(draft: Draft, name: str) -> dict[str, bytes]:
    """path -> content, as ``steadyhand check`` takes them."""
    bundle = bundle_id(name)
    files: dict[str, bytes] = {}
    titles = _forms(draft)
    for process in draft.processes:
        root = document.build(draft, process)
        drawing.draw(draft, root)
        files[f"processes/{bundle}/{process.get('id')}.bpmn"] = document.serialize(root)
        for decision in _decisions_of(draft, process):
            files[f"processes/{bundle}/{decision.id}.dmn"] = _table(decision)
    for key, title in titles.items():
        files[f"forms/{bundle}/{key}.json"] = forms.content(draft, key, title)
    report = unique("report", titles)
    files[f"forms/{bundle}/{report}.json"] = forms.write(report, _REPORT)
    files[f"processes/{bundle}/bundle.toml"] = _manifest(draft, bundle, report)
    return dict(sorted(files.items()))


def _forms(draft: Draft) -> dict[str, str]:
    """Form key -> the task that shows it; one of them, when several do."""
    titles: dict[str, str] = {}
    for task in draft.root.iter(tree.bpmn("userTask")):
        forms.fields_of(draft, task)
        titles.setdefault(dialect.get(task, "formKey"), tree.title(task))
    return titles


def _decisions_of(draft: Draft, process: etree._Element) -> Iterable[Decision]:
    for task in process.iter(tree.bpmn("businessRuleTask")):
        decision = draft.decisions.get(dialect.extension(task, "calledDecisionId"))
        if decision:
            yield decision


def _table(decision: Decision) -> bytes:
    """A table with one rule that always holds and says nothing yet."""
    root = etree.Element(f"{{{_DMN}}}definitions", nsmap={None: _DMN})
    root.set("id", f"Definitions_{decision.id}")
    root.set("name", decision.name)
    root.set("namespace", "urn:steadyhand:import")
    made = etree.SubElement(root, f"{{{_DMN}}}decision", id=decision.id, name=decision.name)
    table = etree.SubElement(made, f"{{{_DMN}}}decisionTable", id=f"{decision.id}_table")
    table.set("hitPolicy", "FIRST")
    column = etree.SubElement(table, f"{{{_DMN}}}input", id=f"{decision.id}_input")
    expression = etree.SubElement(column, f"{{{_DMN}}}inputExpression")
    expression.set("id", f"{decision.id}_expression")
    etree.SubElement(expression, f"{{{_DMN}}}text").text = "incident.priority"
    output = etree.SubElement(table, f"{{{_DMN}}}output", id=f"{decision.id}_output")
    output.set("name", decision.output)
    rule = etree.SubElement(table, f"{{{_DMN}}}rule", id=f"{decision.id}_rule")
    for tag, text in (("inputEntry", "-"), ("outputEntry", "null")):
        entry = etree.SubElement(rule, f"{{{_DMN}}}{tag}", id=f"{decision.id}_{tag}")
        etree.SubElement(entry, f"{{{_DMN}}}text").text = text
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def _manifest(draft: Draft, bundle: str, report: str) -> bytes:
    lines = [f"id = {_quoted(bundle)}", f"title = {_quoted(draft.title)}"]
    for process in pools.starting(draft):
        lines += ["", "[[start]]", f"process = {_quoted(process.get('id', ''))}"]
        lines.append(f"form = {_quoted(report)}")
    return ("\n".join(lines) + "\n").encode()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
