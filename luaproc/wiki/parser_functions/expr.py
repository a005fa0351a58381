"""`#expr`: arithmetic as the extension ParserFunctions does it, with PHP's numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from luaproc.wiki.php import Number, from_text, modulo, php_round, to_int
from luaproc.wiki.values import ascii_lower, number_text
from luaproc.wiki.view import PageView

MAX_STACK = 100


class ExpressionError(ValueError):
    """`args` are the key of the message that a page shows (`PageView.error`), and its parameters."""


def error(name: str, *parameters: str) -> ExpressionError:
    """The error of that name, as ParserFunctions' messages have it: `pfunc_expr_NAME`."""
    return ExpressionError(f"pfunc_expr_{name}", *parameters)


def _divided(left: Number, right: Number) -> Number:
    if not right:
        raise error("division_by_zero")
    if isinstance(left, int) and isinstance(right, int) and left % right == 0:
        return _number(left // right)
    return left / right


def _modulo(left: Number, right: Number) -> Number:
    divisor = to_int(right)
    if not divisor:
        raise error("division_by_zero")
    return modulo(to_int(left), divisor)


def _fmod(left: Number, right: Number) -> Number:
    if float(right) == 0:
        raise error("division_by_zero")
    return math.fmod(float(left), float(right)) if not math.isinf(float(left)) else math.nan


def _power(left: Number, right: Number) -> Number:
    try:
        if isinstance(left, int) and isinstance(right, int) and right >= 0 and abs(right) < 1100:
            result: Number | complex = left**right
        else:
            result = float(left) ** float(right)
    except ZeroDivisionError:
        result = math.inf
    except OverflowError:
        result = math.inf if left > 0 or to_int(right) % 2 == 0 else -math.inf
    if isinstance(result, complex):
        return math.nan
    return _number(result)


def _float(value: Number) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _round(left: Number, right: Number) -> Number:
    return php_round(left, to_int(right))


def _within(name: str, function: Callable[[float], float]) -> Callable[[Number], Number]:
    def checked(value: Number) -> Number:
        if not -1 <= value <= 1:
            raise error("invalid_argument", name)
        return function(value)

    return checked


def _ln(value: Number) -> Number:
    if not value > 0:
        raise error("invalid_argument_ln")
    return math.log(value)


def _sqrt(value: Number) -> Number:
    if math.isnan(float(value)) or value < 0:
        raise error("not_a_number", "sqrt")
    return math.sqrt(value)


def _exp(value: Number) -> Number:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def _whole(function: Callable[[float], int]) -> Callable[[Number], Number]:
    def rounded(value: Number) -> Number:
        real = float(value)
        return real if math.isinf(real) or math.isnan(real) else math.copysign(float(function(real)), real)

    return rounded


def _finite(function: Callable[[float], float]) -> Callable[[Number], Number]:
    return lambda value: math.nan if math.isinf(float(value)) else function(float(value))


def _number(value: Number) -> Number:
    """An integer that PHP's cannot hold is a float."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return _float(value)
    return value


Stack = list[Number]


def _unary(function: Callable[[Number], Number]) -> Callable[[Stack], None]:
    def apply(stack: Stack) -> None:
        stack.append(function(stack.pop()))

    return apply


def _binary(function: Callable[[Number, Number], Number]) -> Callable[[Stack], None]:
    def apply(stack: Stack) -> None:
        right = stack.pop()
        stack.append(function(stack.pop(), right))

    return apply


# name -> (precedence, operands, function)
_OPERATORS: dict[str, tuple[int, int, Callable[[Stack], None]]] = {
    "negative": (10, 1, _unary(lambda value: _number(-value))),
    "positive": (10, 1, _unary(lambda value: value)),
    "e": (10, 2, _binary(lambda left, right: _number(left * _power(10, right)))),
    "sin": (9, 1, _unary(_finite(math.sin))),
    "cos": (9, 1, _unary(_finite(math.cos))),
    "tan": (9, 1, _unary(_finite(math.tan))),
    "asin": (9, 1, _unary(_within("asin", math.asin))),
    "acos": (9, 1, _unary(_within("acos", math.acos))),
    "atan": (9, 1, _unary(lambda value: math.atan(value))),
    "exp": (9, 1, _unary(_exp)),
    "ln": (9, 1, _unary(_ln)),
    "abs": (9, 1, _unary(lambda value: _number(abs(value)))),
    "floor": (9, 1, _unary(_whole(math.floor))),
    "ceil": (9, 1, _unary(_whole(math.ceil))),
    "trunc": (9, 1, _unary(lambda value: to_int(value))),
    "not": (9, 1, _unary(lambda value: int(not value))),
    "sqrt": (9, 1, _unary(_sqrt)),
    "^": (8, 2, _binary(_power)),
    "*": (7, 2, _binary(lambda left, right: _number(left * right))),
    "/": (7, 2, _binary(_divided)),
    "div": (7, 2, _binary(_divided)),
    "mod": (7, 2, _binary(_modulo)),
    "fmod": (7, 2, _binary(_fmod)),
    "+": (6, 2, _binary(lambda left, right: _number(left + right))),
    "-": (6, 2, _binary(lambda left, right: _number(left - right))),
    "round": (5, 2, _binary(_round)),
    "=": (4, 2, _binary(lambda left, right: int(left == right))),
    "<": (4, 2, _binary(lambda left, right: int(left < right))),
    ">": (4, 2, _binary(lambda left, right: int(left > right))),
    "<=": (4, 2, _binary(lambda left, right: int(left <= right))),
    ">=": (4, 2, _binary(lambda left, right: int(left >= right))),
    "<>": (4, 2, _binary(lambda left, right: int(left != right))),
    "!=": (4, 2, _binary(lambda left, right: int(left != right))),
    "and": (3, 2, _binary(lambda left, right: int(bool(left) and bool(right)))),
    "or": (2, 2, _binary(lambda left, right: int(bool(left) or bool(right)))),
    "(": (-1, 0, lambda stack: None),
}
_SHOWN = {"negative": "-", "positive": "+"}
_PREFIX = frozenset(name for name, (level, count, _) in _OPERATORS.items() if level == 9 and count == 1)
_INFIX_WORDS = frozenset({"mod", "fmod", "and", "or", "div", "round"})
_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)|(?P<number>[0-9.]+)|(?P<word>[A-Za-z]+)"
    r"|(?P<two><=|>=|<>|!=)|(?P<one>[-+*/^=<>()])|(?P<other>.)",
    re.DOTALL,
)


_WORDS_FROM_43 = (
    (": &lt; -1 or &gt; 1.", ": less than -1 or greater than 1."),
    (": &lt;= 0.", ": less than or equal to 0."),
)


def shown(problem: ExpressionError, view: PageView) -> str:
    """What a page shows of an error."""
    text = view.error(*problem.args)
    for before, after in _WORDS_FROM_43 if view.release >= 43 else ():
        text = text.replace(before, after)
    return text


def evaluate(text: str) -> str:
    """The value of an expression as PHP prints it; "" for an empty one. Raises `ExpressionError`.

    Where several values are left at the end, each is on a line of its own, as MediaWiki shows them.
    """
    operands: Stack = []
    operators: list[str] = []
    expecting = "expression"
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&minus;", "-").replace("−", "-")
    for match in _TOKEN.finditer(text):
        if len(operands) > MAX_STACK or len(operators) > MAX_STACK:
            raise error("stack_exhausted")
        kind, token = match.lastgroup, match[0]
        if kind == "space":
            continue
        if kind == "number":
            if expecting != "expression":
                raise error("unexpected_number")
            operands.append(from_text(token))
            expecting = "operator"
            continue
        name = token
        if kind == "word":
            name = ascii_lower(token)
            if name in ("e", "pi"):
                if expecting == "expression":
                    operands.append(math.e if name == "e" else math.pi)
                    expecting = "operator"
                    continue
                if name == "pi":
                    raise error("unexpected_number")
            elif name in _PREFIX:
                if expecting != "expression":
                    raise error("unexpected_operator", name)
                operators.append(name)
                continue
            elif name not in _INFIX_WORDS:
                raise error("unrecognised_word", name)
        elif kind == "other":
            raise error("unrecognised_punctuation", token)
        elif token in "+-" and expecting == "expression":
            operators.append("positive" if token == "+" else "negative")
            continue
        elif token == "(":
            if expecting == "operator":
                raise error("unexpected_operator", "(")
            operators.append("(")
            continue
        elif token == ")":
            while operators and operators[-1] != "(":
                _apply(operators.pop(), operands)
            if not operators:
                raise error("unexpected_closing_bracket")
            operators.pop()
            expecting = "operator"
            continue
        if expecting == "expression":
            raise error("unexpected_operator", name)
        precedence = _OPERATORS[name][0]
        while operators and precedence <= _OPERATORS[operators[-1]][0]:
            _apply(operators.pop(), operands)
        operators.append(name)
        expecting = "expression"
    while operators:
        operator = operators.pop()
        if operator == "(":
            raise error("unclosed_bracket")
        _apply(operator, operands)
    return "<br />\n".join(number_text(value) for value in operands)


def _apply(name: str, operands: Stack) -> None:
    _, count, function = _OPERATORS[name]
    if len(operands) < count:
        raise error("missing_operand", _SHOWN.get(name, name))
    function(operands)
