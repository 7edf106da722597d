"""Prometheus Alertmanager's webhook, version 4.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

import hashlib
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.exceptions import UnprocessableEntity

from api.access import Open, needs
from api.context import transaction
from engine import intake, plain_text
from engine.intake import Report, Signal

SENDER = "alertmanager"

blueprint = Blueprint("doors_alertmanager", __name__, url_prefix="/doors/alertmanager")

# The convention of the label `severity`, as our severities.
_SEVERITY = {
    "critical": "SEV1",
    "page": "SEV1",
    "error": "SEV2",
    "high": "SEV2",
    "warning": "SEV3",
    "medium": "SEV3",
    "info": "SEV4",
    "low": "SEV4",
}
_TITLE_LENGTH = 200
_NAME_LENGTH = 120
_TEXT_LENGTH = 20_000


class _Lenient(Schema):
    class Meta:
        unknown = EXCLUDE  # newer releases add keys


class AlertSchema(_Lenient):
    status = fields.String(required=True, validate=validate.OneOf(["firing", "resolved"]))
    labels = fields.Dict(fields.String(), fields.String(), load_default=dict)
    annotations = fields.Dict(fields.String(), fields.String(), load_default=dict)
    starts_at = fields.String(data_key="startsAt", load_default="")
    generator_url = fields.String(data_key="generatorURL", load_default="")
    fingerprint = fields.String(load_default="")


class NotificationSchema(_Lenient):
    version = fields.String(required=True, validate=validate.Equal("4"))
    group_key = fields.String(required=True, data_key="groupKey", validate=validate.Length(1))
    status = fields.String(required=True, validate=validate.OneOf(["firing", "resolved"]))
    group_labels = fields.Dict(fields.String(), fields.String(), data_key="groupLabels")
    common_labels = fields.Dict(fields.String(), fields.String(), data_key="commonLabels")
    common_annotations = fields.Dict(fields.String(), fields.String(), data_key="commonAnnotations")
    alerts = fields.List(fields.Nested(AlertSchema), required=True)


@blueprint.post("/<token>")
@needs(Open.SECRET)
def receive(token: str) -> ResponseReturnValue:
    """Open an incident for a group, count its repetitions, note its recovery.

    202 only after it is durable; Alertmanager tries again on 5xx and gives up on 4xx.
    """
    notification = _load(request.get_json())
    with transaction() as session:
        door = intake.find_door(session, SENDER, token)
        incident = intake.receive(session, door, _signal(notification, door.id))
    return {"incident": incident.number if incident else None}, 202


def _load(body: Any) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = NotificationSchema().load(body)
    except ValidationError as error:
        refusal = UnprocessableEntity("This is not an Alertmanager notification, version 4.")
        refusal.data = {"messages": {"json": error.messages}}  # type: ignore[attr-defined]
        raise refusal from error
    return loaded


def _signal(notification: dict[str, Any], door_id: str) -> Signal:
    labels = notification.get("common_labels") or notification.get("group_labels") or {}
    annotations = notification.get("common_annotations") or {}
    name = labels.get("alertname", "Alert")
    group = hashlib.sha256(notification["group_key"].encode(errors="replace")).hexdigest()
    return Signal(
        dedup_key=f"{SENDER}:{door_id}:{group}",
        is_firing=notification["status"] == "firing",
        report=Report(
            title=_text(annotations.get("summary") or name, _TITLE_LENGTH),
            description=_text(_description(annotations), _TEXT_LENGTH),
            service=_text(labels.get("service", ""), _NAME_LENGTH),
            affected=_text(labels.get("instance", ""), _TITLE_LENGTH),
            severity=_SEVERITY.get(labels.get("severity", "").lower()),
        ),
        detail={
            "group_key": _text(notification["group_key"], _TEXT_LENGTH),
            "alert": _text(name, _TITLE_LENGTH),
            "alerts": len(notification["alerts"]),
            "fingerprints": [alert["fingerprint"] for alert in notification["alerts"]],
        },
    )


def _text(value: str, length: int) -> str:
    """What a label says, as far as an incident keeps it; a sender is never asked to correct it."""
    return "".join(c if plain_text.is_plain(c) else " " for c in value[:length])


def _description(annotations: dict[str, str]) -> str:
    runbook = annotations.get("runbook_url")
    lines = [annotations.get("description", ""), f"Runbook: {runbook}" if runbook else ""]
    return "\n".join(line for line in lines if line)
