"""Workers sweep: what one of them has found, others may have done before it comes to it."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from engine import instances
from engine.bpmn.run import Instance
from engine.errors import Conflict
from engine.instances import delivery, intervention, steps
from engine.store.tables import Incident
from tests.simulation.hosts import Nap
from tests.simulation.stage import HOSTS, PICKS, RARELY, Stage, one_of

_MINUTES = st.sampled_from((0.5, 1, 5, 10, 30, 3 * 24 * 60, -60))


class Workers(Stage):
    @rule(minutes=_MINUTES)
    def move_the_clock(self, minutes):
        self.clock.move(minutes)

    @rule(host=HOSTS)
    def look_for_timers(self, host):
        found = self.read(host, lambda session: instances.find_due(session, 500))
        with self.clock.seen_from(self.hosts[host]):
            due = [c for c in self.courses if c.moves and c.is_due]
        due.sort(key=lambda course: course.next_due)
        by_id = {course.instance_id: course for course in due}
        assert sorted(found) == sorted(by_id)
        fired = [by_id[instance_id] for instance_id in found]
        assert [c.next_due for c in fired] == [c.next_due for c in due]
        self.hosts[host].due = fired

    @precondition(lambda self: any(host.due for host in self.hosts))
    @rule(pick=PICKS, crashes=RARELY)
    def fire(self, pick, crashes):
        """Whoever found it fires it, whatever has happened since."""
        host = one_of([i for i, host in enumerate(self.hosts) if host.due], pick)
        self.fire_timers(host, self.hosts[host].due.pop(0), crashes=crashes)

    def fire_timers(self, host, course, *, crashes=False):
        instance_id = course.instance_id
        with self.clock.seen_from(self.hosts[host]):
            is_left = course.moves and course.is_due

        def tell(_):
            course.sweep()
            self.follow(course)

        self.take(
            host,
            lambda session: instances.fire_timers(session, instance_id),
            tell,
            None if is_left else Conflict,
            crashes=crashes,
        )

    @rule(host=HOSTS)
    def look_for_letters(self, host):
        found = self.read(host, lambda session: delivery.find_due(session, 500))
        due = self.post.due()
        assert found == [letter.id for letter in due]
        self.hosts[host].letters = due

    @precondition(lambda self: any(host.letters for host in self.hosts))
    @rule(pick=PICKS, crashes=RARELY)
    def deliver(self, pick, crashes):
        host = one_of([i for i, host in enumerate(self.hosts) if host.letters], pick)
        letter = self.hosts[host].letters.pop(0)
        self.take(
            host,
            lambda session: delivery.deliver(session, letter.id),
            lambda _: self.follow(self.post.deliver(letter)),
            None if self.post.receiver(letter) else Conflict,
            crashes=crashes,
        )

    @precondition(lambda self: any(course.moves for course in self.courses))
    @rule(host=HOSTS, pick=PICKS)
    def fall_asleep(self, host, pick):
        """Read a process, and stand still before the step is taken."""
        course = one_of([c for c in self.courses if c.moves], pick)
        look = self.on_incident(course, lambda *it: intervention.load(*it, to_change=False))
        self.hosts[host].nap = Nap(course, self.read(host, look))

    @precondition(lambda self: any(host.nap for host in self.hosts))
    @rule(pick=PICKS)
    def wake_up(self, pick):
        """Take the step on what was read; it is refused if the process has gone on meanwhile."""
        host = one_of([i for i, host in enumerate(self.hosts) if host.nap], pick)
        nap, self.hosts[host].nap = self.hosts[host].nap, None
        course = nap.course

        def fire(session):
            incident = session.get_one(Incident, course.incident_id)
            steps.take(session, nap.loaded, incident, Instance.fire_timers)

        def tell(_):
            course.sweep()
            self.follow(course)

        is_stale = nap.loaded.version != course.version
        self.take(host, fire, tell, Conflict if is_stale else None)
