r"""Work out programs of arithmetic, statement by statement, without Python ever running them.

A statement is `name = expression` of numbers, names, + - * / // % **, signs and brackets; nothing else exists: no
import, no call, no attribute, no text, no loop. Numbers are exact fractions, 0.1 is 1/10, so that a state does not hang
on the order in which it was worked out. Statements stand on lines of their own or behind a semicolon.

    trace(text)     ->  the statements up to the first that sets `answer`, with the state behind each
    result(text)    ->  the value of `answer` as text, None where the program has no such value

Bounds hold before the work is done: characters of a program, depth of an expression, bits of a number, of a power too.
Working out ends quietly before the first statement that breaks a rule; `trace(text).fault` says which rule.

>>> result("apples = 3 * 4\nanswer = apples / 5"), result("answer = __import__('os').getpid()")
('12/5', None)
>>> trace("a = 2 + 5; b = a - 3").program.states
('7', '4 7')
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from tutelage.kit.solutions import Program

ANSWER = "answer"
CHARACTERS, STATEMENTS, DEPTH, BITS, EXPONENT = 4096, 64, 40, 256, 64
LETTERS = re.compile(r"[A-Za-z0-9_ .+\-*/%()=\t]+")
GLUED = re.compile(r"(?<![A-Za-z0-9_])\.?\d[\d.]*[A-Za-z_]")  # 0x10, 1_000, 2e9: decimal numbers alone are read
DECIMAL, DIGITS = re.compile(r"\d*\.\d*"), 15  # more of them are not read exactly
WORK: Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction | int]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
}  # fmt: skip


class Traced(NamedTuple):
    """program: what could be worked out. values: of its variables in the end. fault: what stopped it, or empty."""

    program: Program
    values: Mapping[str, Fraction]
    fault: str = ""


class _Broken(Exception):
    """A rule is broken."""


def trace(text: str) -> Traced:
    """The statements up to the first that sets `answer` or breaks a rule."""
    if len(text) > CHARACTERS:
        return Traced(Program(), {}, f"more than {CHARACTERS} characters")
    lines: list[str] = []
    normal: list[str] = []
    states: list[str] = []
    values: dict[str, Fraction] = {}
    names: dict[str, str] = {ANSWER: ANSWER}
    fault = ""
    try:
        for name, node, line in _statements(text):
            value = _value(node, values)
            spelt = _spelt(node, names)
            names.setdefault(name, f"v{len(names) - 1}")
            values[name] = value
            lines.append(line)
            normal.append(f"{names[name]}={spelt}")
            states.append(" ".join(sorted(map(str, values.values()))))
            if name == ANSWER:
                break
    except _Broken as broken:
        fault = str(broken)
    whole = ANSWER in values
    return Traced(Program(tuple(lines), tuple(normal), tuple(states), whole), values, fault)


def result(text: str) -> str | None:
    """The value of `answer`, a whole number or a fraction in lowest terms."""
    found = trace(text).values.get(ANSWER)
    return None if found is None else str(found)


def _statements(text: str) -> Iterator[tuple[str, ast.expr, str]]:
    """Name, expression and text of each assignment, one after another: what comes behind a broken line is not read."""
    count = 0
    for line in (piece.strip() for piece in text.replace(";", "\n").split("\n")):
        if line:
            count += 1
            if count > STATEMENTS:
                raise _Broken(f"more than {STATEMENTS} statements")
            yield (*_parsed(line), line)


def _parsed(line: str) -> tuple[str, ast.expr]:
    """`name = expression`, and no other statement."""
    if LETTERS.fullmatch(line) is None or GLUED.search(line):
        raise _Broken(f"{line!r} holds something that is not arithmetic")
    if any(len(number) > DIGITS + 1 for number in DECIMAL.findall(line)):
        raise _Broken(f"a decimal number has more than {DIGITS} digits")
    try:
        body = ast.parse(line).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # the last two: brackets without end
        raise _Broken(f"{line!r} cannot be read: {type(error).__name__}") from None
    if len(body) == 1 and isinstance(body[0], ast.Assign) and len(body[0].targets) == 1:
        target = body[0].targets[0]
        if isinstance(target, ast.Name):
            return target.id, body[0].value
    raise _Broken(f"{line!r} is no assignment to one name")


def _value(node: ast.expr, values: Mapping[str, Fraction], depth: int = 0) -> Fraction:
    """What an expression comes to."""
    if depth > DEPTH:
        raise _Broken(f"an expression is nested more than {DEPTH} deep")
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        number = Fraction(str(node.value)) if math.isfinite(float(str(node.value))) else None
        if number is None:
            raise _Broken("a number is too large")
        return _bounded(number)
    if isinstance(node, ast.Name):
        if node.id not in values:
            raise _Broken(f"{node.id!r} has no value yet")
        return values[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        inner = _value(node.operand, values, depth + 1)
        return -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BinOp) and (type(node.op) in WORK or isinstance(node.op, ast.Pow)):
        left, right = _value(node.left, values, depth + 1), _value(node.right, values, depth + 1)
        try:
            if isinstance(node.op, ast.Pow):
                return _power(left, right)
            return _bounded(Fraction(WORK[type(node.op)](left, right)))
        except ZeroDivisionError:
            raise _Broken("something is divided by 0") from None
    raise _Broken(f"{type(node).__name__} is not arithmetic")


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    """A power, base ** exponent, refused before it is worked out when it would be too long."""
    if exponent.denominator != 1 or abs(exponent) > EXPONENT or _bits(base) * abs(exponent) > 2 * BITS:
        raise _Broken(f"an exponent is no whole number up to {EXPONENT}, or the power too large")
    return _bounded(Fraction(base**exponent))


def _bounded(number: Fraction) -> Fraction:
    if _bits(number) > BITS:
        raise _Broken(f"a number has more than {BITS} bits")
    return number


def _bits(number: Fraction) -> int:
    return number.numerator.bit_length() + number.denominator.bit_length()


def _spelt(node: ast.expr, names: Mapping[str, str]) -> str:
    """The expression in one spelling, variables under their new names."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            inner.id = names[inner.id]
    return ast.unparse(node)
