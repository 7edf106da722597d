"""What turns text into code, markup or a shell's words is in no file of ours, or argued here."""

import ast
import re

import pytest

from tests.factories import ROOT

BUILT_IN = {"eval", "exec", "compile", "__import__", "breakpoint"}
MODULES = {"pickle", "cPickle", "dill", "marshal", "shelve", "jsonpickle", "yaml", "telnetlib"}
NAMES = {"render_template_string", "Markup", "from_string"}  # of Flask, markupsafe, Jinja
SHELLS = {"system", "popen", "getoutput", "getstatusoutput"}
# Where one of them is in place, and why. The file and what it uses -> the reason.
ARGUED: dict[tuple[str, str], str] = {}
# Blocks of data are no scripts: the policy lets none of them run.
SCRIPT = r"<script(?![^>]*(?:\bsrc=|type=\"application/json\"))"
IN_TEMPLATES = re.compile(rf"\|\s*safe\b|autoescape\s+false|\bon\w+=|{SCRIPT}|javascript:")

SOURCES = sorted(
    path
    for folder in ("engine", "api", "deploy", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
    if "node_modules" not in path.parts
)
TEMPLATES = sorted((ROOT / "api" / "web" / "templates").rglob("*.*"))


def dangerous(source):
    """What a source uses of all that, by name."""
    return {name for node in ast.walk(ast.parse(source)) for name in _named(node)}


def _named(node):
    match node:
        case ast.Import(names=names):
            yield from MODULES & {alias.name.partition(".")[0] for alias in names}
        case ast.ImportFrom(module=module, names=names):
            yield from MODULES & {(module or "").partition(".")[0]}
            yield from NAMES & {alias.name for alias in names}
        case ast.Name(id=name):
            yield from (BUILT_IN | NAMES) & {name}
        case ast.Attribute(value=ast.Name(id="os" | "subprocess"), attr=name):
            yield from SHELLS & {name}
        case ast.Attribute(value=ast.Name(id="builtins"), attr=name):
            yield from BUILT_IN & {name}
        case ast.Attribute(attr=name):
            yield from NAMES & {name}
        case ast.keyword(arg="shell", value=value):
            yield from () if _is_false(value) else ("shell=True",)


def _is_false(value):
    return isinstance(value, ast.Constant) and value.value is False


def test_no_source_turns_text_into_code_or_markup_but_where_it_is_argued():
    found = {
        (str(path.relative_to(ROOT)), name)
        for path in (*SOURCES, ROOT / "run.py")
        for name in dangerous(path.read_text())
    }

    assert found == set(ARGUED)
    assert len(SOURCES) > 200


def test_no_template_trusts_a_text_or_holds_a_script():
    found = {
        (path.name, line.strip())
        for path in TEMPLATES
        for line in path.read_text().splitlines()
        if IN_TEMPLATES.search(line)
    }

    assert found == set()


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("eval(text)", "eval"),
        ("run = exec", "exec"),
        ("import builtins\nbuiltins.eval(text)", "eval"),
        ("import pickle", "pickle"),
        ("import yaml.loader as l", "yaml"),
        ("from marshal import loads", "marshal"),
        ("from markupsafe import Markup as M", "Markup"),
        ("flask.render_template_string(text)", "render_template_string"),
        ("env.from_string(text)", "from_string"),
        ("subprocess.run(text, shell=True)", "shell=True"),
        ("subprocess.run(text, shell=is_posix)", "shell=True"),
        ("import os\nos.system(text)", "system"),
    ],
)
def test_each_of_them_would_be_found(source, name):
    assert name in dangerous(source)


@pytest.mark.parametrize(
    "source", ["re.compile(text)", "os.execv(file, words)", "run(words, shell=False)"]
)
def test_what_only_looks_like_one_of_them_is_not(source):
    assert dangerous(source) == set()


@pytest.mark.parametrize(
    "line",
    ["{{ title|safe }}", '<a onclick="go()">', "<script>go()</script>", '<a href="javascript:1">'],
)
def test_a_template_that_trusts_a_text_would_be_found(line):
    assert IN_TEMPLATES.search(line)
