"""What is wrong with a bundle, before it is deployed."""

import tomllib
from collections.abc import Iterator, Set
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from lxml import etree

from engine import bundles, dmn, safe_xml
from engine.bpmn.lint import References, lint
from engine.bpmn.lint.calendars import unknown_calendar
from engine.bpmn.lint.variables import RESERVED
from engine.bundles import Bundle, Files
from engine.errors import Finding, InvalidDocument
from engine.feel import calendars_named, with_calendars
from engine.forms import Form
from engine.library import rules
from engine.library.scenarios import reading
from engine.operations import CATALOGUE

_BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


def check(files: Files, groups: Set[str] | None = None) -> list[Finding]:
    """Every problem in every file and between them; without an error, it may be deployed.

    ``groups`` are those that exist; where they are not known, what the manifest says about them.
    """
    bundle = bundles.read(files)
    path, manifest = _manifest(files)
    references = _references(bundle, _listed_groups(manifest) if groups is None else groups)
    findings = list(bundle.findings)
    for diagram_path, diagram in bundle.diagrams.items():
        with with_calendars(bundle.calendars):
            findings += lint(diagram, references, diagram_path)
        findings += _undocumented(bundle, diagram_path, files[diagram_path])
    findings += _starts(bundle, path)
    findings += _separations(bundle, path)
    findings += _service_clocks(bundle, path)
    findings += _decisions(bundle, references)
    findings += _calendars(bundle, files)
    findings += _regimes(bundle)
    findings += _report_fields(bundle)
    findings += _tables(bundle)
    findings += _reserved_names(bundle, files)
    findings += rules.check(manifest, path, bundle.diagrams)
    findings += _scenarios(files)
    return _with_lines(findings, files)


def _references(bundle: Bundle, groups: Set[str] | None) -> References:
    return References(
        forms={key: {f.key for f in form.inputs} for key, form in bundle.forms.items()},
        decisions={key: set(d.output_names) for key, d in bundle.decisions.items()},
        operations={name: set(op.parameters) for name, op in CATALOGUE.items()},
        facts=frozenset({"incident"}),
        groups=groups,
        calendars=bundle.calendars.keys(),
        processes={diagram.process_id: diagram for diagram in bundle.diagrams.values()},
    )


def _manifest(files: Files) -> tuple[str, dict[str, Any]]:
    """The first manifest that can be read, and where it is; the others have findings already."""
    for path in sorted(files):
        if PurePosixPath(path).name == bundles.MANIFEST:
            try:
                return path, tomllib.loads(files[path].decode())
            except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
                continue
    return bundles.MANIFEST, {}


def _listed_groups(manifest: dict[str, Any]) -> Set[str] | None:
    listed = manifest.get("groups")
    return {str(group) for group in listed} if isinstance(listed, list) else None


def _undocumented(bundle: Bundle, path: str, content: bytes) -> Iterator[Finding]:
    process = safe_xml.parse(content).find(f"{_BPMN}process")
    if process is None or not (process.findtext(f"{_BPMN}documentation") or "").strip():
        diagram = bundle.diagrams[path]
        message = "Say in its documentation what the process is for, and where it ends."
        yield Finding(
            "process-undocumented", path, diagram.process_id, diagram.name, message, "warning"
        )


def _starts(bundle: Bundle, path: str) -> Iterator[Finding]:
    if not bundle.id:
        message = "The bundle needs a bundle.toml with an id. Add it."
        yield Finding("bundle-id-missing", path, "", "", message)
    processes = {diagram.process_id for diagram in bundle.diagrams.values()}
    for process_id, form_key in bundle.start_forms.items():
        if process_id not in processes or form_key not in bundle.forms:
            message = f"Start “{process_id}” with form “{form_key}”: one of them does not exist."
            yield Finding("start-unknown", path, process_id, "", message)
        elif not _asks_title(bundle.forms[form_key]):
            message = f"The form “{form_key}” must ask for a title: a required text field “title”."
            yield Finding("start-title-missing", path, process_id, "", message)


def _separations(bundle: Bundle, path: str) -> Iterator[Finding]:
    nodes = [node for diagram in bundle.diagrams.values() for node in diagram.nodes.values()]
    known = {node.id for node in nodes if node.kind.is_for_person}
    for separation in bundle.separations:
        for unknown in sorted(separation.tasks - known):
            message = f"Separation “{separation.title}”: no task for a person has this id."
            yield Finding("separation-unknown", path, unknown, "", message)


def _service_clocks(bundle: Bundle, path: str) -> Iterator[Finding]:
    for agreement in bundle.agreements:
        decision = bundle.decisions.get(agreement.decision)
        if decision is None:
            message = f"The bundle has no decision “{agreement.decision}”. Name one that it has."
            yield Finding("service-clock-unknown", path, "", agreement.title, message)
            continue
        for name in (agreement.duration, agreement.calendar):
            if name not in decision.output_names:
                message = f"The decision “{decision.id}” has no output “{name}”. Name one of its."
                yield Finding("service-clock-unknown", path, decision.id, agreement.title, message)


def _asks_title(form: Form) -> bool:
    title = form.find("title")
    return title is not None and title.is_required and title.type in ("textfield", "textarea")


def _decisions(bundle: Bundle, references: References) -> Iterator[Finding]:
    known = set(references.facts).union(*references.readable.values())
    # A decision may be of use to a process that is not drawn yet.
    known = known.union(*references.forms.values(), *references.decisions.values())
    for decision in bundle.decisions.values():
        for name in sorted(decision.names - known):
            message = f"Nothing sets “{name}”, which this decision reads. Ask for it in a form."
            path = bundle.decision_paths[decision.id]
            yield Finding("expression-unknown-name", path, decision.id, decision.name, message)


def _calendars(bundle: Bundle, files: Files) -> Iterator[Finding]:
    """The calendars that decisions name; a file that cannot be read has a finding already."""
    for path in sorted(set(bundle.decision_paths.values())):
        for text in safe_xml.parse(files[path]).iter("{*}text"):
            for name in sorted(calendars_named(text.text or "") - bundle.calendars.keys()):
                around = (each.get("id") for each in text.iterancestors())
                element_id = next(filter(None, around), "")
                yield Finding("calendar-unknown", path, element_id, "", unknown_calendar(name))


def _regimes(bundle: Bundle) -> Iterator[Finding]:
    for path, regime in bundle.regimes.items():
        if regime.calendar not in bundle.calendars:
            message = unknown_calendar(regime.calendar)
            yield Finding("calendar-unknown", path, regime.id, regime.title, message)


def _report_fields(bundle: Bundle) -> Iterator[Finding]:
    for path, fields in bundle.report_fields.items():
        regime = bundle.regimes.get(path.removesuffix(bundles.FIELDS) + ".toml")
        known = {stage.id for stage in regime.stages} if regime else set()
        for field in fields:
            for stage_id in sorted(field.stages - known):
                message = f"Its regime has no stage “{stage_id}”. Name one that it has."
                yield Finding("stage-unknown", path, field.id, field.name, message)


def _tables(bundle: Bundle) -> Iterator[Finding]:
    for decision in bundle.decisions.values():
        path = bundle.decision_paths[decision.id]
        for f in dmn.check(decision):
            if f.severity != "info":  # what could not be checked is nobody's mistake
                yield Finding(f.rule, path, f.element_id, f.element_name, f.message, f.severity)


def _scenarios(files: Files) -> Iterator[Finding]:
    for path in filter(bundles.is_scenario, files):
        try:
            reading.read(files[path], path)
        except InvalidDocument as error:
            yield Finding("scenario-invalid", path, "", "", str(error))


def _reserved_names(bundle: Bundle, files: Files) -> Iterator[Finding]:
    paths = {PurePosixPath(path).stem: path for path in files if path.startswith("forms/")}
    for key, form in bundle.forms.items():
        for field in form.inputs:
            if field.key in RESERVED:
                yield _reserved(paths[key], field.key, field.key)
    for decision in bundle.decisions.values():
        for name in decision.output_names:
            if name in RESERVED:
                yield _reserved(bundle.decision_paths[decision.id], decision.id, name)


def _reserved(path: str, element_id: str, name: str) -> Finding:
    message = f"“{name}” is set by the engine. Choose another name."
    return Finding("variable-reserved", path, element_id, name, message)


def _with_lines(findings: list[Finding], files: Files) -> list[Finding]:
    lines = {path: _lines(files.get(path, b"")) for path in {f.path for f in findings}}
    return [replace(f, line=lines[f.path].get(f.element_id)) for f in findings]


def _lines(content: bytes) -> dict[str, int]:
    """Element id -> the line on which it begins; nothing for what is not XML."""
    try:
        elements = safe_xml.parse(content).iter(etree.Element)
    except InvalidDocument:
        return {}
    return {e.get("id", ""): e.sourceline for e in elements if e.sourceline is not None}
