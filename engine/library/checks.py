"""What is wrong with a bundle, before it is deployed."""

from engine import bundles
from engine.bpmn.linter import References, lint
from engine.bundles import Bundle, Files
from engine.errors import Finding
from engine.forms import Form
from engine.operations import CATALOGUE


def check(files: Files) -> list[Finding]:
    """Every problem in every file and between them; an empty list means: may be deployed."""
    bundle = bundles.read(files)
    references = References(
        forms={key: {f.key for f in form.inputs} for key, form in bundle.forms.items()},
        decisions={key: set(d.output_names) for key, d in bundle.decisions.items()},
        operations={name: set(op.parameters) for name, op in CATALOGUE.items()},
        facts=frozenset({"incident"}),
    )
    findings = list(bundle.findings)
    for path, diagram in bundle.diagrams.items():
        findings += lint(diagram, references, path)
    return findings + _manifest(bundle) + _decisions(bundle, references)


def _manifest(bundle: Bundle) -> list[Finding]:
    findings = []
    if not bundle.id:
        message = "The bundle needs a bundle.toml with an id."
        findings.append(Finding("bundle-id-missing", bundles.MANIFEST, "", "", message))
    processes = {diagram.process_id for diagram in bundle.diagrams.values()}
    for process_id, form_key in bundle.start_forms.items():
        if process_id not in processes or form_key not in bundle.forms:
            message = f"Start “{process_id}” with form “{form_key}”: one of them does not exist."
            findings.append(Finding("start-unknown", bundles.MANIFEST, process_id, "", message))
        elif not _asks_title(bundle.forms[form_key]):
            message = f"The form “{form_key}” must ask for a title: a required text field “title”."
            findings.append(
                Finding("start-title-missing", bundles.MANIFEST, process_id, "", message)
            )
    return findings


def _asks_title(form: Form) -> bool:
    title = form.find("title")
    return title is not None and title.is_required and title.type in ("textfield", "textarea")


def _decisions(bundle: Bundle, references: References) -> list[Finding]:
    known = set(references.facts)
    known |= {key for keys in references.forms.values() for key in keys}
    known |= {key for keys in references.decisions.values() for key in keys}
    return [
        Finding(
            "expression-unknown-name",
            bundle.decision_paths[decision.id],
            decision.id,
            decision.name,
            f"Nothing sets “{name}”, which this decision reads.",
        )
        for decision in bundle.decisions.values()
        for name in sorted(decision.names - known)
    ]
