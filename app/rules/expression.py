"""An analyst's expression, read strictly and made ready to be evaluated: nothing but CEL is ever run.

A comparison with a missing value (NaN) is neither true nor false: the library refuses it, and so `&&` and
`||` decide by their other side where that is enough. What is left undecided does not hold; that is no fault.
"""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from time import perf_counter
from typing import Any

import cel

from app.rules.errors import RuleRefused
from app.rules.tokens import (
    COMPREHENSIONS,
    Token,
    bound,
    called,
    members,
    most_steps,
    names,
    nesting,
    operands,
    place,
    tokens_of,
)
from app.rules.variables import FEATURES, FIELDS, PROBABILITY, SAMPLES, VARIABLES, Value, known, missing

MAX_LENGTH = 2_000
MAX_NESTING = 2
MAX_STEPS = 10_000
MAX_TIME_US = 200.0
# Left out on purpose: whatever asks a clock; `matches`, which would compile its pattern for each payment;
# `map`, which can double what it is given again and again; and maps, whose order is not told.
FUNCTIONS = frozenset(
    {"size", "contains", "startsWith", "endsWith", "int", "double", "string", "known", *COMPREHENSIONS}
)
_OPERATOR = re.compile(r"\W|_\[|_[^a-z]")
_SYNTAX_AT = re.compile(r"<input>:(\d+):(\d+): (?:Syntax error: )?(.*)")
_SURE_FAULTS = (TypeError, RuntimeError)  # of one operand alone; a division by zero may be guarded by another
_HINT = (
    "write 2.0 and not 2 beside a feature, double(amount_minor) beside one, and compare with < <= == != >= >"
)


@dataclass(frozen=True, kw_only=True)
class Expression:
    """`features` and `fields` are the names of what it reads."""

    text: str
    execute: Callable[[cel.Context], Any]
    features: frozenset[str]
    fields: frozenset[str]
    needs_probability: bool
    asks_known: bool


def compile_expression(text: str) -> Expression:
    """Raises RuleRefused that says what is wrong, where, and what to do."""
    if not text.strip():
        raise RuleRefused("the expression is empty: write what must be true, such as card_failures_1h >= 5")
    if len(text) > MAX_LENGTH:
        raise RuleRefused(f"it has {len(text)} characters, {MAX_LENGTH} are allowed: make it two rules")
    tokens = tokens_of(text)
    program = _parsed(text)
    _refuse_foreign_words(text, tokens)
    _refuse_other_meaning(program, tokens)
    _refuse_long_work(tokens)
    used = frozenset(token.text for token in names(tokens))
    if not used & VARIABLES:
        raise RuleRefused("it looks at nothing of the payment: name a variable, such as card_failures_1h")
    expression = Expression(
        text=text,
        execute=program.execute,
        features=used & FEATURES,
        fields=used & FIELDS.keys(),
        needs_probability=PROBABILITY in used,
        asks_known="known" in program.functions(),
    )
    _refuse_faulty_operands(text, tokens)
    _require_truth_value(expression)
    return expression


def require_fast(expression: Expression) -> None:
    """Raises RuleRefused if a sample takes longer than a payment may wait for one rule."""
    for values in SAMPLES:
        took_us = min(_timed_us(expression, values) for _ in range(5))
        if took_us > MAX_TIME_US:
            raise RuleRefused(
                f"it takes {took_us:.0f} us, {MAX_TIME_US:.0f} are allowed: shorten its lists, "
                "or make it two rules"
            )


def context_of(values: dict[str, Value], *, asks_known: bool) -> cel.Context:
    """Values are looked up when they are met: most rules end at their first comparison."""
    context = cel.Context()
    context.set_variable_resolver(values.get)
    if asks_known:
        context.add_function("known", known)
    return context


def _parsed(text: str) -> cel.Program:
    try:
        return cel.compile(text)
    except ValueError as error:
        found = _SYNTAX_AT.search(str(error))
        if not found:
            raise RuleRefused(f"it cannot be read: {_first_line(error)}") from error
        line, column, what = found.groups()
        where = f"line {line}, column {column}" if "\n" in text.strip() else f"column {column}"
        fault = what.partition(" expecting ")[0].replace("'<EOF>'", "the end")[:200]
        raise RuleRefused(f"{where}: {fault}; docs/rules.md shows how rules are written") from error


def _refuse_foreign_words(text: str, tokens: list[Token]) -> None:
    for token in members(tokens):
        raise RuleRefused(
            f"{place(text, token.at)}: {token.text} is no field, none has any; known(x) asks for a value"
        )
    for token in called(tokens):
        if token.text not in FUNCTIONS:
            raise RuleRefused(
                f"{place(text, token.at)}: there is no function {token.text}; there are: {_told(FUNCTIONS)}"
            )
    own = {token.text for token in bound(tokens)}
    for token in names(tokens):
        if token.text in VARIABLES and token.text in own:
            raise RuleRefused(
                f"{place(text, token.at)}: {token.text} is a variable; give the list's member another name"
            )
        if token.text not in VARIABLES | own:
            raise RuleRefused(f"{place(text, token.at)}: {_unknown(token.text)}")


def _unknown(name: str) -> str:
    near = get_close_matches(name, sorted(VARIABLES), n=1, cutoff=0.5)
    advice = f"did you mean {near[0]}?" if near else "docs/rules.md lists them"
    return f"there is no variable {name}; {advice}"


def _refuse_other_meaning(program: cel.Program, tokens: list[Token]) -> None:
    """The library must have read the same words as we did."""
    functions = {name for name in program.functions() if not _OPERATOR.search(name)}
    if set(program.variables()) - {token.text for token in names(tokens)} or functions - FUNCTIONS:
        raise RuleRefused("it can be read in two ways: write it with plain names, numbers and 'texts' only")


def _refuse_long_work(tokens: list[Token]) -> None:
    if nesting(tokens) > MAX_NESTING:
        raise RuleRefused(
            f"{nesting(tokens)} comprehensions stand within one another, {MAX_NESTING} may: make it two rules"
        )
    if most_steps(tokens) > MAX_STEPS:
        raise RuleRefused(
            f"it may take {most_steps(tokens):,} steps, {MAX_STEPS:,} are allowed: shorten its lists, "
            "or make it two rules"
        )


def _require_truth_value(expression: Expression) -> None:
    for values in SAMPLES:
        try:
            result = expression.execute(context_of(values, asks_known=expression.asks_known))
        except Exception as error:
            if missing(values, expression.features):
                continue
            raise RuleRefused(f"it fails on {_shown(values, expression)}: {_fault(error)}") from error
        if not isinstance(result, bool):
            raise RuleRefused(
                f"it gives {_first_line(result)!r} on {_shown(values, expression)}, not true or false: "
                "compare it with something"
            )


def _refuse_faulty_operands(text: str, tokens: list[Token]) -> None:
    """Each side of && and || by itself, so that none hides a fault of the other."""
    for operand in operands(tokens):
        part = text[operand[0].at : operand[-1].at + len(operand[-1].text)]
        program = _parsed(part)
        for values in SAMPLES[:-1]:
            try:
                result = program.execute(context_of(values, asks_known=True))
            except _SURE_FAULTS as error:
                raise RuleRefused(f"{place(text, operand[0].at)}: {part} fails: {_fault(error)}") from error
            except (ArithmeticError, ValueError, LookupError):
                continue
            if not isinstance(result, bool):
                raise RuleRefused(
                    f"{place(text, operand[0].at)}: {part} is neither true nor false: compare it"
                )


def _fault(error: Exception) -> str:
    if isinstance(error, ZeroDivisionError):
        return "a division by zero; ask for that first, as in distance_m > 0 && …"
    if isinstance(error, TypeError):
        return f"{_first_line(error).split('. ')[0]}; {_HINT}"
    return _first_line(error)


def _first_line(told: object) -> str:
    return str(told).partition("\n")[0][:200]


def _shown(values: dict[str, Value], expression: Expression) -> str:
    used = sorted(expression.features | expression.fields)[:4]
    return ", ".join(f"{name} = {values[name]}" for name in used) or "every payment"


def _told(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))


def _timed_us(expression: Expression, values: dict[str, Value]) -> float:
    context = context_of(values, asks_known=expression.asks_known)
    began = perf_counter()
    with suppress(Exception):  # compile_expression told of faults
        expression.execute(context)
    return (perf_counter() - began) * 1e6
