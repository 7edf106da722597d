"""How somebody does something in the simulation, and what is checked after every step."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from engine.errors import Conflict, NotAllowed
from engine.instances import Reason
from engine.store.tables import Incident
from tests.simulation import processes
from tests.simulation.courses import Letter, Post
from tests.simulation.hosts import DEVIATIONS, Host
from tests.simulation.sight import Auditor, must_be

WHY = Reason("It is part of the simulation.")
PROCESS_IDS = st.sampled_from(sorted(processes.BY_ID))
PICKS = st.integers(0, 11)
HOSTS = st.integers(0, len(DEVIATIONS) - 1)
PEOPLE = st.integers(0, 1)
NOTES = st.sampled_from(("yes", "no"))
RARELY = st.integers(0, 9).map(lambda number: number == 9)


DONE, CRASHED = "done", "crashed"


class Crash(Exception):
    """The host ends in the middle of a transaction."""


def _attempt(database, command, *, crashes):
    """How a transaction ended, and the result of its command or why it was refused."""
    try:
        with database.transaction() as session:
            return DONE, _run(command, session, crashes=crashes)
    except Crash:
        return CRASHED, None
    except (Conflict, NotAllowed) as error:
        return type(error), error


def _run(command, session, *, crashes):
    result = command(session)
    if crashes:
        raise Crash
    return result


class Stage(RuleBasedStateMachine):
    def __init__(self, world):
        super().__init__()
        self.world, self.clock = world, world.clock
        self.courses = []
        self.ended_tasks = []  # ids
        self.is_checked = False
        self.post = Post(self.courses)
        self.hosts = [Host(*it) for it in zip(world.databases, DEVIATIONS, strict=True)]
        self.auditor = Auditor(world.database, world.clock, world.events)

    def take(self, number, command, tell, refusal=None, *, crashes=False):
        """Run a command in a transaction of its own; what it did is told to those who expect it."""
        host = self.hosts[number]
        self.is_checked = False
        with self.clock.seen_from(host):
            ended, result = _attempt(host.database, command, crashes=crashes)
            self.world.counts["refused" if refusal else ended] += 1
            expected = refusal or (CRASHED if crashes else DONE)
            must_be(f"the end of the command ({result})", ended, expected)
            if ended == DONE:
                tell(result)

    def read(self, number, query):
        host = self.hosts[number]
        with self.clock.seen_from(host), host.database.reading() as session:
            return query(session)

    def on_incident(self, course, act, *what):
        return lambda session: act(session, session.get_one(Incident, course.incident_id), *what)

    def follow(self, course):
        """Those whom a process wrote to hear of it."""
        for _, name, _, _ in course.thrown:
            self.post.letters.append(Letter(self.clock.minute, name, course.service))
        course.thrown = []

    @property
    def waiting(self):
        """(course, wait, claim) of everything that waits for a person."""
        return [(c, wait, c.claims[wait.element]) for c in self.courses for wait in c.tasks]

    @invariant()
    def everything_is_as_it_must_be(self):
        if not self.is_checked:  # no transaction, no change
            self.auditor.check(self.post)
            self.is_checked = True


def one_of(things, pick):
    return things[pick % len(things)]
