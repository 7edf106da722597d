"""Every command that changes something, by the address or the words with which it is given."""

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from tests.durability.stage import WHY

REASON = {"reason": WHY.text}


@dataclass(frozen=True)
class Command:
    name: str
    given: Callable  # stage -> what it acts on
    does: Callable  # stage, what it acts on -> an answer; an exception or 5xx is none
    address: str = ""  # method and rule
    words: str = ""  # of the command line


def gathered(*kinds):
    """The commands of those kinds (``API``, ``PAGES``, …) in every module beside this one."""
    modules = [
        import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)
    ]
    return [command for kind in kinds for part in modules for command in getattr(part, kind, ())]


def request(address, given, does, which=""):
    name = f"{address} ({which})" if which else address
    return Command(name, given, does, address=address)


def to_api(path, who="dora", body=None, method="POST", *, matches=False):
    """A request to the API; the path may name parts of what was given."""
    return lambda stage, it: stage.send(
        who,
        method,
        f"/api/v1{path.format(it=it)}",
        it.incident.version if matches else None,
        json=_filled(body, it),
    )


def to_page(path, who="dora", **form):
    """A form of a page."""
    return lambda stage, it: stage.post(who, path.format(it=it), data=_filled(form, it))


def _filled(body, it):
    """Texts in braces stand for parts of what was given."""
    if isinstance(body, dict):
        return {_filled(key, it): _filled(value, it) for key, value in body.items()}
    if isinstance(body, list):
        return [_filled(value, it) for value in body]
    return body.format(it=it) if isinstance(body, str) else body
