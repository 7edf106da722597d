"""Who tries in vain too often waits, longer each time, on every host."""

import threading
from datetime import timedelta

import pytest

from engine import clock
from engine.actors import SYSTEM
from engine.errors import NotFound
from engine.history import Event
from engine.people import throttle
from engine.people.throttle import Throttled
from tests.factories import dump, entries

MINUTE = timedelta(minutes=1)
DORA, NOBODY = throttle.person("dora"), throttle.person("nobody")
OFFICE = throttle.address("192.0.2.7")


def fail(database, *subjects, times=1):
    for _ in range(times):
        with database.transaction() as session:
            throttle.count(session, *subjects)


def blocked_for(database, *subjects):
    """How long one has to wait from now on; nothing for whoever is listened to."""
    with database.reading() as session:
        try:
            throttle.require_free(session, *subjects)
        except Throttled as error:
            return error.until - clock.now()
    return timedelta(0)


@pytest.mark.parametrize(
    ("subject", "allowed"), [(DORA, 5), (NOBODY, 5), (OFFICE, 20)], ids=["dora", "nobody", "office"]
)
def test_one_is_listened_to_until_the_last_failure_that_is_allowed(subject, allowed, database):
    fail(database, subject, times=allowed - 1)
    before = blocked_for(database, subject)

    fail(database, subject)

    assert before == timedelta(0)
    assert timedelta(seconds=50) < blocked_for(database, subject) <= MINUTE


def test_each_further_failure_doubles_the_time_up_to_an_hour(database, time_travel):
    fail(database, DORA, times=4)

    minutes = []
    for _ in range(9):
        fail(database, DORA)
        waits = blocked_for(database, DORA)
        minutes.append(round(waits / MINUTE))
        time_travel(waits)

    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_failure_of_one_name_blocks_no_other(database):
    fail(database, DORA, times=5)

    assert blocked_for(database, NOBODY, OFFICE) == timedelta(0)
    assert blocked_for(database, NOBODY, DORA) > timedelta(0)


def test_the_block_ends_by_itself(database, time_travel):
    fail(database, DORA, times=5)

    time_travel(MINUTE)

    assert blocked_for(database, DORA) == timedelta(0)


@pytest.mark.parametrize(("subject", "allowed"), [(DORA, 5), (OFFICE, 20)], ids=["dora", "office"])
def test_failures_further_apart_than_their_share_of_the_time_never_block(
    subject, allowed, database, time_travel
):
    for _ in range(allowed + 2):
        fail(database, subject)
        time_travel(subject.each)

    assert blocked_for(database, subject) == timedelta(0)


def test_a_success_forgets_the_failures_of_the_name_but_not_of_the_address(database):
    fail(database, DORA, OFFICE, times=20)

    with database.transaction() as session:
        throttle.clear(session, DORA)

    assert blocked_for(database, DORA) == timedelta(0)
    assert blocked_for(database, OFFICE) > timedelta(0)


def test_an_administrator_lets_a_person_try_again_and_history_tells(database, cast):
    fail(database, DORA, throttle.again("dora"), times=5)

    with database.transaction() as session:
        throttle.unlock(session, "dora", cast.ada)

    (told,) = entries(database, cast.dora.id, Event.SIGN_IN_UNLOCKED)
    assert blocked_for(database, DORA, throttle.again("dora")) == timedelta(0)
    assert told.actor_name == "Ada Admin"


def test_nobody_is_unlocked_who_is_not_there(database, cast):
    with pytest.raises(NotFound), database.transaction() as session:
        throttle.unlock(session, "nobody", SYSTEM)


def test_neither_name_nor_address_is_kept_in_the_clear(database):
    fail(database, DORA, OFFICE)

    assert "dora" not in str(dump(database)["throttle"])
    assert "192.0.2.7" not in str(dump(database)["throttle"])


def test_failures_at_one_time_are_all_counted(database):
    begin = threading.Barrier(8)

    def try_in_vain():
        begin.wait()
        fail(database, OFFICE, DORA)

    threads = [threading.Thread(target=try_in_vain) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # Eight failures: three beyond the five that are allowed.
    assert round(blocked_for(database, DORA) / MINUTE) == 8


def test_what_is_older_than_a_day_is_purged(database, time_travel):
    fail(database, DORA)
    time_travel(timedelta(hours=23))
    fail(database, OFFICE)
    time_travel(timedelta(hours=2))

    with database.transaction() as session:
        purged = throttle.purge(session)

    assert purged == 1
    assert OFFICE.key in str(dump(database)["throttle"])
