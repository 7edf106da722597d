"""Compile what a DMN document declares, each element once and with what it requires."""

from collections.abc import Iterable, Sequence

from engine.dmn import documents
from engine.dmn.boxed import EXPRESSIONS, find_expression, function_of
from engine.dmn.decisions import Decision, Run, Verdict
from engine.dmn.documents import Document
from engine.dmn.elements import (
    Element,
    children,
    find_child,
    kind,
    name_of,
    refused,
    require_name,
    require_only,
    variable_name,
)
from engine.dmn.errors import FeelRefused
from engine.dmn.graph import InputData, Knowledge, Made, Node, Requirement, Requirements, Service
from engine.dmn.inputs import given
from engine.dmn.item_types import ItemType, ItemTypes
from engine.dmn.logic import NOTHING, FunctionLogic, Trace
from engine.dmn.scopes import Scope
from engine.dmn.tables import Table
from engine.errors import NotFound
from engine.feel.data import read
from engine.feel.types import Kind, Type, coerce

_MAX_NESTING = 50  # elements that require each other in a row


class Model:
    """The decisions, knowledge models and services of a document and of those it imports.

    Follows DMN 1.5 to the letter: a decision without logic gives null, and so does a name that
    is not required where it is read; FEEL that does not compile is an error only of what is
    evaluated. ``engine.dmn.acceptance`` is stricter.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.refusals: list[FeelRefused] = []  # the texts that did not compile so far
        self._item_types: dict[Document, ItemTypes] = {}
        self._nodes: dict[Element, Node] = {}
        self._open: list[Element] = []
        self._in_vain: dict[Element, frozenset[str]] = {}

    @property
    def callable_ids(self) -> list[str]:
        """The ids of what can be called from outside: decisions and decision services."""
        elements = self.document.elements("decision", "decisionService")
        return [element.get("id", "") for element in elements]

    def decision(self, element_id: str) -> Decision:
        """Compile a decision or a decision service, or raise ``DmnError``."""
        return self._callable(self.document.by_id[element_id])

    def _callable(self, element: Element) -> Decision:
        node = self._node(self.document, element)
        if isinstance(node, Service):
            return _called(element, node)
        if isinstance(node, Made):
            return node.decision
        raise refused(element, f"{kind(element)} decides nothing by itself. Call a decision.")

    def named(self, name: str, *kinds: str) -> Decision:
        """Compile the decision or service of that name; ``NotFound`` when there is none."""
        for element in self.document.elements(*kinds):
            if name_of(element) == name:
                return self._callable(element)
        raise NotFound(f"The model has no {' or '.join(kinds)} called {name}.")

    def names_in_vain(self, element: Element) -> frozenset[str]:
        """What an element of the document reads although it has no access to it."""
        self._node(self.document, element)
        return self._in_vain.get(element, frozenset())

    def _node(self, document: Document, element: Element) -> Node:
        if element in self._nodes:
            return self._nodes[element]
        name = require_name(element)
        if element in self._open:
            raise refused(element, f"{name} requires itself by way of others. Remove a line.")
        if len(self._open) == _MAX_NESTING:
            raise refused(element, f"{name} is required over {_MAX_NESTING} steps. Join some.")
        self._open.append(element)
        try:
            self._nodes[element] = self._compiled(document, element)
        finally:
            self._open.pop()
        return self._nodes[element]

    def _compiled(self, document: Document, element: Element) -> Node:
        match kind(element):
            case "inputData":
                require_only(element, "variable")
                item = self._types(document).of(find_child(element, "variable"))
                return InputData(variable_name(element), item)
            case "decision":
                return self._decision(document, element)
            case "decisionService":
                return self._service(document, element)
        return self._knowledge(document, element)

    def _types(self, document: Document) -> ItemTypes:
        if document not in self._item_types:
            imports = [(name, self._types(other)) for name, other in document.imports]
            self._item_types[document] = ItemTypes(document, imports)
        return self._item_types[document]

    def _scope(self, document: Document, requirements: Requirements) -> Scope:
        types, variables = self._types(document), requirements.variables
        return Scope(types, variables, refusals=self.refusals)

    def _requirements(self, document: Document, element: Element) -> Requirements:
        found = []
        for line in children(element, "informationRequirement", "knowledgeRequirement"):
            require_only(line, *_ENDS[kind(line)])
            ends = list(children(line, *_ENDS[kind(line)]))
            if len(ends) != 1:
                raise refused(line, f"{kind(line)} must come from one element. Connect it.")
            found.append(self._requirement(document, ends[0]))
        return Requirements(tuple(dict.fromkeys(found)))

    def _requirement(self, document: Document, end: Element) -> Requirement:
        prefix, other, element = document.linked(end)
        if kind(element) not in _LINKS[kind(end)]:
            wanted = " or ".join(_LINKS[kind(end)])
            raise refused(end, f"{kind(end)} leads to a {kind(element)}. Connect a {wanted}.")
        return Requirement(prefix, variable_name(element), self._node(other, element))

    def _decision(self, document: Document, element: Element) -> Made:
        require_only(element, *_AROUND_DECISION, *EXPRESSIONS)
        requirements = self._requirements(document, element)
        variable = variable_name(element)
        scope = self._scope(document, requirements)
        item = scope.item_types.of(find_child(element, "variable"))
        logic = find_expression(element, scope, item) or NOTHING
        # Of the process a decision sees what its model does not declare.
        others = document.variable_names - {variable} - requirements.roots
        hidden = dict.fromkeys(others)
        unknown = logic.names - requirements.roots
        free, self._in_vain[element] = unknown - others, unknown & others

        def decide(run: Run) -> Verdict:
            trace = Trace()
            context = {**run.data, **hidden, **requirements.context(run, trace)}
            value = logic.evaluate(context, trace)
            if not trace.inputs:  # no table has said on what it went
                trace.inputs.update((name, read(context.get(name))) for name in sorted(logic.names))
            return Verdict(decision, value, trace)

        decision = Decision(
            id=element.get("id", ""),
            name=require_name(element),
            variable=variable,
            output_names=_output_names(element, variable, scope.tables),
            names=free | requirements.reads(logic.names),
            tables=(*scope.tables, *requirements.tables),
            decide=decide,
        )
        return Made(decision, item)

    def _knowledge(self, document: Document, element: Element) -> Knowledge:
        require_only(element, *_AROUND_KNOWLEDGE)
        requirements = self._requirements(document, element)
        scope = self._scope(document, requirements)
        logic, name = find_child(element, "encapsulatedLogic"), variable_name(element)
        function = FunctionLogic((), NOTHING) if logic is None else function_of(logic, scope, name)
        item = scope.item_types.of(find_child(element, "variable"))
        self._in_vain[element] = function.names - requirements.roots
        return Knowledge(
            function,
            requirements,
            _result(item),
            requirements.reads(frozenset()),
            (*scope.tables, *requirements.tables),
        )

    def _service(self, document: Document, element: Element) -> Service:
        require_only(element, "variable", *_LINKS_OF_SERVICE)
        inputs, known, outputs = (
            tuple(self._requirement(document, link) for link in children(element, name))
            for name in ("inputData", "inputDecision", "outputDecision")
        )
        for link in children(element, "encapsulatedDecision"):
            self._requirement(document, link)
        if not outputs:
            raise refused(element, "The service has no output decision. Choose one.")
        made = [each.node.decision for each in outputs if isinstance(each.node, Made)]
        item = self._types(document).of(find_child(element, "variable"))
        return Service(inputs, known, tuple(made), _result(item))


def load(content: bytes, others: Iterable[bytes] = ()) -> Model:
    """Read a file and those among ``others`` that it imports, without compiling it yet."""
    return Model(documents.read(content, others))


_KNOWLEDGE = "businessKnowledgeModel"
_ENDS = {
    "informationRequirement": ("requiredDecision", "requiredInput"),
    "knowledgeRequirement": ("requiredKnowledge",),
}
_LINKS_OF_SERVICE = ("inputData", "inputDecision", "outputDecision", "encapsulatedDecision")
_LINKS = {
    "requiredDecision": ("decision",),
    "requiredInput": ("inputData",),
    "requiredKnowledge": (_KNOWLEDGE, "decisionService"),
    "inputData": ("inputData",),
    **dict.fromkeys(_LINKS_OF_SERVICE[1:], ("decision",)),
}
_FOR_PEOPLE = (
    "authorityRequirement",
    "question",
    "allowedAnswers",
    "supportedObjective",
    "impactedPerformanceIndicator",
    "decisionMaker",
    "decisionOwner",
    "usingProcess",
    "usingTask",
)
_AROUND_DECISION = ("variable", *_ENDS, *_FOR_PEOPLE)
_AROUND_KNOWLEDGE = (
    "variable",
    "encapsulatedLogic",
    "knowledgeRequirement",
    "authorityRequirement",
)


def _result(item: ItemType) -> Type:
    """The type of a function's result, where its variable names that or the function's own."""
    if item.type.kind is Kind.FUNCTION:
        return item.result
    return item.type


def _output_names(element: Element, variable: str, tables: Sequence[Table]) -> tuple[str, ...]:
    """The columns of a decision that is a table and gives one row; else its variable.

    A table that did not compile is not among ``tables``.
    """
    if find_child(element, "decisionTable") is None or not tables:
        return (variable,)
    [table] = tables
    names = tuple(column.name for column in table.outputs)
    if len(names) > 1 and table.gives_list:
        return (variable,)
    return tuple(name or variable for name in names)


def _called(element: Element, service: Service) -> Decision:
    """A decision service as a decision over the process data that are called like its inputs."""
    parameters = service.parameters

    def decide(run: Run) -> Verdict:
        values = [given(run.data.get(each.name), each.type) for each in parameters]
        inner = service.decide(run, values)
        run.made += inner.made
        inputs = {each.name: value for each, value in zip(parameters, values, strict=True)}
        value = coerce(service.combined(inner), service.result)
        return Verdict(decision, value, Trace(inputs=inputs))

    decision = Decision(
        id=element.get("id", ""),
        name=require_name(element),
        variable=variable_name(element),
        output_names=tuple(each.variable for each in service.outputs),
        names=service.reads.union(each.name for each in parameters),
        tables=(),
        decide=decide,
    )
    return decision
