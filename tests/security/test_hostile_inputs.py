"""Whatever is thrown at the engine does nothing but get an error, at once."""

import time
from contextlib import contextmanager

import pytest

from engine import library
from engine.bpmn import run
from engine.bpmn.definition import compile_definition
from engine.bpmn.reader import read
from engine.errors import InvalidDocument
from engine.feel import FeelError, compile_expression
from tests.diagrams import one_task
from tests.security import hostile

AT_ONCE = 0.1  # seconds of CPU
A_FILE = 2.0


@contextmanager
def within(seconds):
    before = time.thread_time()
    yield
    assert time.thread_time() - before < seconds


def _named(cases):
    return pytest.mark.parametrize("case", cases.values(), ids=cases)


def test_there_are_enough_of_them():
    kinds = (hostile.XML_FILES, hostile.FORMS, hostile.EXPRESSIONS, hostile.MODELS)
    more = (hostile.RUNNING, hostile.ODD_KEYS, hostile.ODD_VALUES, hostile.SNAPSHOTS)

    assert sum(map(len, (*kinds, *more))) >= 200


@_named(hostile.XML_FILES)
def test_a_hostile_file_is_a_finding(case):
    files = one_task(decisions={"size": hostile.TABLE.encode()})
    files |= {path: content.encode("utf-8", "surrogatepass") for path, content in case.items()}

    with within(A_FILE):
        findings = library.check(files)

    assert [f for f in findings if f.is_error and f.path in case]
    assert all(len(f.message) < 500 and "root:" not in f.message for f in findings)


@_named(hostile.FORMS)
def test_a_hostile_form_is_a_finding(case):
    content = case if isinstance(case, bytes) else case.encode()

    with within(A_FILE):
        findings = library.check({**one_task(), hostile.FORM: content})

    assert [f for f in findings if f.is_error]


@pytest.mark.parametrize("text", hostile.EXPRESSIONS, ids=lambda text: ascii(text[:24]))
def test_what_is_no_feel_is_refused_where_it_goes_wrong(text):
    with within(AT_ONCE), pytest.raises(FeelError) as refusal:
        compile_expression(text)

    assert refusal.value.line >= 1
    assert len(str(refusal.value)) < 300


@_named(hostile.MODELS)
def test_a_hostile_model_is_a_finding(case):
    with within(A_FILE):
        findings = library.check(case)

    assert [f for f in findings if f.is_error]


@_named(hostile.RUNNING)
def test_a_model_that_explodes_when_it_runs_fails_or_comes_to_nothing(case):
    definition = compile_definition(read(case), {})

    with within(A_FILE):
        instance = run.start(definition, {}, {})

    progress = instance.progress()
    assert all(failure.element_id and failure.message for failure in progress.failures)
    assert progress.failures or progress.is_ended
    with within(AT_ONCE):
        assert len(run.save(instance)) < 200_000


@pytest.mark.parametrize("key", hostile.ODD_KEYS, ids=lambda key: ascii(key[:20]))
def test_any_key_of_an_answer_is_data_and_survives_as_such(key):
    task_id = _first_task(hostile.SNAPSHOT_TEXT)
    instance = run.restore(hostile.DEFINITION, hostile.SNAPSHOT_TEXT, {}, {})

    with within(AT_ONCE):
        instance.complete(task_id, {key: "value"})
        again = run.restore(hostile.DEFINITION, run.save(instance), {}, {})

    assert again.variables[key] == "value"
    assert [task.element_id for task in again.progress().open_tasks] == ["After"]


@pytest.mark.parametrize("value", hostile.ODD_VALUES, ids=lambda value: repr(value)[:20])
def test_any_value_of_an_answer_is_data_and_survives_as_such(value):
    task_id = _first_task(hostile.SNAPSHOT_TEXT)
    instance = run.restore(hostile.DEFINITION, hostile.SNAPSHOT_TEXT, {}, {})

    with within(AT_ONCE):
        instance.complete(task_id, {"note": value})
        again = run.restore(hostile.DEFINITION, run.save(instance), {}, {})

    assert repr(again.variables["note"]) == repr(value)


@_named(hostile.SNAPSHOTS)
def test_a_forged_snapshot_is_refused(case):
    with within(AT_ONCE), pytest.raises(InvalidDocument):
        run.restore(hostile.DEFINITION, case, {}, {})


def _first_task(saved):
    return run.restore(hostile.DEFINITION, saved, {}, {}).progress().waits[0].id
