"""Links from page to page; those with data-decision are followed without loading the console anew."""

from html import escape
from urllib.parse import urlencode


def to_case(decision_id: str, text: str) -> str:
    return _link("/case?" + urlencode({"decision": decision_id}), decision_id, text)


def to_ring(ring_id: str, text: str) -> str:
    return _link("/rings?" + urlencode({"ring": ring_id}), ring_id, text)


def to_pipeline(decision_id: str, text: str) -> str:
    """A plain link: what follows the others would take it for a case."""
    address = escape(f"/pipeline?{urlencode({'decision': decision_id})}", quote=True)
    return f"<a href='{address}' target='_self'>{escape(text)}</a>"


def _link(address: str, identity: str, text: str) -> str:
    return (
        f"<a href='{escape(address, quote=True)}' target='_self' "
        f"data-decision='{escape(identity, quote=True)}'>{escape(text)}</a>"
    )
