"""SCIM 2.0 (RFC 7643, RFC 7644) under /scim/v2: a directory keeps people and groups here.

An extra: without it, there is nothing at these addresses.
"""

from importlib import import_module
from importlib.util import find_spec

from flask import Flask

from engine.people.grants import parse_mapping
from engine.settings import Settings

MAPPING = "steadyhand.scim"
_NAME = "STEADYHAND_SCIM_GROUPS"


def register(app: Flask, settings: Settings) -> None:
    """Serve it, if it is installed; ``ValueError`` with what to correct in the settings."""
    try:
        app.extensions[MAPPING] = parse_mapping(settings.scim_groups)
    except ValueError as error:
        raise ValueError(f"{_NAME}: {error}") from error
    if find_spec("scim2_models"):
        app.register_blueprint(import_module("api.scim.routes").blueprint)
    elif settings.scim_groups:
        raise ValueError(f"{_NAME} is set, but SCIM is not installed: install steadyhand[scim].")
