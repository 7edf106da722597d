"""Steadyhand over HTTP: REST, doors for other tools, and pages; every rule is in ``engine``."""

from flask import Flask

from api import (
    access,
    auth,
    errors,
    health,
    idempotency,
    logs,
    metrics,
    presence,
    scim,
    security,
    tracing,
    uploads,
)
from api.context import EXTENSION
from api.doors import alertmanager
from api.logs import LoggedFlask
from api.rest import register_rest
from api.web import provider, register_pages
from engine.settings import Settings
from engine.store.database import Database

MAX_BODY_BYTES = 1024 * 1024


def create_app(database: Database, settings: Settings) -> Flask:
    """The WSGI application over a migrated database."""
    app = LoggedFlask(__name__, static_folder="web/static", template_folder="web/templates")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["SESSION_COOKIE_SECURE"] = settings.is_secure
    app.json.sort_keys = False  # type: ignore[attr-defined] # of Flask's default provider
    app.extensions[EXTENSION] = database
    tracing.register(app, database)
    logs.register(app)
    metrics.register(app)
    app.register_blueprint(health.blueprint)
    app.before_request(auth.require_same_origin)
    presence.register(app)
    security.register(app)
    register_rest(app)
    app.register_blueprint(alertmanager.blueprint)
    provider.register(app, settings)
    register_pages(app)
    scim.register(app, settings)
    idempotency.register(app)
    errors.register(app)
    access.register(app)
    uploads.register(app, settings)
    return app
