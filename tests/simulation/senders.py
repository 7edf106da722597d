"""Messages come from outside: early, late, twice, with a key, an address, or neither."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from engine.errors import Conflict
from engine.history import Event
from engine.instances import messages
from tests.simulation.courses import Letter
from tests.simulation.stage import HOSTS, PICKS, RARELY, Stage, one_of

_NAMES = st.sampled_from(("paid", "called", "bill", "stop"))
_KEYS = st.sampled_from(("", "Mail", "Shop"))


class Senders(Stage):
    @rule(
        host=HOSTS,
        name=_NAMES,
        key=_KEYS,
        pick=st.none() | PICKS,
        twice=RARELY,
        crashes=RARELY,
    )
    def send(self, host, name, key, pick, twice, crashes):
        """To whoever waits, or to one incident; early, late, and sometimes twice."""
        addressee = one_of(self.courses, pick) if pick is not None and self.courses else None
        for _ in range(1 + twice):
            self.send_one(host, name, key, addressee, crashes=crashes)

    def send_one(self, host, name, key, addressee, *, crashes=False):
        to = addressee.incident_id if addressee else None

        def tell(_):
            letter = Letter(self.clock.minute, name, key, addressee)
            letter.told.append((Event.MESSAGE_SENT, None))
            self.post.letters.append(letter)
            if self.post.receiver(letter):
                self.follow(self.post.deliver(letter))

        dora = self.world.people[0]
        self.take(
            host,
            lambda session: messages.send(session, name, key, None, dora, incident=to),
            tell,
            crashes=crashes,
        )
        self.everything_is_as_it_must_be()

    @precondition(lambda self: self.post.letters)
    @rule(host=HOSTS, pick=PICKS, crashes=RARELY)
    def discard(self, host, pick, crashes):
        letter = one_of(self.post.letters, pick)

        def tell(_):
            letter.status = "discarded"
            letter.told.append((Event.MESSAGE_DISCARDED, None))

        self.take(
            host,
            lambda session: messages.discard(session, letter.id, "No.", self.world.manager),
            tell,
            None if letter.status == "waiting" else Conflict,
            crashes=crashes,
        )
