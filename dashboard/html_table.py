"""A table as HTML; cells that are not marked as markup are escaped."""

from collections.abc import Iterable, Sequence
from html import escape


class Html(str):
    """Markup made here, whose data is escaped already."""

    __slots__ = ()


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, wraps: Sequence[int] = ()) -> str:
    """A heading that begins with # is of numbers; columns in `wraps` may take several lines."""
    kinds = [_kind(heading, number in wraps) for number, heading in enumerate(headings)]
    head = "".join(
        f"<th{kind}>{escape(heading.removeprefix('#'))}</th>"
        for kind, heading in zip(kinds, headings, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td{kind}>{_cell(cell)}</td>" for kind, cell in zip(kinds, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return f"<table class='fg-table'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _kind(heading: str, wraps: bool) -> str:
    names = [*(["fg-number"] if heading.startswith("#") else []), *(["fg-wraps"] if wraps else [])]
    return f" class='{' '.join(names)}'" if names else ""


def _cell(cell: str) -> str:
    return cell if isinstance(cell, Html) else escape(cell)
