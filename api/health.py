"""Whether this process lives, and whether it can serve: for load balancers and supervisors.

``/readyz`` answers 503 only for what this process cannot do: reach the database, or find its tables
there. Workers that are late make it ``degraded`` with 200: taking the pages away as well would help
nobody, and no page needs a worker. Both answer anybody, so they tell seconds and no reasons.
"""

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from api.access import Open, needs
from api.context import database
from engine import health
from engine.health import Check, Verdict

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@needs(Open.ANYBODY)
def live() -> ResponseReturnValue:
    """The process answers; nothing else is looked at, so that no outage gets it restarted."""
    return {"status": "ok"}


@blueprint.get("/readyz")
@needs(Open.ANYBODY)
def ready() -> ResponseReturnValue:
    """Each check with its verdict; 503 where one of them failed."""
    checks = health.check(database())
    status = _status(checks)
    body = {"status": status, "checks": {check.name: _entry(check) for check in checks}}
    return body, 503 if status == "failed" else 200


def _status(checks: list[Check]) -> str:
    verdicts = {check.verdict for check in checks}
    if Verdict.FAILED in verdicts:
        return "failed"
    return "degraded" if Verdict.LATE in verdicts else "ok"


def _entry(check: Check) -> dict[str, Any]:
    entry: dict[str, Any] = {"status": check.verdict}
    return entry if check.seconds is None else {**entry, "seconds": round(check.seconds, 1)}
