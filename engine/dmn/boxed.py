"""Boxed expressions (DMN 1.5 §7.3 and §10.2): compile each to the logic that it stands for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.dmn.elements import (
    Element,
    children,
    find_child,
    kind,
    name_of,
    only_child,
    refused,
    require_different,
    require_name,
    require_only,
    text_of,
)
from engine.dmn.errors import FeelRefused
from engine.dmn.item_types import ANYTHING, ItemType
from engine.dmn.logic import (
    NOTHING,
    Context,
    FunctionLogic,
    Logic,
    Trace,
    extended,
    failing,
    names_of,
)
from engine.dmn.scopes import Scope
from engine.dmn.table_reader import read_table
from engine.feel import Parameter, compile_expression
from engine.feel.functions import call_named
from engine.feel.limits import spend
from engine.feel.loops import kept, settled
from engine.feel.values import Value

_MAX_NESTING = 100  # elements inside each other, since each takes its part of the stack


def find_expression(holder: Element, scope: Scope, gives: ItemType = ANYTHING) -> Logic | None:
    """Compile the expression that ``holder`` has, if any; ``gives`` is the type wanted of it."""
    found = list(children(holder, *_READERS))
    if len(found) > 1:
        raise refused(holder, f"{kind(holder)} has {len(found)} expressions. Leave one.")
    return _compile(found[0], scope, gives).typed(gives) if found else None


def expression_of(holder: Element, scope: Scope, gives: ItemType = ANYTHING) -> Logic:
    logic = find_expression(holder, scope, gives)
    if logic is None:
        raise refused(holder, f"{kind(holder)} has no expression. Give it one.")
    return logic


def function_of(element: Element, scope: Scope, name: str = "") -> FunctionLogic:
    """Compile a function definition, or the logic that a knowledge model encapsulates.

    It may call itself by its ``name``, as an entry of a FEEL context may.
    """
    if element.get("kind", "FEEL") != "FEEL":
        language = element.get("kind")
        raise refused(element, f"{language} functions are not run here. Write it in FEEL.")
    require_only(element, "formalParameter", *_READERS)
    declared = list(children(element, "formalParameter"))
    names = [require_name(each) for each in declared]
    require_different(element, "parameters", names)
    items = {name: scope.item_types.of(e) for name, e in zip(names, declared, strict=True)}
    parameters = tuple(Parameter(name, item.type) for name, item in items.items())
    inside = scope.declare(({name: ANYTHING} if name else {}) | items)
    return FunctionLogic(parameters, find_expression(element, inside) or NOTHING, name)


def _compile(element: Element, scope: Scope, gives: ItemType) -> Logic:
    if sum(1 for _ in element.iterancestors()) > _MAX_NESTING:
        raise refused(
            element, f"More than {_MAX_NESTING} elements are inside each other. Split it."
        )
    item = scope.item_types.of(element)
    wanted = gives if item is ANYTHING else item
    try:
        return _READERS[kind(element)](element, scope, wanted).typed(item)
    except FeelRefused as refusal:
        scope.refusals.append(refusal)
        return failing(refusal)


def _literal(element: Element, scope: Scope, _: ItemType) -> Logic:
    expression = scope.expression(element, text_of(element))
    return Logic(expression.names, lambda context, _: expression.evaluate(context))


def _table(element: Element, scope: Scope, gives: ItemType) -> Logic:
    table = read_table(element, scope, gives)
    scope.tables.append(table)
    return Logic(table.names, table.evaluate)


def _context(element: Element, scope: Scope, gives: ItemType) -> Logic:
    require_only(element, "contextEntry")
    entries: list[tuple[str, Logic]] = []
    names: set[str] = set()
    for entry in children(element, "contextEntry"):
        require_only(entry, "variable", *_READERS)
        variable = find_child(entry, "variable")
        name = require_name(variable) if variable is not None else ""
        if entries and not entries[-1][0]:
            raise refused(entry, "Only the last entry of a context may have no name. Name it.")
        item = scope.item_types.of(variable)
        wanted = item if name else gives
        logic = expression_of(entry, scope, wanted)
        names |= logic.names - {name for name, _ in entries}
        entries.append((name, logic))
        scope = scope.declare({name: item}) if name else scope
    require_different(element, "entries", [name for name, _ in entries])
    return Logic(frozenset(names), lambda context, trace: _filled(entries, context, trace))


def _filled(entries: Sequence[tuple[str, Logic]], context: Context, trace: Trace) -> Value:
    """Each entry sees those before it; one without a name is the result (§10.2.1)."""
    values: dict[str, Value] = {}
    for name, logic in entries:
        spend(1 + len(values))
        value = logic.evaluate(extended(context, dict(values)), trace)
        if not name:
            return value
        values[name] = value
    return values


def _list(element: Element, scope: Scope, _: ItemType) -> Logic:
    require_only(element, *_READERS)
    items = [_compile(each, scope, ANYTHING) for each in children(element, *_READERS)]
    return Logic(
        names_of(items), lambda context, trace: [i.evaluate(context, trace) for i in items]
    )


def _relation(element: Element, scope: Scope, _: ItemType) -> Logic:
    require_only(element, "column", "row")
    columns = list(children(element, "column"))
    names = [require_name(column) for column in columns]
    require_different(element, "columns", names)
    types = [scope.item_types.of(column) for column in columns]
    rows: list[list[Logic]] = []
    for row in children(element, "row"):
        require_only(row, *_READERS)
        cells = list(children(row, *_READERS))
        if len(cells) != len(columns):
            raise refused(row, f"The row must have {len(columns)} cells; it has {len(cells)}.")
        rows.append([_compile(c, scope, t).typed(t) for c, t in zip(cells, types, strict=True)])

    def evaluate(context: Context, trace: Trace) -> Value:
        return [
            {name: cell.evaluate(context, trace) for name, cell in zip(names, row, strict=True)}
            for row in rows
        ]

    return Logic(names_of(cell for row in rows for cell in row), evaluate)


def _invocation(element: Element, scope: Scope, _: ItemType) -> Logic:
    require_only(element, "binding", *_READERS)
    called = expression_of(element, scope)
    bindings: dict[str, Logic] = {}
    for binding in children(element, "binding"):
        require_only(binding, "parameter", *_READERS)
        parameter = only_child(binding, "parameter")
        name, item = require_name(parameter), scope.item_types.of(parameter)
        if name in bindings:
            raise refused(binding, f"Parameter {name} is bound twice. Remove one.")
        bindings[name] = expression_of(binding, scope, item)

    def evaluate(context: Context, trace: Trace) -> Value:
        arguments = {name: each.evaluate(context, trace) for name, each in bindings.items()}
        return call_named(called.evaluate(context, trace), arguments)

    return Logic(names_of([called, *bindings.values()]), evaluate)


def _function(element: Element, scope: Scope, _: ItemType) -> Logic:
    function = function_of(element, scope, _entry_name(element))
    return Logic(function.names, function.bind)


def _entry_name(function: Element) -> str:
    """The name of the context entry that a function stands in, if any."""
    entry = next(function.iterancestors(), None)
    if entry is None or kind(entry) != "contextEntry":
        return ""
    variable = find_child(entry, "variable")
    return name_of(variable) if variable is not None else ""


def _conditional(element: Element, scope: Scope, gives: ItemType) -> Logic:
    require_only(element, "if", "then", "else")
    condition = expression_of(only_child(element, "if"), scope)
    then = expression_of(only_child(element, "then"), scope, gives)
    otherwise = expression_of(only_child(element, "else"), scope, gives)

    def evaluate(context: Context, trace: Trace) -> Value:
        verdict = condition.evaluate(context, trace)
        if verdict is True:
            return then.evaluate(context, trace)
        # As FEEL's own ``if``, what is neither a boolean nor null takes neither way.
        is_other = verdict is not False and verdict is not None
        return None if is_other else otherwise.evaluate(context, trace)

    return Logic(names_of([condition, then, otherwise]), evaluate)


@dataclass(frozen=True)
class _Iterator:
    """What for, some and every have in common: a variable, what it runs over, and a body."""

    variable: str
    source: Logic
    body: Logic

    @property
    def names(self) -> frozenset[str]:
        return self.source.names | (self.body.names - {self.variable, "partial"})

    def results(self, context: Context, trace: Trace) -> list[Value] | None:
        items = _items(self.source.evaluate(context, trace))
        if items is None:
            return None
        results: list[Value] = []
        for item in items:
            spend(1)
            inner = {self.variable: item, **self._partial(results)}
            results.append(self.body.evaluate(extended(context, inner), trace))
        return results

    def _partial(self, results: list[Value]) -> dict[str, Value]:
        """A copy of the results so far, since a body that gives ``partial`` would hold itself."""
        if "partial" not in self.body.names:
            return {}
        spend(len(results))
        return {"partial": list(results)}


def _iterator(element: Element, scope: Scope, body: str) -> _Iterator:
    require_only(element, "in", body)
    variable = " ".join((element.get("iteratorVariable") or "").split())
    if not variable:
        raise refused(element, f"{kind(element)} has no iteratorVariable. Give it one.")
    holder = only_child(element, "in")
    source = expression_of(holder, scope, scope.item_types.of(holder))
    inner = scope.declare({variable: ANYTHING, "partial": ANYTHING})
    return _Iterator(variable, source, expression_of(only_child(element, body), inner))


def _for(element: Element, scope: Scope, _: ItemType) -> Logic:
    iterator = _iterator(element, scope, "return")
    return Logic(iterator.names, iterator.results)


def _quantified(element: Element, scope: Scope, _: ItemType) -> Logic:
    iterator = _iterator(element, scope, "satisfies")
    decisive = kind(element) == "some"  # the result that settles the question

    def evaluate(context: Context, trace: Trace) -> Value:
        results = iterator.results(context, trace)
        return settled(results, decisive=decisive) if results is not None else None

    return Logic(iterator.names, evaluate)


def _filter(element: Element, scope: Scope, _: ItemType) -> Logic:
    require_only(element, "in", "match")
    holder = only_child(element, "in")
    item = scope.item_types.of(holder)
    source = expression_of(holder, scope, item)
    inside = scope.declare({"item": item, **item.components})
    match = expression_of(only_child(element, "match"), inside)

    def evaluate(context: Context, trace: Trace) -> Value:
        items = _items(source.evaluate(context, trace))

        def is_match(each: Value) -> Value:
            properties = each if isinstance(each, dict) else {}
            return match.evaluate(extended(context, {"item": each}, properties), trace)

        return kept(items, is_match) if items is not None else None

    return Logic(source.names | (match.names - {"item", *item.components}), evaluate)


def _items(value: Value) -> list[Value] | None:
    """What FEEL iterates over: the items of a list, the numbers or dates of a range."""
    items = value if isinstance(value, list) else _EACH.evaluate({"source": value})
    return items if isinstance(items, list) else None


_EACH = compile_expression("for each in source return each", names=["source"])


_Reader = Callable[[Element, Scope, ItemType], Logic]

_READERS: dict[str, _Reader] = {
    "literalExpression": _literal,
    "decisionTable": _table,
    "context": _context,
    "list": _list,
    "relation": _relation,
    "invocation": _invocation,
    "functionDefinition": _function,
    "conditional": _conditional,
    "for": _for,
    "some": _quantified,
    "every": _quantified,
    "filter": _filter,
}
EXPRESSIONS = tuple(_READERS)
