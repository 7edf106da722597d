"""What must hold: the course of each incident, in plain Python, without a database."""

import itertools
from dataclasses import dataclass, field

from engine.history import Event
from tests.conformance.blocks import Event as Awaited
from tests.conformance.blocks import walk
from tests.conformance.reference import Log, Machine


class Clocked(Machine):
    """The reference on a clock that goes back, too, and differs from host to host."""

    def __init__(self, process, clock):
        self._clock = clock
        super().__init__(process)

    @property
    def minute(self):
        return self._clock.minute

    @minute.setter
    def minute(self, minute):
        """Nobody but the simulation moves the clock."""

    def sweep(self):
        """Fire what is due, each timer once: a round that is late, too, is for the next sweep."""
        due = [wait for wait in self.open("timer") if wait.due <= self.minute]
        for wait in sorted(due, key=lambda wait: wait.due):
            if wait.is_open:
                self._happen(wait, None)
                self._settle()


@dataclass(eq=False)
class Letter:
    """A message, sent to whom it may concern."""

    minute: float  # on the clock of the host at which it was sent
    name: str
    key: str
    addressee: "Course | None" = None
    id: str = ""
    status: str = "waiting"
    receiver: "Course | None" = None
    told: list = field(default_factory=list)  # what its history must say since it was read last

    def fits(self, course, wait):
        key = course.service if wait.key else ""
        is_addressed = self.addressee is not None
        is_meant = self.addressee in (None, course)
        has_key = key == self.key or (key == "" and is_addressed)
        return is_meant and has_key and wait.name == self.name


@dataclass
class Claim:
    task_id: str
    version: int = 1
    by: str | None = None  # id of the person


class Course:
    """What one incident's process must have come to, and what its history must say of it."""

    _born = itertools.count(1)

    def __init__(self, process, service, clock):
        self.process, self.service = process, service
        self.incident_id = self.instance_id = self.definition_id = ""
        self.status, self.version = "running", 1
        self.claims = {}  # element id -> Claim
        self.told = []  # what the history must say since it was read last
        self.thrown = []
        self._timers = {e.id for e in walk(process) if isinstance(e, Awaited) and e.minutes}
        self.machine = Clocked(process, clock)
        told = [(Event.INCIDENT_REPORTED, None), (Event.PROCESS_STARTED, None)]
        self._write_down([], told)

    def __str__(self):
        return f"{self.process.id} ({self.status})"

    @property
    def moves(self):
        return self.status == "running"

    @property
    def tasks(self):
        return self._open("task")

    @property
    def subscriptions(self):
        return self._open("message")

    @property
    def awaited(self):
        """Element, name and key of each message that it waits for."""
        return [(w.element, w.name, self.service if w.key else "") for w in self.subscriptions]

    @property
    def next_due(self):
        return min((wait.due for wait in self._open("timer")), default=None)

    @property
    def is_due(self):
        return self.next_due is not None and self.next_due <= self.machine.minute

    def take(self, step, *first, completed=None):
        """Let the machine do something; ``first`` is what the history says before."""
        before = self.tasks
        self.machine.log = Log()
        step()
        self.version += 1
        self._write_down(before, [(event, None) for event in first], completed)

    def complete(self, wait, note, *, claims):
        element = wait.element
        if claims:
            self.told.append((Event.TASK_CLAIMED, element))
        self.take(lambda: self.machine.happen(wait, {"note": note}), completed=wait)

    def sweep(self):
        self.take(self.machine.sweep)

    def receive(self, wait):
        self.take(lambda: self.machine.happen(wait, None), Event.MESSAGE_RECEIVED)

    def interfere(self, event, status=None):
        """A person put it on hold, let it go on, or moved it to another version."""
        self.status = status or self.status
        self.version += 1
        self.told.append((event, None))

    def cancel(self):
        self.interfere(Event.PROCESS_CANCELLED, "cancelled")
        self.told += sorted((Event.TASK_CANCELLED, wait.element) for wait in self._open("task"))
        self.claims.clear()
        self.machine.is_ended = True

    def restart(self, wait):
        """The task was withdrawn and begun anew."""
        self.interfere(Event.PROCESS_MOVED)
        events = (Event.TASK_CANCELLED, Event.TASK_OPENED)
        self.told += [(event, wait.element) for event in events]
        self.claims.pop(wait.element)

    def _open(self, kind):
        return [] if self.machine.is_ended else self.machine.open(kind)

    def _write_down(self, before, first, completed=None):
        """What follows for the history from what the machine did."""
        machine, after = self.machine, self.tasks
        gone = [wait for wait in before if wait not in after and wait is not completed]
        self.told += first
        self.told += [(self._event(element, completed), element) for element in machine.log.done]
        self.told += [(Event.TASK_CANCELLED, wait.element) for wait in gone]
        self.told += [(Event.TASK_OPENED, wait.element) for wait in after if wait not in before]
        for wait in (*gone, *([completed] if completed else [])):
            self.claims.pop(wait.element)
        for wait in self.subscriptions:
            wait.born = getattr(wait, "born", 0) or next(self._born)
        self.thrown = machine.log.thrown
        if machine.is_ended:
            self.status = "completed"
            self.told.append((Event.PROCESS_COMPLETED, None))

    def _event(self, element, completed):
        if completed and element == completed.element:
            return Event.TASK_COMPLETED
        return Event.TIMER_FIRED if element in self._timers else Event.ELEMENT_COMPLETED


@dataclass
class Post:
    """All letters and where they may go."""

    courses: list[Course]
    letters: list[Letter] = field(default_factory=list)

    def receivers(self, letter):
        """(course, wait) of all that the letter fits, those that waited first on top."""
        waits = [(course, wait) for course in self.courses for wait in course.subscriptions]
        fitting = [(course, wait) for course, wait in waits if letter.fits(course, wait)]
        return sorted(fitting, key=lambda pair: pair[1].born)

    def is_ambiguous(self, letter):
        waiting = [c for c in self.courses if letter.name in (w.name for w in c.subscriptions)]
        return not letter.key and letter.addressee is None and len(waiting) > 1

    def receiver(self, letter):
        """Who takes the letter now; ``None`` when it has to wait."""
        if letter.status != "waiting" or self.is_ambiguous(letter):
            return None
        return next((pair for pair in self.receivers(letter) if pair[0].moves), None)

    def due(self):
        due = [letter for letter in self.letters if self.receiver(letter)]
        return sorted(due, key=lambda letter: letter.minute)

    def deliver(self, letter):
        course, wait = self.receiver(letter)
        course.receive(wait)
        letter.status, letter.receiver = "delivered", course
        return course
