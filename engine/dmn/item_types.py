"""Item definitions (DMN 1.5 §7.3.3): the types that a model declares, as FEEL types."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import dropwhile

from engine.dmn.documents import Document
from engine.dmn.elements import (
    Element,
    children,
    find_child,
    kind,
    name_of,
    refused,
    require_different,
    require_name,
    require_only,
    text_of,
)
from engine.feel import FeelError, UnaryTests, compile_unary_tests, types
from engine.feel.types import Kind, Type
from engine.feel.values import Value

# What DMN files write besides the names that FEEL has.
_BASE = {
    "dateTime": types.DATE_TIME,
    "dayTimeDuration": types.DAYS_DURATION,
    "yearMonthDuration": types.MONTHS_DURATION,
    "context": types.CONTEXT,
    "list": types.LIST,
    "function": types.FUNCTION,
    **{each.value: Type(each) for each in Kind if each.value not in ("context", "list", "range")},
}

_PARTS = ("typeRef", "allowedValues", "typeConstraint", "itemComponent", "functionItem")
_MAX_NESTING = 15  # of types in types
_MAX_PARTS = 1_000  # of one type with all inside of it, as a small file can name many


@dataclass(frozen=True)
class ItemType:
    """A type, with what the checks want to know besides."""

    type: Type = types.ANY
    plain: Type = types.ANY  # the same without what definitions allow besides
    parts: int = 1  # that it consists of
    allowed: UnaryTests | None = None  # what its values, or those in its lists, must pass
    components: Mapping[str, "ItemType"] = field(default_factory=dict)
    names: frozenset[str] = frozenset()  # of all components, at any depth
    result: Type = types.ANY  # when it is a function


ANYTHING = ItemType()


class ItemTypes:
    """The types that one document may refer to, those of its imports under their import name."""

    def __init__(self, document: Document, imports: Iterable[tuple[str, "ItemTypes"]]) -> None:
        definitions = document.elements("itemDefinition")
        require_different(document.root, "item definitions", map(require_name, definitions))
        self._definitions = {require_name(each): each for each in definitions}
        self.known: dict[str, ItemType] = {}
        self._done: set[str] = set()  # of our own definitions
        self._open: list[Element] = []
        for prefix, imported in imports:
            for name, item in imported.known.items():
                self.known[f"{prefix}.{name}" if prefix else name] = item
        for name, definition in self._definitions.items():
            self._named(name, definition)

    @cached_property
    def types(self) -> dict[str, Type]:
        """As FEEL names them; ``instance of`` does not ask what a definition allows besides."""
        return {name: item.plain for name, item in self.known.items()}

    def of(self, element: Element | None) -> ItemType:
        """The type that an element's ``typeRef`` names; anything, when it names none."""
        name = element.get("typeRef", "") if element is not None else ""
        return self._named(name, element) if name and element is not None else ANYTHING

    def _named(self, reference: str, element: Element) -> ItemType:
        # DMN 1.1 writes a qualified name, such as feel:string.
        name = " ".join(reference.split()).removeprefix("feel:")
        if name in self._definitions and name not in self._done:
            if self._is_part_of_itself(self._definitions[name]):
                return self._deferred(name)
            self.known[name] = self._item(self._definitions[name])
            self._done.add(name)
        if name in self.known:
            return self.known[name]
        if name in _BASE:
            return ItemType(_BASE[name], _BASE[name])
        raise refused(element, f"There is no type {reference}. Define it or choose another.")

    def _is_part_of_itself(self, definition: Element) -> bool:
        """Tell whether it is read for one of its own components, not for all of what it is."""
        within = dropwhile(lambda each: each is not definition, self._open)
        return any(kind(each) == "itemComponent" for each in within)

    def _deferred(self, name: str) -> ItemType:
        """A type that is still being read, as it stands inside of itself."""
        components = self._definitions[name].iter("{*}itemComponent")
        return ItemType(
            Type(Kind.ANY, deferred=lambda: self.known[name].type),
            Type(Kind.ANY, deferred=lambda: self.known[name].plain),
            names=frozenset(map(name_of, components)),
        )

    def _item(self, definition: Element) -> ItemType:
        """A definition or one of its components."""
        require_only(definition, *_PARTS)
        if definition in self._open or len(self._open) == _MAX_NESTING:
            problem = "holds itself" if definition in self._open else "is too deep inside others"
            message = f"Type {require_name(definition)} {problem}. Give an inner part typeRef Any."
            raise refused(definition, message)
        self._open.append(definition)
        item = _restricted(self._shape(definition), find_child(definition, "allowedValues"))
        self._open.pop()
        if definition.get("isCollection") == "true":
            of_type, of_plain = types.list_of(item.type), types.list_of(item.plain)
            item = replace(item, type=of_type, plain=of_plain)
        return _restricted(item, find_child(definition, "typeConstraint"))

    def _shape(self, definition: Element) -> ItemType:
        components = list(children(definition, "itemComponent"))
        function = find_child(definition, "functionItem")
        reference = find_child(definition, "typeRef")
        if sum((bool(components), function is not None, reference is not None)) > 1:
            raise refused(definition, "A type has a typeRef, components or a function. Leave one.")
        if components:
            return self._context(definition, components)
        if function is not None:
            return self._function(function)
        if reference is not None:
            return self._named((reference.text or "").strip(), reference)
        return ANYTHING

    def _context(self, definition: Element, components: list[Element]) -> ItemType:
        names = [require_name(each) for each in components]
        require_different(definition, "components", names)
        items = {name: self._item(each) for name, each in zip(names, components, strict=True)}
        parts = 1 + sum(item.parts for item in items.values())
        if parts > _MAX_PARTS:
            raise refused(definition, f"The type has more than {_MAX_PARTS} parts. Split it.")
        return ItemType(
            types.context_of(**{name: item.type for name, item in items.items()}),
            types.context_of(**{name: item.plain for name, item in items.items()}),
            parts,
            components=items,
            names=frozenset(items).union(*(item.names for item in items.values())),
        )

    def _function(self, function: Element) -> ItemType:
        require_only(function, "parameters")
        parameters = [self.of(each).type for each in children(function, "parameters")]
        result = self._named(function.get("outputTypeRef", "Any"), function)
        # A function in FEEL does not say what it gives, so none is turned away for that.
        made = types.function_of(*parameters, result=types.ANY)
        return ItemType(made, made, result=result.type)


def read_tests(element: Element) -> UnaryTests:
    """The unary tests of allowed, input or output values."""
    try:
        return compile_unary_tests(text_of(element))
    except FeelError as error:
        raise refused(element, f"The {kind(element)} are not accepted: {error}.") from error


def _restricted(item: ItemType, constraint: Element | None) -> ItemType:
    if constraint is None:
        return item
    tests, before = read_tests(constraint), item.type.allows

    def allows(value: Value) -> bool:
        return tests.matches(value, {}) and (before is None or before(value))

    allowed = tests if kind(constraint) == "allowedValues" else item.allowed
    return replace(item, type=replace(item.type, allows=allows), allowed=allowed)
