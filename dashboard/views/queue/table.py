"""The whole page of the queue as one piece of HTML."""

from collections.abc import Iterable
from datetime import datetime
from html import escape

from dashboard.views.queue import cells
from dashboard.views.queue.cells import Viewer
from dashboard.views.queue.rows import AlertRow, Page

HEADS = (
    ("fg-mark", ""),
    ("fg-age", "Age"),
    ("fg-what", "Verdict"),
    ("fg-number", "Amount"),
    ("fg-number", "At risk"),
    ("fg-number", "A minute"),
    ("fg-id", "Rider"),
    ("fg-why", "Suspected, and why"),
    ("fg-zone", "Zone"),
    ("fg-by", "Rules, model"),
    ("fg-state", "Who works on it"),
)


def html(rows: Iterable[AlertRow], now: datetime, viewer: Viewer) -> str:
    heads = "".join(f"<th class='{look}'>{escape(name)}</th>" for look, name in HEADS)
    body = "".join(cells.html(row, now, viewer) for row in rows)
    return f"<table class='fg-table fg-queue'><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def extent(page: Page, counted: int) -> str:
    """ "26-50 of 312 open": which part of the queue the page is."""
    if page.ahead > counted:
        where = f"{len(page.rows)} after the first {counted:,}"
    else:
        where = f"{page.ahead + 1}-{page.ahead + len(page.rows)}"
    total = f"more than {counted:,}" if page.total > counted else f"{page.total:,}"
    return f"{where} of {total} open, most money at risk a minute of review first"
