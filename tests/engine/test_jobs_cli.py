"""`steadyhand jobs`: what waits, what was given up, and another try with a reason."""

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from engine import cli, jobs, outbox
from engine.store.tables import Effect, EffectStatus


@pytest.fixture
def run(database, monkeypatch):
    """A command line over the test's database: exit code and output."""
    monkeypatch.setenv("DATABASE_URL", database.url)

    def ran(*words):
        done = CliRunner().invoke(cli.main, ["jobs", *words])
        return done.exit_code, done.output

    return ran


@pytest.fixture
def dead(database):
    """The id of a dead letter about an alert."""
    with database.transaction() as session:
        outbox.alert(session, "A process failed", {})
    with database.transaction() as session:
        outbox.give_up(session, session.query(Effect).one().key, "503")
        session.execute(text("UPDATE procrastinate_jobs SET status = 'failed'"))
    with database.reading() as session:
        (letter,) = jobs.dead(session)
    return str(letter.id)


def test_without_jobs_it_says_so(run):
    assert run("list") == (0, "No job waits, and none was given up.\n")


def test_a_dead_letter_is_listed_and_tried_again_with_a_reason(database, run, dead):
    listed = run("list")
    without = run("retry", dead)
    done = run("retry", dead, "--reason", "The receiver is back.")

    assert listed[1].startswith(f"failed: 1\n{dead} send_effect ")
    assert without[0] == 2
    assert done[0] == 0
    assert "is tried again" in done[1]
    with database.reading() as session:
        assert jobs.counts(session) == {"todo": 1}
        assert session.query(Effect).one().status is EffectStatus.PENDING


def test_a_letter_that_is_not_there_is_a_sentence(run):
    code, said = run("retry", "7", "--reason", "So.")

    assert (code, said) == (1, "Error: There is no dead letter 7.\n")
