"""Whatever command is aborted at whatever SQL statement: the state is before or after."""

from collections import Counter
from dataclasses import dataclass, field

import click
import pytest
from sqlalchemy import func, select

import api.server  # noqa: F401 -- adds its command
from engine import cli
from engine.history import Event
from engine.store.tables import AuditEntry
from tests.durability import driver
from tests.durability import stage as given
from tests.durability.commands import gathered, host
from tests.durability.faults import Abort, Faults
from tests.durability.ground import grounds
from tests.durability.stage import Stage

BY_PROGRAMMES = gathered("API", "DOORS")
REQUESTS = [*BY_PROGRAMMES, *gathered("PAGES")]
ASKED = gathered("ASKED")
COMMANDS = [*REQUESTS, *gathered("WORDS", "WORKER")]
KEYED = [command for command in BY_PROGRAMMES if command.address.startswith("POST")]
# What the worker has tried, and when it tries again.
TRIED = ("message", "procrastinate_jobs", "procrastinate_events")
SAFE = {"GET", "HEAD", "OPTIONS"}


@dataclass
class Trial:
    """One database on which commands are given, aborted and undone."""

    stage: Stage
    ground: object
    faults: Faults
    begun: object  # what was there before the first command
    counts: Counter = field(default_factory=Counter)

    def follow(self, command, it):
        """Give a command to its end: whether each thing that it said was a COMMIT, and the states.

        What is read once is kept in memory from then on, so it is given twice.
        """
        prepared = self.ground.save()
        assert is_done(command, self.stage, it)
        self.ground.restore(prepared)
        self.faults.expect_none(self.ground)
        assert is_done(command, self.stage, it)
        self.ground.restore(prepared)
        return prepared, list(self.faults.followed), list(self.faults.states)

    def abort(self, command, it, at, how):
        """Give a command of which something goes wrong; whether it was said to be done."""
        self.faults.expect(at, how)
        return is_done(command, self.stage, it)


def is_done(command, stage, it):
    """Whether whoever gave it is told that it is done; a refusal is a mistake of this test."""
    try:
        answer = command.does(stage, it)
    except Exception:  # noqa: BLE001 -- whatever the person would be shown
        return False
    status = getattr(answer, "status_code", 200)
    assert status < 400 or status >= 500, answer.text
    return status < 400


@pytest.fixture(scope="module")
def shared(fresh):
    with fresh() as database:
        stage, ground, faults = Stage(database), grounds(database), Faults()
        trial = Trial(stage, ground, faults, ground.save())
        faults.expect_none(ground)
        with driver.watched(database, faults):
            yield trial
        ground.close()
        told = ", ".join(f"{number} {what}" for what, number in trial.counts.items())
        print(f"\n{database.engine.dialect.name}: {told}")


@pytest.fixture
def trial(shared):
    shared.ground.restore(shared.begun)
    shared.faults.expect_none(shared.ground)
    shared.stage.key = None
    return shared


def named(command):
    return command.name


@pytest.mark.parametrize("command", COMMANDS, ids=named)
def test_a_command_aborted_at_any_statement_leaves_the_state_before_or_after(trial, command):
    followed, wrong = abort_everywhere(trial, command)

    assert wrong == []
    trial.counts += Counter(commands=1, statements=len(followed), aborts=len(aborts(followed)))


@pytest.mark.parametrize("command", KEYED, ids=named)
def test_a_request_that_was_aborted_acts_once_when_it_is_sent_again_with_its_key(trial, command):
    it = command.given(trial.stage)
    trial.stage.key = "its key"
    prepared, followed, states = trial.follow(command, it)

    wrong = []
    for at, how in goings(followed):
        trial.ground.restore(prepared)
        was_done = trial.abort(command, it, at, how)
        is_done_now = is_done(command, trial.stage, it)
        found = trial.ground.dump()
        if was_done or not is_done_now or not trial.ground.is_same(found, states[-1], states[0]):
            wrong.append((at, how))

    assert wrong == []
    trial.counts += Counter({"repeated requests": len(goings(followed))})


@pytest.mark.parametrize("command", host.JOBS, ids=named)
def test_a_job_that_comes_once_more_changes_nothing(trial, command):
    it = command.given(trial.stage)
    command.does(trial.stage, it)
    once = trial.ground.dump()

    command.does(trial.stage, it)

    assert trial.ground.dump() == once


@pytest.mark.parametrize("command", host.SWEEPS, ids=named)
def test_a_sweep_that_was_aborted_leaves_nothing_halfway_and_a_later_one_does_it(trial, command):
    it = command.given(trial.stage)
    prepared, followed, (before, *_, after) = trial.follow(command, it)

    wrong = []
    for at, how in aborts(followed):
        trial.ground.restore(prepared)
        trial.abort(command, it, at, how)
        then = trial.ground.dump()
        assert given.later(lambda: is_done(command, trial.stage, it))
        at_last = trial.ground.dump()
        if not any(trial.ground.is_same(then, state, before, TRIED) for state in (before, after)):
            wrong.append((at, how))
        elif not trial.ground.is_same(at_last, after, before, TRIED):
            wrong.append((at, how, "not done later"))

    assert wrong == []
    trial.counts += Counter({"aborted sweeps": len(aborts(followed))})


@pytest.mark.parametrize("command", ASKED, ids=named)
def test_what_only_asks_changes_nothing(trial, command):
    it = command.given(trial.stage)

    _, _, states = trial.follow(command, it)

    assert states[-1] == states[0]
    assert trial.ground.dump() == states[0]


@pytest.mark.parametrize("command", [host.HALFWAY, host.SILENT], ids=named)
def test_a_command_in_two_transactions_or_without_an_error_is_found_out(trial, command):
    _, wrong = abort_everywhere(trial, command)

    assert wrong != []


def test_every_address_that_takes_a_change_is_among_the_commands(trial):
    addresses = {
        f"{method} {rule}" for rule in trial.stage.rules() for method in rule.methods - SAFE
    }

    assert {command.address for command in (*REQUESTS, *ASKED)} == addresses


def test_every_word_of_the_command_line_is_among_the_commands_or_changes_nothing():
    assert {command.words for command in gathered("WORDS")} | set(host.ALONE) == set(
        words(cli.main)
    )


def test_every_event_of_the_history_is_written_by_a_command(trial):
    written = Counter()

    for command in COMMANDS:
        trial.ground.restore(trial.begun)
        it = command.given(trial.stage)
        before = events(trial.stage.database)
        command.does(trial.stage, it)
        written += events(trial.stage.database) - before

    assert set(Event) - set(written) == set()


def abort_everywhere(trial, command):
    """Whether each thing that a command says is a COMMIT, and the aborts that went wrong."""
    it = command.given(trial.stage)
    prepared, followed, states = trial.follow(command, it)
    before, after = states[0], states[-1]
    assert before != after
    wrong = []
    for at, how in aborts(followed):
        trial.ground.restore(prepared)
        was_done = trial.abort(command, it, at, how)
        committed = states[sum(followed[:at]) + (how is Abort.UNANSWERED)]
        expected = before if committed == before else after
        if was_done or not trial.ground.is_same(trial.ground.dump(), expected, before):
            wrong.append((at, how))
    return followed, wrong


def aborts(followed):
    """Which statement, and how; an answer matters where it says that something is durable."""
    return [
        (at, how)
        for at, is_commit in enumerate(followed)
        for how in Abort
        if is_commit or how is not Abort.UNANSWERED
    ]


def goings(followed):
    """Aborts by which the connection goes, as a client sees them; its answer is lost with it."""
    return [
        (at, Abort.UNANSWERED if is_commit else Abort.CLOSED)
        for at, is_commit in enumerate(followed)
    ]


def words(group, before=()):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from words(command, (*before, name))
        else:
            yield " ".join((*before, name))


def events(database):
    with database.reading() as session:
        query = select(AuditEntry.event, func.count()).group_by(AuditEntry.event)
        return Counter(dict(session.execute(query).all()))
