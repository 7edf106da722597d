"""Renders the Helm chart where there is no Helm: only what its templates use, and nothing else.

An action that is not a value, ``quote``, ``if`` or ``if not`` is an error, so the templates stay
that simple.
"""

import json
import re
from pathlib import Path

import yaml

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "steadyhand"
_ACTION = re.compile(r"(\s*)\{\{(-?) *(.*?) *\}\}")
_IF = re.compile(r"if (not )?(\.[\w.]+)")
_VALUE = re.compile(r"(\.[\w.]+)( \| quote)?")


def render(**switched):
    """Every object of the chart under the name ``prod``; ``switched`` is ``path__to__value=…``."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    for path, value in switched.items():
        *parents, last = path.split("__")
        inner = values
        for parent in parents:
            inner = inner[parent]
        assert last in inner, path
        inner[last] = value
    known = {"Values": values, "Release": {"Name": "prod"}}
    return [made for file in _templates() for made in _read(file, known)]


def _templates():
    return sorted((CHART / "templates").glob("*.yaml"))


def _read(file, known):
    rendered = _render(file.read_text(), known)
    return [found for found in yaml.safe_load_all(rendered) if found]


def _render(template, known):
    written, is_shown, position = [], [True], 0
    for found in _ACTION.finditer(template):
        text, action = template[position : found.start()], found[3]
        _write(written, is_shown, text + ("" if found[2] else found[1]))
        position = found.end()
        if action == "end":
            is_shown.pop()
        elif condition := _IF.fullmatch(action):
            is_shown.append(bool(_look_up(condition[2], known)) is not bool(condition[1]))
        else:
            _write(written, is_shown, _value(action, known))
    assert is_shown == [True]
    return "".join(written) + template[position:]


def _write(written, is_shown, text):
    if all(is_shown):
        written.append(text)


def _value(action, known):
    path, quoted = _VALUE.fullmatch(action).groups()
    value = _look_up(path, known)
    return json.dumps(str(value)) if quoted else str(value)


def _look_up(path, known):
    for part in path.removeprefix(".").split("."):
        known = known[part]
    return known
