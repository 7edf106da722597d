"""Findings and questions as lines, as a compiler prints them."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from engine.errors import Finding
from engine.library.importing import Question


def as_text(findings: Sequence[Finding]) -> str:
    """One line each, and the counts on the last."""
    errors = sum(finding.is_error for finding in findings)
    counts = [count(errors, "error"), count(len(findings) - errors, "warning")]
    return "\n".join([*map(line, findings), f"{', '.join(counts)}."])


def as_json(findings: Sequence[Finding]) -> str:
    return json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2)


def line(finding: Finding) -> str:
    where = ":".join(part for part in (finding.path, finding.element_id) if part)
    name = f" “{finding.element_name}”" if finding.element_name else ""
    return f"{where}: {finding.severity} {finding.rule}:{name} {finding.message}"


def question_line(file: str, question: Question) -> str:
    where = f"{file}:{question.element_id}" if question.element_id else file
    name = f" “{question.element_name}”" if question.element_name else ""
    return f"{where}: question {question.rule}:{name} {question.message} {question.suggestion}"


def count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
