"""Events that cannot begin to wait, and what had begun before them."""

from tests.diagrams import boundary, caught, end, flow, gateway, line, start, user_task
from tests.stories import Story, compiled


def test_a_gateway_of_which_one_event_cannot_begin_waits_for_none_until_it_is_tried_again():
    story = Story(
        compiled(
            *(start(), gateway("Race", "eventBased"), caught("Mail", "message", "Mail"), end()),
            *(caught("Later", "timer", "timeDuration=note"), flow("Reported", "Race")),
            *(flow("Race", "Mail"), flow("Race", "Later")),
            *(flow("Mail", "Done"), flow("Later", "Done")),
        )
    )

    assert (story.failure.element_id, story.now.waits) == ("Race", ())
    story.retry({"note": "PT1H"})

    assert [wait.element_id for wait in story.now.waits] == ["Mail", "Later"]


def test_a_task_of_which_one_event_cannot_begin_waits_for_none_until_it_is_tried_again():
    story = Story(
        compiled(
            *line(user_task("Look")),
            *(boundary("Mail", "Look", "message", "Mail"), flow("Mail", "Done")),
            *(boundary("Late", "Look", "timer", "timeDuration=note"), flow("Late", "Done")),
        )
    )

    assert (story.failure.element_id, story.now.waits) == ("Look", ())
    story.retry({"note": "PT1H"})

    assert [wait.element_id for wait in story.now.waits] == ["Mail", "Late", "Look"]
