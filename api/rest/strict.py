"""Blueprints that refuse unknown query parameters: a misspelt filter must not show everything."""

from flask_smorest import Blueprint
from marshmallow import RAISE
from webargs.flaskparser import FlaskParser


class StrictParser(FlaskParser):
    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": RAISE}


class StrictBlueprint(Blueprint):
    ARGUMENTS_PARSER = StrictParser()
