"""Messages doubled, late, early and out of order, with several hosts at once: each acts once.

A message without an ``Idempotency-Key`` that is sent twice is two messages. The second finds nobody
who waits, is listed, and would reach the next process that waits with its key.
"""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import event

from engine import worker
from engine.errors import Conflict
from engine.history import Event
from engine.instances import delivery, messages
from engine.store.database import Database
from engine.store.tables import MessageStatus, ProcessInstance
from tests.diagrams import bundle, caught, end, flow, gateway, line, start, user_task
from tests.factories import complete, deploy, entries, open_tasks, report

HOUR = timedelta(hours=1)
KEY = {"correlationKey": "incident.service"}


@pytest.fixture
def hosts(database):
    """Connections of their own, as other machines have them."""
    made = [Database(database.url) for _ in range(4)]
    yield made
    for host in made:
        host.close()


def expecting(*names):
    """A task called Begin, then these messages one after the other, then Look."""
    waits = (caught(name.title(), "message", name, **KEY) for name in names)
    return bundle(*line(user_task("Begin"), *waits, user_task("Look")))


def racing():
    """Waits for the message “paid” for an hour."""
    return bundle(
        *(start(), gateway("Race", "eventBased"), flow("Reported", "Race"), end()),
        *(caught("Paid", "message", "paid", **KEY), caught("Late", "timer", "PT1H")),
        *(user_task("Thank"), user_task("Remind")),
        *(flow("Race", "Paid"), flow("Paid", "Thank"), flow("Thank", "Done")),
        *(flow("Race", "Late"), flow("Late", "Remind"), flow("Remind", "Done")),
    )


def send(database, actor, name="paid", key="Shop"):
    with database.transaction() as session:
        return messages.send(session, name, key, None, actor).message


def begun(database, cast, service="Shop"):
    incident = report(database, cast.dora, service=service)
    complete(database, incident, "Begin", cast.dora, note="Go on.")
    return incident


def listed(database, actor):
    """The names of the messages that wait."""
    with database.reading() as session:
        return [tracked.message.name for tracked in messages.find(session, actor)]


def received(database, incident):
    """The names of the messages that an incident has received, in that order."""
    told = entries(database, incident.id, Event.MESSAGE_RECEIVED)
    return [entry.detail["name"] for entry in told]


def waits(database, cast, incident):
    return list(open_tasks(database, incident, cast.dora))


def sweep(database, times=3):
    for _ in range(times):
        worker.run_once(database)


def at_once(*works):
    """Let all begin together; what goes wrong in any of them is raised here."""
    ready, errors = threading.Barrier(len(works)), []

    def run(work):
        ready.wait()
        try:
            work()
        except Exception as error:  # noqa: BLE001 -- raised again below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


# One after the other


def test_of_a_message_that_is_sent_twice_the_second_waits_and_is_listed(database, cast):
    deploy(database, expecting("paid"))
    incident = begun(database, cast)

    sent = [send(database, cast.dora) for _ in range(2)]
    sweep(database)

    assert [m.status for m in sent] == [MessageStatus.DELIVERED, MessageStatus.WAITING]
    assert received(database, incident) == listed(database, cast.max) == ["paid"]


def test_of_a_message_that_is_sent_twice_too_early_the_first_is_delivered(database, cast):
    deploy(database, expecting("paid"))
    sent = [send(database, cast.dora) for _ in range(2)]

    incident = begun(database, cast)
    sweep(database)

    (told,) = entries(database, incident.id, Event.MESSAGE_RECEIVED)
    assert told.detail["message_id"] == sent[0].id
    assert listed(database, cast.max) == ["paid"]


def test_the_second_of_two_messages_is_for_the_next_who_waits_with_its_key(database, cast):
    deploy(database, expecting("paid"))
    first = begun(database, cast)
    for _ in range(2):
        send(database, cast.dora)

    second = begun(database, cast)
    sweep(database)

    assert [received(database, i) for i in (first, second)] == [["paid"], ["paid"]]
    assert listed(database, cast.max) == []


@pytest.mark.parametrize("order", [("first", "second"), ("second", "first")])
@pytest.mark.parametrize("early", [True, False])
def test_messages_out_of_order_are_received_in_the_order_of_the_process(
    order, early, database, cast
):
    deploy(database, expecting("first", "second"))
    incident = None if early else begun(database, cast)
    for name in order:
        send(database, cast.dora, name)

    incident = incident or begun(database, cast)
    sweep(database)

    assert received(database, incident) == ["first", "second"]
    assert waits(database, cast, incident) == ["Look"]
    assert listed(database, cast.max) == []


def test_a_message_that_comes_after_its_time_waits_and_changes_nothing(database, cast, time_travel):
    deploy(database, racing())
    incident = report(database, cast.dora, service="Shop")
    time_travel(HOUR)
    sweep(database)

    send(database, cast.dora)
    sweep(database)

    assert (received(database, incident), waits(database, cast, incident)) == ([], ["Remind"])
    assert listed(database, cast.max) == ["paid"]


def test_a_message_that_comes_before_an_overdue_timer_has_fired_is_in_time(
    database, cast, time_travel
):
    deploy(database, racing())
    incident = report(database, cast.dora, service="Shop")
    time_travel(3 * 24 * HOUR)

    send(database, cast.dora)
    sweep(database)

    assert waits(database, cast, incident) == ["Thank"]
    assert entries(database, incident.id, Event.TIMER_FIRED) == []


def test_a_delivery_that_is_rolled_back_has_not_happened_and_happens_later(database, cast):
    deploy(database, expecting("paid"))
    message = send(database, cast.dora)
    incident = begun(database, cast)

    with pytest.raises(ZeroDivisionError), database.transaction() as session:
        delivery.deliver(session, message.id)
        raise ZeroDivisionError
    before = received(database, incident)
    sweep(database)

    assert (before, received(database, incident)) == ([], ["paid"])


def test_a_worker_that_found_a_message_and_wakes_late_does_not_deliver_it_again(database, cast):
    deploy(database, expecting("paid"))
    message = send(database, cast.dora)
    first, second = begun(database, cast), begun(database, cast)
    with database.reading() as session:
        assert delivery.find_due(session, 10) == [message.id]
    sweep(database)

    with pytest.raises(Conflict), database.transaction() as session:
        delivery.deliver(session, message.id)

    assert [received(database, i) for i in (first, second)] == [["paid"], []]


# Several hosts at once


def test_hosts_that_deliver_at_once_deliver_each_message_once(database, hosts, cast):
    deploy(database, expecting("paid"))
    services = [f"Shop {number}" for number in range(12)]
    for service in 2 * services:
        send(database, cast.dora, key=service)
    incidents = [begun(database, cast, service) for service in services]

    at_once(*(lambda host=host: sweep(host) for host in hosts))

    assert [received(database, incident) for incident in incidents] == 12 * [["paid"]]
    assert len(listed(database, cast.max)) == 12
    assert [waits(database, cast, incident) for incident in incidents] == 12 * [["Look"]]


def test_a_message_sent_twice_at_once_is_received_once(database, hosts, cast):
    deploy(database, expecting("paid"))
    incident = begun(database, cast)

    at_once(*(lambda host=host: send(host, cast.dora) for host in hosts))
    sweep(database)

    assert received(database, incident) == ["paid"]
    assert listed(database, cast.max) == 3 * ["paid"]


def test_a_message_whose_receiver_takes_another_one_meanwhile_waits_on(database, hosts, cast):
    deploy(database, expecting("paid"))
    incident = begun(database, cast)
    quick, slow = hosts[:2]
    meanwhile = threading.Thread(target=send, args=(quick, cast.dora))

    def interrupt(_connection, _cursor, statement, *_):
        looks_for_the_receiver = statement.startswith("SELECT subscription.id")
        if looks_for_the_receiver and not meanwhile.ident:
            meanwhile.start()
            meanwhile.join(1)  # on SQLite it waits for its turn to write

    event.listen(slow.engine, "before_cursor_execute", interrupt)
    send(slow, cast.dora)
    meanwhile.join()

    assert received(database, incident) == ["paid"]
    assert listed(database, cast.max) == ["paid"]


def test_messages_that_are_sent_while_their_events_open_are_all_received(database, hosts, cast):
    deploy(database, expecting("paid"))
    services = [f"Shop {number}" for number in range(8)]
    incidents = [report(database, cast.dora, service=service) for service in services]

    def open_all(host):
        for incident in incidents:
            complete(host, incident, "Begin", cast.dora, note="Go on.")

    def send_all(host):
        for service in services:
            send(host, cast.dora, key=service)

    at_once(
        lambda: open_all(hosts[0]),
        lambda: send_all(hosts[1]),
        *(lambda host=host: sweep(host, 5) for host in hosts[2:]),
    )
    sweep(database)

    assert [received(database, incident) for incident in incidents] == 8 * [["paid"]]
    assert listed(database, cast.max) == []


def test_of_a_timer_and_a_message_at_the_same_moment_one_wins(database, hosts, cast, time_travel):
    deploy(database, racing())
    incidents = [report(database, cast.dora, service=f"Shop {number}") for number in range(8)]
    time_travel(HOUR)

    at_once(
        *(lambda host=host: sweep(host, 2) for host in hosts[:2]),
        *(
            lambda host=host: [send(host, cast.dora, key=i.service) for i in incidents]
            for host in hosts[2:]
        ),
    )

    for incident in incidents:
        told = received(database, incident), entries(database, incident.id, Event.TIMER_FIRED)
        assert sum(map(len, told)) == 1
        assert waits(database, cast, incident) == (["Thank"] if told[0] else ["Remind"])
    with database.reading() as session:
        assert {row.version for row in session.query(ProcessInstance)} == {2}
