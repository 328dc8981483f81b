"""The rules page: which rules there are, what each is worth, and how one comes to act."""

import streamlit as st

from app.desk.people import Person
from dashboard import markup
from dashboard.health import Level
from dashboard.reading import ReadingsUnavailable
from dashboard.views.rules import addresses, editor, list_page, rule_page, said
from dashboard.views.rules.source import RuleView, Source


def show(source: Source, person: Person) -> None:
    """By address: `?rule=` is one rule, with `&edit=1` its editor, `?new=1` a new one, else the list."""
    addresses.follow()
    said.show()
    query = st.query_params
    try:
        if query.get("new"):
            copied = query.get("from")
            _edit(source, person, None, source.rule(copied) if copied else None)
        elif rule_id := query.get("rule"):
            _rule(source, person, rule_id)
        else:
            list_page.show(source)
    except ReadingsUnavailable as unavailable:
        st.html(markup.notice(str(unavailable), level=Level.BAD))


def _rule(source: Source, person: Person, rule_id: str) -> None:
    view = source.rule(rule_id)
    if view is None:
        st.html(
            markup.notice(f"There is no rule {rule_id[:60]}. Check the link, or choose one from the list.")
        )
        st.html(addresses.link("All rules"))
    elif st.query_params.get("edit"):
        _edit(source, person, view, None)
    else:
        rule_page.show(source, person, view)


def _edit(source: Source, person: Person, view: RuleView | None, copied: RuleView | None) -> None:
    """Alone, so that a pause in typing does not read everything else anew."""
    st.fragment(editor.show)(source, person, view, copied)
