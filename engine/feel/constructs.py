"""The grammar of lists, ranges, contexts, conditions, loops and functions."""

from engine.feel import loops, nodes
from engine.feel.lexer import Kind
from engine.feel.loops import Iteration
from engine.feel.nodes import Node
from engine.feel.operands import Operands
from engine.feel.types import ANY, Parameter

OPERATORS = ("=", "!=", "<", "<=", ">", ">=")


class Constructs(Operands):
    # Lists and ranges

    def square_bracket(self) -> Node:
        """Read ``[1, 2]`` or ``[1..2]``."""
        self.repeats = True
        self._advance()
        if self._take("]"):
            return nodes.listed([])
        first = self._enclosed(self._expression)
        if self._next.text == "..":
            return self._range_from(first, included=True)
        items = [first]
        while self._take(","):
            items.append(self._enclosed(self._expression))
        self._expect("]")
        return nodes.listed(items)

    def reversed_square_bracket(self) -> Node:
        """Read ``]1..2]``."""
        self._advance()
        return self._range_from(self._enclosed(self._expression), included=False)

    def round_bracket(self) -> Node:
        """Read ``(1 + 2)``, ``(1..2)`` or ``(< 2)``."""
        self._advance()
        if self._next.text in OPERATORS:
            operator = self._advance().text
            return nodes.open_span(operator, self._enclosed(self._expression, ")"))
        first = self._enclosed(self._expression)
        if self._next.text == "..":
            return self._range_from(first, included=False)
        self._expect(")")
        return first

    def _range_from(self, low: Node, *, included: bool) -> Node:
        self._expect("..")
        outer, self._ends_range = self._ends_range, True
        high = self._expression()
        self._ends_range = outer
        if self._next.text not in (")", "]", "["):
            raise self._refused("']', ')' or '['")
        closed = self._advance().text == "]"
        return nodes.span(low, high, low_included=included, high_included=closed)

    # Contexts

    def context(self) -> Node:
        self.repeats = True
        self._advance()
        entries: dict[str, Node] = {}
        self._frames.append(set())
        while not self._take("}"):
            if entries:
                self._expect(",")
            key = self._key()
            if key in entries:
                raise self._refused("each key once", found=key)
            entries[key] = self._entry(key)
        self._frames.pop()
        return nodes.entries(entries)

    def _key(self) -> str:
        if self._next.kind is Kind.STRING:
            return self._string_value()
        return self._required_name(":")

    def _entry(self, key: str) -> Node:
        self._expect(":")
        # A function may call itself; any other value cannot read itself, only one outside.
        if self._next.text == "function":
            self._declare(key)
        node = self._enclosed(self._expression)
        self._declare(key)
        return node

    # Conditions and loops

    def negation(self) -> Node:
        self._advance()
        return nodes.inverse(self._bracketed(self._negand))

    def _negand(self) -> Node:
        if self._lexer.take_name(":") == "negand":
            self._advance()
        return self._expression()

    def conditional(self) -> Node:
        self._advance()
        condition = self._expression()
        self._expect("then")
        then = self._expression()
        self._expect("else")
        return nodes.choice(condition, then, self._expression())

    def for_loop(self) -> Node:
        iterations = self._iterations("return")
        outer, self._reads_partial = self._reads_partial, False
        self._declare("partial")
        result, size = self._sized(self._expression)
        reads_partial, self._reads_partial = self._reads_partial, outer
        self._frames.pop()
        return loops.collected(iterations, result, size, reads_partial=reads_partial)

    def some(self) -> Node:
        iterations = self._iterations("satisfies")
        condition, size = self._sized(self._expression)
        self._frames.pop()
        return loops.some(iterations, condition, size)

    def every(self) -> Node:
        iterations = self._iterations("satisfies")
        condition, size = self._sized(self._expression)
        self._frames.pop()
        return loops.every(iterations, condition, size)

    def _iterations(self, end: str) -> list[Iteration]:
        """Read ``x in list, y in 1..2`` and open a frame in which the names are declared."""
        self.repeats = True
        self._advance()
        self._frames.append(set())
        iterations = [self._iteration()]
        while self._take(","):
            iterations.append(self._iteration())
        self._expect(end)
        return iterations

    def _iteration(self) -> Iteration:
        name = self._required_name("in")
        self._expect("in")
        domain = self._expression()
        end = self._expression() if self._take("..") else None
        self._declare(name)
        return Iteration(name, domain, end)

    # Functions

    def function(self) -> Node:
        self.repeats = True
        self._advance()
        self._frames.append(set())
        parameters = self._bracketed(self._parameters)
        if self._next.text == "external":
            raise self._refused("a FEEL expression, as external functions are not supported")
        for parameter in parameters:
            self._declare(parameter.name)
        body, size = self._sized(self._expression)
        self._frames.pop()
        return nodes.function(parameters, body, size)

    def _parameters(self) -> list[Parameter]:
        parameters: list[Parameter] = []
        while self._next.text != ")":
            if parameters:
                self._expect(",")
            name = self._required_name(":", ",", ")")
            kind = self._type() if self._next.text == ":" else ANY
            parameters.append(Parameter(name, kind))
        return parameters
