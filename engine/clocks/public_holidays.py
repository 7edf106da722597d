"""The public holidays of a country or a part of it, as the package ``holidays`` knows them."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.metadata import version
from types import ModuleType

SOURCE = f"holidays {version('holidays')}"  # named wherever a holiday explains a time

_ENGLISH = "en_US"


@dataclass(frozen=True)
class PublicHolidays:
    country: str  # ISO 3166-1, two letters
    subdivision: str | None  # ISO 3166-2, without the country

    def __str__(self) -> str:
        return "-".join(filter(None, (self.country, self.subdivision)))

    def name_on(self, day: datetime.date) -> str | None:
        return _of_year(self.country, self.subdivision, day.year).get(day)


def subdivisions(country: str) -> list[str] | None:
    """The parts of a country that have holidays of their own; ``None`` of an unknown country."""
    known: dict[str, list[str]] = _package().list_supported_countries(include_aliases=False)
    return known.get(country)


@lru_cache(maxsize=512)
def _of_year(country: str, subdivision: str | None, year: int) -> Mapping[datetime.date, str]:
    # Without a language, the names would be those of whoever started the programme.
    language = _language(country)
    return dict(
        _package().country_holidays(country, subdiv=subdivision, years=year, language=language)
    )


@lru_cache(maxsize=256)
def _language(country: str) -> str | None:
    """English where the package has it, else the language of the country."""
    known = _package().list_localized_countries(include_aliases=False).get(country, [])
    if _ENGLISH in known or not known:
        return _ENGLISH if known else None
    return str(_package().country_holidays(country).default_language)


def _package() -> ModuleType:
    """Imported with the first calendar that has holidays: it takes a fifth of a second."""
    return import_module("holidays")
