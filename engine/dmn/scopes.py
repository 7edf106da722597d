"""What expressions at one place of a model may refer to, and how their text is compiled there."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from engine.dmn.elements import Element, refused
from engine.dmn.errors import DmnError, FeelRefused
from engine.dmn.item_types import ItemType, ItemTypes
from engine.dmn.tables import Table
from engine.feel import (
    Expression,
    FeelError,
    UnaryTests,
    compile_expression,
    compile_unary_tests,
)


@dataclass(frozen=True)
class Scope:
    item_types: ItemTypes
    variables: Mapping[str, ItemType]
    tables: list[Table] = field(default_factory=list)  # every table that was read in it
    refusals: list[FeelRefused] = field(default_factory=list)  # every text that does not compile

    def declare(self, variables: Mapping[str, ItemType]) -> "Scope":
        return replace(self, variables={**self.variables, **variables})

    def find_type(self, path: str) -> ItemType | None:
        """The type of what a path such as ``person.age`` leads to, where it is known."""
        first, *others = path.split(".")
        found = self.variables.get(first)
        for name in others:
            found = found.components.get(name) if found else None
        return found

    @cached_property
    def names(self) -> frozenset[str]:
        """All that FEEL must know to tell a name that holds spaces from several words."""
        inside = [name for item in self.variables.values() for name in item.names]
        return frozenset(self.variables).union(n for n in inside if not n.isidentifier())

    def expression(self, element: Element, text: str) -> Expression:
        try:
            return compile_expression(text, names=self.names, types=self.item_types.types)
        except FeelError as error:
            raise _unaccepted(element, text, error) from error

    def unary_tests(self, element: Element, text: str) -> UnaryTests:
        try:
            return compile_unary_tests(text, names=self.names, types=self.item_types.types)
        except FeelError as error:
            raise _unaccepted(element, text, error) from error


def _unaccepted(element: Element, text: str, error: FeelError) -> DmnError:
    shown = f"'{text}' is not accepted" if text else "An expression is missing"
    return refused(element, f"{shown}: {error}. Correct it.", FeelRefused)
