"""An expression as its words and signs, so that faults can be named by their place before anything is run."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from app.rules.errors import RuleRefused

COMPREHENSIONS = frozenset({"all", "exists", "exists_one", "filter"})
_CONSTANTS = frozenset({"true", "false", "null", "in"})
_OPENING, _CLOSING = frozenset("(["), frozenset(")]")
_TRIPLE_QUOTE = re.compile(r"'''|\"\"\"")
# Neither escapes nor raw, triple-quoted or byte strings: ids need none, and they could hide a name from us.
_TOKEN = re.compile(
    r"(?P<blank>\s+|//[^\n]*)"
    r"|(?P<text>'[^'\\\n]*'|\"[^\"\\\n]*\")"
    r"|(?P<number>0[xX][0-9a-fA-F]+|(?:\d+\.\d+|\.\d+|\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>&&|\|\||[=!<>]=|[()\[\],.?:!+\-*/%<>])"
)


class Token(NamedTuple):
    kind: Literal["text", "number", "name", "sign"]
    text: str
    at: int  # place in the expression, from 0


def tokens_of(expression: str) -> list[Token]:
    """Raises RuleRefused at the first character that no rule needs."""
    if triple := _TRIPLE_QUOTE.search(expression):
        raise RuleRefused(f"{place(expression, triple.start())}: write texts in single quotes, 'like this'")
    return list(_tokens(expression))


def _tokens(expression: str) -> Iterator[Token]:
    at, before = 0, ""
    while at < len(expression):
        found = _TOKEN.match(expression, at)
        if not found or (found.lastgroup == "text" and before == "name"):
            raise RuleRefused(
                f"{place(expression, at)}: {expression[at]!r} does not belong here; rules are made of names, "
                "numbers, 'texts', ( ) [ ] and the operators ! && || == != < <= > >= + - * / % in ? :"
            )
        before = found.lastgroup or ""
        if before != "blank":
            yield Token(before, found.group(), at)  # type: ignore[arg-type] # the groups are the kinds
        at = found.end()


def place(expression: str, at: int) -> str:
    """Where a character stands, for people."""
    line = expression.count("\n", 0, at)
    column = at - expression.rfind("\n", 0, at)
    return f"line {line + 1}, column {column}" if "\n" in expression.strip() else f"column {column}"


def called(tokens: Sequence[Token]) -> list[Token]:
    """The names of functions and comprehensions, where each is called."""
    following = [*tokens[1:], None]
    return [
        token
        for token, after in zip(tokens, following, strict=True)
        if token.kind == "name" and after and after.text == "(" and token.text not in _CONSTANTS
    ]


def members(tokens: Sequence[Token]) -> list[Token]:
    """Names after a dot that are no call: fields of something."""
    calls = set(called(tokens))
    return [name for dot, name in pairwise(tokens) if dot.text == "." and name not in calls]


def bound(tokens: Sequence[Token]) -> list[Token]:
    """The names that comprehensions give to the members of a list."""
    calls = [token for token in called(tokens) if token.text in COMPREHENSIONS]
    following = {token.at: tokens[index + 2 : index + 3] for index, token in enumerate(tokens)}
    return [name for call in calls for name in following[call.at] if name.kind == "name"]


def names(tokens: Sequence[Token]) -> list[Token]:
    """The names of variables, where each stands; those bound by comprehensions too."""
    others = {*called(tokens), *members(tokens)}
    return [
        token
        for token in tokens
        if token.kind == "name" and token not in others and token.text not in _CONSTANTS
    ]


def nesting(tokens: Sequence[Token]) -> int:
    """How many comprehensions stand within one another."""
    comprehensions = {token.at for token in called(tokens) if token.text in COMPREHENSIONS}
    within: list[bool] = []
    deepest, before = 0, -1
    for token in tokens:
        if token.text in _OPENING:
            within.append(before in comprehensions)
            deepest = max(deepest, sum(within))
        elif token.text in _CLOSING and within:
            within.pop()
        before = token.at
    return deepest


def most_steps(tokens: Sequence[Token]) -> int:
    """No evaluation takes more: lists are written out, so that one is no longer than its commas allow."""
    pieces = 1 + sum(token.text in (",", "+") for token in tokens)
    return len(tokens) * int(pieces ** nesting(tokens))


def operands(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    """What && and || stand between, at any depth of brackets and negations."""
    tokens = _bare(tokens)
    parts = _split(tokens)
    return [tokens] if len(parts) == 1 else [operand for part in parts for operand in operands(part)]


def _bare(tokens: Sequence[Token]) -> Sequence[Token]:
    while tokens:
        if tokens[0].text == "!":
            inner = tokens[1:]
            if len(_split(tokens)) > 1:
                return tokens
        elif tokens[0].text == "(" and _closes_at(tokens) == len(tokens) - 1:
            inner = tokens[1:-1]
        else:
            return tokens
        tokens = inner
    return tokens


def _closes_at(tokens: Sequence[Token]) -> int:
    depth = 0
    for index, token in enumerate(tokens):
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if depth == 0:
            return index
    return -1


def _split(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    parts, depth, began = [], 0, 0
    for index, token in enumerate(tokens):
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if depth == 0 and token.text == "?":
            return [tokens]  # a choice is one thing
        if depth == 0 and token.text in ("&&", "||"):
            parts.append(tokens[began:index])
            began = index + 1
    return [*parts, tokens[began:]]
