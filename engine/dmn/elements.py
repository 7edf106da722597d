"""The elements of a DMN file: reaching for them, and refusing them by name."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from lxml import etree
from lxml.etree import _Element

from engine.dmn.errors import DmnError

Element: TypeAlias = _Element

# Say something to people, nothing to us; each element may hold them.
_WORDS = frozenset(("description", "extensionElements"))
_DIAGRAM = "DMNDI"  # where things are drawn; has a namespace of its own


def kind(element: Element) -> str:
    return etree.QName(element).localname


def children(element: Element, *names: str) -> Iterator[Element]:
    """The children in the namespace of DMN, those called ``names`` if any are given."""
    namespace = etree.QName(element).namespace
    for child in element.iterchildren(f"{{{namespace}}}*"):
        if not names or kind(child) in names:
            yield child


def find_child(element: Element, name: str) -> Element | None:
    """The only child of that name; several are refused."""
    found = list(children(element, name))
    if len(found) > 1:
        raise refused(element, f"{kind(element)} has {len(found)} {name}. Leave one.")
    return found[0] if found else None


def only_child(element: Element, name: str) -> Element:
    found = list(children(element, name))
    if len(found) != 1:
        raise refused(element, f"{kind(element)} needs exactly one {name}; it has {len(found)}.")
    return found[0]


def text_of(element: Element) -> str:
    """What the element's ``text`` holds, which must be nothing but text."""
    require_only(element, "text")
    holder = only_child(element, "text")
    if len(holder):
        raise refused(element, "The cell holds more than text. Leave only its FEEL text.")
    return (holder.text or "").strip()


def name_of(element: Element) -> str:
    """The element's name; FEEL does not tell one space from several."""
    return " ".join((element.get("name") or "").split())


def variable_name(element: Element) -> str:
    """What expressions call the element: the name of its variable, else its own."""
    variable = find_child(element, "variable")
    return (name_of(variable) if variable is not None else "") or require_name(element)


def require_name(element: Element) -> str:
    return name_of(element) or require_attribute(element, "name")


def require_attribute(element: Element, attribute: str) -> str:
    value = (element.get(attribute) or "").strip()
    if not value:
        raise refused(element, f"{kind(element)} has no {attribute}. Give it one.")
    return value


def require_only(element: Element, *names: str) -> None:
    """Refuse any other child, because leaving it out could change the decision."""
    namespace = etree.QName(element).namespace
    for child in element.iterchildren("{*}*"):
        is_ours = etree.QName(child).namespace == namespace
        is_known = kind(child) in names or kind(child) in _WORDS
        if not (is_known and (is_ours or kind(child) == _DIAGRAM)):
            raise refused(child, f"{kind(child)} is not accepted in {kind(element)}. Remove it.")


def require_different(element: Element, what: str, names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise refused(element, f"{count} {what} are called {name}. Give each its own.")


def refused(element: Element, message: str, error: type[DmnError] = DmnError) -> DmnError:
    """Name the element by the nearest id and name, as cells need not have their own."""
    return error(
        message, element_id=_nearest(element, "id"), element_name=_nearest(element, "name")
    )


def _nearest(element: Element, attribute: str) -> str:
    above: Sequence[Element] = [element, *element.iterancestors()]
    return next((value for each in above if (value := each.get(attribute))), "")
