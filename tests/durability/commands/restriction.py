"""Commands about who needs to know of an incident."""

from tests.durability import stage as given
from tests.durability.commands import request, to_api, to_page
from tests.durability.stage import incident_of

_ADDRESS = "/api/v1/incidents/<incident_id>/restriction"
_PATH = "/incidents/{it.incident.id}/restriction"
_PAGE = "/incidents/{it.incident.number}/restriction"

API = [
    request(
        f"PUT {_ADDRESS}",
        incident_of("small"),
        to_api(_PATH, "max", {"readers": [], "tlp": "red"}, "PUT"),
    ),
    request(f"DELETE {_ADDRESS}", given.restricted, to_api(_PATH, "max", method="DELETE")),
]
PAGES = [
    request(
        "POST /incidents/<number>/restriction",
        incident_of("small"),
        to_page(_PAGE, "max", readers="dora", tlp="red"),
    ),
    request(
        "POST /incidents/<number>/restriction/lift",
        given.restricted,
        to_page(f"{_PAGE}/lift", "max"),
    ),
]
