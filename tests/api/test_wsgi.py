"""What gunicorn serves: only over tables of its own release, and on through the next upgrade."""

import json
import os
import signal

import pytest

from tests.gunicorn import Gunicorn
from tests.revisions import migrated_to

# By our code, or by gunicorn's when the second process ends while it deals with the first.
ENDED = (4, 1)


@pytest.mark.parametrize(
    ("revision", "said"), [("0001", "Run `steadyhand migrate` first"), ("9999", "newer release")]
)
def test_it_does_not_start_over_tables_of_another_release(tmp_path, database, revision, said):
    gunicorn = Gunicorn(tmp_path, database.url)

    with migrated_to(database, revision):
        gunicorn.launch()
        code = gunicorn.wait()

    assert code in ENDED
    assert said in gunicorn.log


def test_a_process_that_ends_after_the_next_release_has_migrated_is_replaced(tmp_path, database):
    gunicorn = Gunicorn(tmp_path, database.url, processes=1).start()
    before = gunicorn.processes()

    with migrated_to(database, "9999"):
        for process in before:
            os.kill(int(process), signal.SIGTERM)
        gunicorn.wait_for_others_than(before)
        with gunicorn.client() as http:
            ready = http.get("/readyz")
    gunicorn.stop()

    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert "A newer release has migrated the database" in gunicorn.log


def test_it_starts_while_the_database_is_away_and_says_so(tmp_path):
    gunicorn = Gunicorn(tmp_path, "postgresql://nobody:s3cret@127.0.0.1:1/none").start()

    with gunicorn.client() as http:
        answers = [http.get(path).status_code for path in ("/healthz", "/readyz")]
    gunicorn.stop()

    assert answers == [200, 503]
    assert "The database does not answer" in gunicorn.log
    assert "s3cret" not in gunicorn.log


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("STEADYHAND_LOG_LEVEL", "LOUD", "STEADYHAND_LOG_LEVEL is “LOUD”"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1", "Install steadyhand[otel]"),
    ],
)
def test_it_does_not_start_by_an_environment_that_it_cannot_follow(
    tmp_path, database, variable, value, said
):
    gunicorn = Gunicorn(tmp_path, database.url, **{variable: value})

    gunicorn.launch()

    assert gunicorn.wait() in ENDED
    # Gunicorn itself may end in a traceback between the lines, when both processes end at once.
    lines = [line for line in gunicorn.log.splitlines() if line.startswith("{")]
    assert said in "".join(json.loads(line)["event"] for line in lines)
