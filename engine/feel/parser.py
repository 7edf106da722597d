"""The grammar of the FEEL subset (DMN 1.5 §10.3.1.2), compiled to closures in one pass.

Nothing but what stands here is accepted: no calls, lists, contexts, filters or loops.
"""

from collections.abc import Callable
from typing import ClassVar

from engine.feel import nodes, values
from engine.feel.nodes import Node
from engine.feel.tokens import FeelError, Kind, Token, read_string, refused, tokenise

MAX_NESTING = 50

# How tightly each infix operator binds.
_OR, _AND, _COMPARISON, _SUM, _PRODUCT, _POWER, _OPERAND = range(1, 8)
_COMPARISONS: dict[str, values.Operation] = {
    "=": values.equal,
    "!=": values.unequal,
    "<": values.less,
    "<=": values.at_most,
    ">": values.greater,
    ">=": values.at_least,
}
_ARITHMETIC: dict[str, values.Operation] = {
    "+": values.add,
    "-": values.subtract,
    "*": values.multiply,
    "/": values.divide,
    "**": values.power,
}
_BINDINGS = {
    "or": _OR,
    "and": _AND,
    **dict.fromkeys([*_COMPARISONS, "between", "in"], _COMPARISON),
    **dict.fromkeys(["+", "-"], _SUM),
    **dict.fromkeys(["*", "/"], _PRODUCT),
    "**": _POWER,
}


class Parser:
    """Reads one text once; afterwards ``names`` holds the variables that it reads."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokenise(text)
        self._position = 0
        self._nesting = 0
        # Whether the test being read uses ``?``; ``None`` where there is no ``?`` to use.
        self._reads_given: bool | None = None
        # The binding of the outermost operator of the expression read last.
        self._loosest = _OPERAND
        self.names: set[str] = set()

    def whole_expression(self) -> Node:
        return self._to_the_end(self._expression)

    def whole_unary_tests(self) -> Node:
        first, second = self._next, self._tokens[min(1, len(self._tokens) - 1)]
        if first.text == "-" and second.kind is Kind.END:
            return nodes.constant(True)  # noqa: FBT003 - a FEEL value
        if first.text == "not" and second.text == "(":
            return self._to_the_end(self._negated_tests)
        return self._to_the_end(self._tests)

    # Expressions

    def _expression(self, above: int = 0) -> Node:
        """Read an expression whose operators all bind more tightly than ``above``."""
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
        operators, operands = [], [first]
        while _BINDINGS.get(self._next.text) == binding:
            operators.append(self._advance().text)
            operands.append(self._expression(binding))
        if binding == _OR:
            return nodes.any_of(operands)
        if binding == _AND:
            return nodes.all_of(operands)
        operations = [_ARITHMETIC[text] for text in operators]
        return nodes.chain(first, list(zip(operations, operands[1:], strict=True)))

    def _comparison(self, left: Node) -> Node:
        text = self._advance().text
        if text == "in":
            return nodes.tested(left, self._tests_after_in())
        right = self._expression(_COMPARISON)
        if text == "between":
            self._expect("and")
            high = self._expression(_COMPARISON)
            return nodes.tested(left, nodes.within(values.at_least, right, values.at_most, high))
        return nodes.operation(_COMPARISONS[text], left, right)

    def _operand(self) -> Node:
        token = self._next
        read = self._OPERANDS.get(token.text if token.kind is Kind.SYMBOL else token.kind)
        if read is None:
            raise self._refused("a value")
        return read(self)

    def _number(self) -> Node:
        number = values.parse_number(self._next.text)
        if number is None:
            raise self._refused(f"a number of at most {values.MAX_DIGITS} digits")
        self._advance()
        return nodes.constant(number)

    def _string(self) -> Node:
        string = read_string(self._next)
        if string is None:
            raise self._refused(r"only the escapes \" \\ \n \r \t \' \uXXXX \UXXXXXX in a string")
        self._advance()
        return nodes.constant(string)

    def _literal(self) -> Node:
        literals = {"true": True, "false": False, "null": None}
        return nodes.constant(literals[self._advance().text])

    def _name(self) -> Node:
        name = self._next.text
        if self._tokens[self._position + 1].text == "(":
            raise self._refused("a value", found=f"{name}(")
        self._advance()
        self.names.add(name)
        return self._path(nodes.variable(name))

    def _given(self) -> Node:
        if self._reads_given is None:
            raise self._refused("a value")
        self._advance()
        self._reads_given = True
        return self._path(nodes.given_value)

    def _group(self) -> Node:
        return self._path(self._bracketed(self._expression))

    def _path(self, node: Node) -> Node:
        path = []
        while self._take("."):
            if self._next.kind is not Kind.NAME:
                raise self._refused("a name")
            path.append(self._advance().text)
        return nodes.member(node, path) if path else node

    def _minus(self) -> Node:
        self._advance()
        return nodes.minus(self._expression(_POWER))

    def _not(self) -> Node:
        self._advance()
        return nodes.inverse(self._bracketed(self._expression))

    def _if(self) -> Node:
        self._advance()
        condition = self._expression()
        self._expect("then")
        then = self._expression()
        self._expect("else")
        return nodes.choice(condition, then, self._expression())

    _OPERANDS: ClassVar[dict[str, Callable[["Parser"], Node]]] = {
        Kind.NUMBER: _number,
        Kind.STRING: _string,
        Kind.NAME: _name,
        **dict.fromkeys(["true", "false", "null"], _literal),
        "?": _given,
        "(": _group,
        "-": _minus,
        "not": _not,
        "if": _if,
    }

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
        if self._next.text == "(" and not self._at_range():
            return self._bracketed(self._tests)
        return self._test(above=_COMPARISON)

    def _test(self, above: int = 0) -> Node:
        if self._next.text in _COMPARISONS:
            operate = _COMPARISONS[self._advance().text]
            return nodes.comparison(operate, self._expression(_COMPARISON))
        if self._at_range():
            return self._range()
        if self._next.text == "not":
            raise self._refused("a test, as not(...) can only stand around all of a cell")
        outer, self._reads_given = self._reads_given, False
        test = self._expression_test(above)
        self._reads_given = outer
        return test

    def _expression_test(self, above: int) -> Node:
        """Read a condition on ``?``, or else a value to equal."""
        start = self._next
        node = self._expression(above)
        if self._reads_given:
            return nodes.any_of([node])
        if self._loosest <= _COMPARISON:
            # As a value to equal it would be true or false, which is hardly what is meant.
            raise self._refused("a condition that reads '?'", at=start)
        return nodes.comparison(values.equal, node)

    def _at_range(self) -> bool:
        """Tell ``(1..5)`` from ``(a + b)`` by what first follows at the depth of its bracket."""
        if self._next.text in ("[", "]"):
            return True
        depth = 0
        for token in self._tokens[self._position :]:
            depth += (token.text == "(") - (token.text == ")")
            if depth == 0 or token.text in ("in", "[", "]", ","):
                return False
            if depth == 1 and token.text == "..":
                return True
        return False

    def _range(self) -> Node:
        above = values.at_least if self._advance().text == "[" else values.greater
        low = self._expression(_COMPARISON)
        self._expect("..")
        high = self._expression(_COMPARISON)
        if self._next.text not in (")", "]", "["):
            raise self._refused("']', ')' or '['")
        below = values.at_most if self._advance().text == "]" else values.less
        return nodes.within(above, low, below, high)

    # Tokens

    @property
    def _next(self) -> Token:
        return self._tokens[self._position]

    def _advance(self) -> Token:
        token = self._next
        self._position += 1
        return token

    def _take(self, text: str) -> bool:
        if self._next.text != text:
            return False
        self._position += 1
        return True

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self._refused(f"'{text}'")

    def _bracketed(self, read: Callable[[], Node]) -> Node:
        self._expect("(")
        node = read()
        self._expect(")")
        return node

    def _to_the_end(self, read: Callable[[], Node]) -> Node:
        node = read()
        if self._next.kind is not Kind.END:
            raise self._refused("an operator or the end")
        return node

    def _refused(self, expected: str, found: str = "", at: Token | None = None) -> FeelError:
        token = at or self._next
        return refused(self._text, token.offset, expected=expected, found=found or token.text)
