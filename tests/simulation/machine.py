"""The simulation: who does what next is drawn; in the end nothing may be stuck."""

import sys

from tests.simulation.managers import Managers
from tests.simulation.people import People
from tests.simulation.senders import Senders
from tests.simulation.workers import Workers

# Of five minutes each: every one of fifty steps may have put the clock back by an hour.
_ROUNDS_TO_THE_END = 50 * 12 + 60


class Simulation(People, Managers, Workers, Senders):
    def teardown(self):
        try:
            if sys.exc_info()[0] is None:
                self.bring_to_an_end()
        finally:
            self.clock.move(-self.clock.minute)
            self.world.clear()

    def bring_to_an_end(self):
        """Nothing is stuck: with all done that waits, and time gone by, every process ends."""
        for _ in range(_ROUNDS_TO_THE_END):
            running = [c for c in self.courses if c.status in ("running", "suspended")]
            if not running:
                return
            for course in running:
                self._push(course)
                self.everything_is_as_it_must_be()
            self.clock.move(5)
        assert [c.process.id for c in self.courses if c.moves] == []

    def _push(self, course):
        if course.status == "suspended":
            self.let_go_on(0, course)
        elif course.tasks:
            wait = course.tasks[0]
            claim = course.claims[wait.element]
            actor = next((p for p in self.world.people if p.id == claim.by), self.world.people[0])
            self.do(0, course, wait, claim, actor, "yes")
        elif course.is_due:
            self.fire_timers(0, course)
        elif course.subscriptions:
            self.send_one(0, course.subscriptions[0].name, course.service, course)
