"""Links from page to page; those with data-decision are followed without loading the console anew."""

from html import escape
from urllib.parse import urlencode


def to_case(decision_id: str, text: str) -> str:
    return _link("/case?" + urlencode({"decision": decision_id}), decision_id, text)


def to_ring(ring_id: str, text: str) -> str:
    return _link("/rings?" + urlencode({"ring": ring_id}), ring_id, text)


def _link(address: str, identity: str, text: str) -> str:
    return (
        f"<a href='{escape(address, quote=True)}' target='_self' "
        f"data-decision='{escape(identity, quote=True)}'>{escape(text)}</a>"
    )
