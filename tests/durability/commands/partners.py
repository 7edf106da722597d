"""Commands about links for partners, and by them."""

from engine import partners
from tests.durability import stage as given
from tests.durability.commands import request, to_api, to_page

_PAGE = "/tasks/{it.task.id}/partners"


def _invited(stage):
    it = given.claimed(stage)
    it.secret = stage.does(partners.invite, it.task.id, "Paul of Pumps Ltd", "3", stage.cast.dora)
    (link,) = stage.does(partners.links, it.task.id, stage.cast.dora)
    it.link = link
    return it


def _answer(stage, it):
    return stage.anyone().post(f"/partner/{it.secret}", data={"note": "Fine."})


API = [
    request(
        "DELETE /api/v1/tasks/<task_id>/partners/<link_id>",
        _invited,
        to_api(f"{_PAGE}/{{it.link.id}}", method="DELETE"),
    ),
]
# What answers with a secret takes no key, so it stands with the forms of the pages.
PAGES = [
    request(
        "POST /api/v1/tasks/<task_id>/partners",
        given.claimed,
        to_api(_PAGE, body={"name": "Paul of Pumps Ltd", "days": 3}),
    ),
    request(
        "POST /tasks/<task_id>/partners",
        given.claimed,
        to_page(_PAGE, name="Paul of Pumps Ltd", days="3"),
    ),
    request(
        "POST /tasks/<task_id>/partners/<link_id>/withdraw",
        _invited,
        to_page(f"{_PAGE}/{{it.link.id}}/withdraw"),
    ),
    request("POST /partner/<secret>", _invited, _answer),
]
