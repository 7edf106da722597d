"""The grammar of operators and unary tests (DMN 1.5 §10.3.1.2), compiled in one pass."""

from typing import ClassVar

from engine.feel import arithmetic, nodes, operators
from engine.feel.constructs import Constructs
from engine.feel.lexer import Kind
from engine.feel.limits import MAX_NESTING
from engine.feel.nodes import Node
from engine.feel.operands import Rule
from engine.feel.values import Operation

# How tightly each infix operator binds.
_OR, _AND, _COMPARISON, _SUM, _PRODUCT, _POWER, _OPERAND = range(1, 8)
_COMPARISONS: dict[str, Operation] = {
    "=": operators.equal,
    "!=": operators.unequal,
    "<": operators.less,
    "<=": operators.at_most,
    ">": operators.greater,
    ">=": operators.at_least,
}
_ARITHMETIC: dict[str, Operation] = {
    "+": arithmetic.add,
    "-": arithmetic.subtract,
    "*": arithmetic.multiply,
    "/": arithmetic.divide,
    "**": arithmetic.power,
}
_BINDINGS = {
    "or": _OR,
    "and": _AND,
    **dict.fromkeys([*_COMPARISONS, "between", "in"], _COMPARISON),
    **dict.fromkeys(["+", "-"], _SUM),
    **dict.fromkeys(["*", "/"], _PRODUCT),
    "**": _POWER,
}


class Parser(Constructs):
    # The binding of the outermost operator of the expression read last.
    _loosest = _OPERAND

    def whole_expression(self) -> Node:
        return self._to_the_end(self._expression)

    def whole_unary_tests(self) -> Node:
        first, second = self._next, self._lexer.after_next()
        if first.text == "-" and second.kind is Kind.END:
            return nodes.constant(True)  # noqa: FBT003 - a FEEL value
        if first.text == "not" and second.text == "(":
            return self._to_the_end(self._negated_tests)
        return self._to_the_end(self._tests)

    # Operators

    def _expression(self, above: int = 0) -> Node:
        # All recursion passes here, so that no text can exhaust the call stack.
        if self._nesting > MAX_NESTING:
            raise self._refused(f"at most {MAX_NESTING} levels of nesting")
        self._nesting += 1
        node, loosest = self._operand(), _OPERAND
        # A comparison of a comparison, as in ``1 < 2 < 3``, is left over and thereby refused.
        while above < (binding := _BINDINGS.get(self._next.text, 0)) < loosest:
            node, loosest = self._infix(node, binding), binding
        self._nesting -= 1
        self._loosest = loosest
        return node

    def _infix(self, first: Node, binding: int) -> Node:
        if binding == _COMPARISON:
            return self._comparison(first)
        symbols, operands = [], [first]
        while _BINDINGS.get(self._next.text) == binding:
            symbols.append(self._advance().text)
            operands.append(self._expression(binding))
        if binding == _OR:
            return nodes.any_of(operands)
        if binding == _AND:
            return nodes.all_of(operands)
        operations = [_ARITHMETIC[symbol] for symbol in symbols]
        return nodes.chain(first, list(zip(operations, operands[1:], strict=True)))

    def _minus(self) -> Node:
        self._advance()
        return nodes.minus(self._expression(_POWER))

    def _comparison(self, left: Node) -> Node:
        symbol = self._advance().text
        if symbol == "in":
            return nodes.tested(left, self._tests_after_in())
        right = self._expression(_COMPARISON)
        if symbol == "between":
            self._expect("and")
            return nodes.between(left, right, self._expression(_COMPARISON))
        return nodes.operation(_COMPARISONS[symbol], left, right)

    # Unary tests

    def _tests(self) -> Node:
        tests = [self._test()]
        while self._take(","):
            tests.append(self._test())
        return tests[0] if len(tests) == 1 else nodes.any_of(tests)

    def _negated_tests(self) -> Node:
        self._advance()
        return nodes.inverse(self._bracketed(self._tests))

    def _tests_after_in(self) -> Node:
        if self._next.text != "(":
            return self._test(above=_COMPARISON)
        self._advance()
        return self._enclosed(self._bracketed_tests)

    def _bracketed_tests(self) -> Node:
        """Read ``1, < 2)`` or ``1..2)``, behind a bracket that can belong to either."""
        if self._next.text in _COMPARISONS:
            tests = [self._test()]
        else:
            low, test = self._value_test()
            if self._next.text == "..":
                return nodes.matching(self._range_from(low, included=False))
            tests = [test]
        while self._take(","):
            tests.append(self._test())
        self._expect(")")
        return tests[0] if len(tests) == 1 else nodes.any_of(tests)

    def _test(self, above: int = 0) -> Node:
        if self._next.text in _COMPARISONS:
            operate = _COMPARISONS[self._advance().text]
            return nodes.comparison(operate, self._expression(_COMPARISON))
        if self._next.text == "not":
            raise self._refused("a test, as not(...) can only stand around all of a cell")
        return self._value_test(above)[1]

    def _value_test(self, above: int = 0) -> tuple[Node, Node]:
        """Read a condition on ``?``, or else a value to match: the value, and its test."""
        start = self._next
        outer, self._reads_given = self._reads_given, False
        node = self._expression(above)
        reads_given, self._reads_given = self._reads_given, outer
        if reads_given:
            return node, nodes.condition(node)
        if self._loosest <= _COMPARISON:
            # As a value to equal it would be true or false, which is hardly what is meant.
            raise self._refused("a condition that reads '?'", at=start)
        return node, nodes.matching(node)

    _PREFIXES: ClassVar[dict[str, Rule]] = {
        "-": _minus,
        "if": Constructs.conditional,
        "for": Constructs.for_loop,
        "some": Constructs.some,
        "every": Constructs.every,
        "function": Constructs.function,
    }
    _PRIMARIES: ClassVar[dict[str, Rule]] = {
        Kind.NUMBER: Constructs.number,
        Kind.STRING: Constructs.string,
        Kind.NAME: Constructs.name,
        **dict.fromkeys(["true", "false", "null"], Constructs.literal),
        "?": Constructs.given,
        "@": Constructs.at_literal,
        "(": Constructs.round_bracket,
        "[": Constructs.square_bracket,
        "]": Constructs.reversed_square_bracket,
        "{": Constructs.context,
        "not": Constructs.negation,
    }
