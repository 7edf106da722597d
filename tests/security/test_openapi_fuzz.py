"""Whatever a programme sends to the API, as whoever: what comes back is in the document.

Schemathesis makes the requests of the OpenAPI document, fitting ones and others. Most of them name
things that are there, so that they get past the first door.
"""

import os
from collections import Counter
from collections.abc import MutableMapping
from itertools import count

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from engine.people import organisations
from tests.durability import stage as given_to
from tests.durability.commands.attachments import with_file
from tests.durability.stage import Stage

ROLES = {
    "rob": "reporter",
    "dora": "responder",
    "max": "incident_manager",
    "olga": "process_owner",
    "aude": "auditor",
    "ada": "administrator",
}
# Ten in a hundred more than are asked for: of some operations there are not so many.
CASES = 5500 * (10 if os.environ.get("STEADYHAND_LONG") else 1)
DATABASES = 2
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
QUIET = settings(
    derandomize=False,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # a case that failed is told as it came
    suppress_health_check=list(HealthCheck),
    verbosity=Verbosity.quiet,
)
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
REAL = 4  # of five names, so many are of things that are there
NUMBERS = count(1)


@pytest.fixture(scope="module")
def made():
    """How many requests were made, by the code of their answers."""
    counts = Counter()
    yield counts
    codes = ", ".join(f"{number} of {code}" for code, number in sorted(counts.items()))
    print(f"\n{counts.total()} cases: {codes}")


@pytest.fixture
def stage(database):
    return Stage(database)


def things(stage):
    """Name of a parameter, a header or a field -> what may stand there, as it is now."""
    new, two, failed = (
        before(stage)
        for before in (
            given_to.incident_of("small"),
            given_to.incident_of("two"),
            given_to.failed,
        )
    )
    message = given_to.sent(stage).message
    organisation = stage.does(organisations.add, f"Dealer {next(NUMBERS)}", stage.cast.ada)
    shown = (new, two, failed)
    return {
        "incident_id": [it.incident.id for it in shown] + [new.incident.number],
        "token_id": [it.token for it in shown] + [new.timer],
        "task_id": [new.task.id, two.task.id],
        "message_id": [message.id],
        "attachment_id": [with_file(stage).attachment_id],
        "process_id": ["small", "two"],
        "bundle_id": ["small", "two"],
        "version": [1, 2],
        "job_id": [1],
        "path": [given_to.DRAFT, "forms/small/note.json"],
        "person_id": [stage.cast.rob.id, stage.cast.tess.id],
        "organisation_id": [organisation.id],
        "If-Match": ['"1"', '"2"', "*"],
        "process": ["small", "two"],
        "answers": [{"title": "Mail is down"}, {"note": "Fine."}, {}],
        "incident": [new.incident.id, two.incident.number],
        "incidents": [[new.incident.id]],
        "token": [failed.token],
        "withdraw": [[two.token], []],
        "start": [["Check"], ["Look"], []],
        "to": [1, 2],
        "files": [{path: content.decode() for path, content in given_to.NEXT.items()}],
        "username": [f"new.{next(NUMBERS)}"],
        "deputy": ["tess", "max"],
        "starts_at": ["2099-01-31T08:00:00Z"],
        "ends_at": ["2099-02-28T08:00:00Z"],
        "number": [new.incident.number],
    }


def schema_of(stage):
    app = stage.anyone().application
    schema = schemathesis.openapi.from_wsgi("/api/docs/openapi.json", app)
    schema.config.generation.update(modes=MODES)
    return schema


@pytest.mark.timeout(900)
@pytest.mark.parametrize("username", ROLES)
def test_no_request_of_a_role_gets_an_answer_that_is_not_in_the_document(username, stage, made):
    schema = schema_of(stage)
    operations = [result.ok() for result in schema.get_all_operations()]
    each = -(-CASES // (len(ROLES) * DATABASES * len(operations)))
    number = list(ROLES).index(username)

    failures = {}
    for operation in operations:
        known, token = things(stage), stage.cast.token(username)
        failure = _fuzz(operation, known, token, each, number, made)
        if failure:
            failures[operation.label] = failure

    assert not failures, "\n\n".join(f"{label}\n{what}" for label, what in failures.items())


def _fuzz(operation, known, token, cases, number, made):
    """The first failure of an operation, in words."""
    strategy = st.one_of(
        *(operation.as_strategy(generation_mode=mode) for mode in _modes(operation))
    )

    @hypothesis.seed(number)
    @settings(QUIET, max_examples=cases)
    @given(case=strategy, data=st.data())
    def send(case, data):
        for part in (case.path_parameters, case.headers, case.body):
            for name in _names(part, known):
                if data.draw(st.integers(1, 5)) <= REAL:
                    part[name] = data.draw(st.sampled_from(known[name]))
        response = case.call(headers={"Authorization": f"Bearer {token}"})
        made[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    try:
        send()
    except Exception as error:  # noqa: BLE001 -- whatever it says is told
        return f"{type(error).__name__}: {_told(error)}"
    return None


def _names(part, known):
    """Of a part of a request, the names of which we know what may stand there."""
    return sorted(set(part) & set(known)) if isinstance(part, MutableMapping) else []


def _modes(operation):
    """What does not fit can be made of an operation that takes something."""
    return MODES if operation.body or operation.query else MODES[:1]


def _told(error):
    parts = getattr(error, "exceptions", [error])
    return "\n".join(str(part)[:3000] for part in parts)
