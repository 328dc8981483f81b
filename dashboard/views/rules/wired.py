"""The rules pages with their sources."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from app.ports import Facts
from app.rules.back_test_store import KeptBackTest
from app.rules.backtest import Period
from app.rules.going_live import RuleDesk
from app.rules.standing import Standings
from dashboard import resources, shell
from dashboard.sign_in import signed_in
from dashboard.views.rules import expression_box
from dashboard.views.rules import page as pages
from dashboard.views.rules.reader import RulesReader
from dashboard.views.rules.source import Progress, Source
from domain.rules import Rule


def page() -> None:
    shell.put_css(__package__)
    reader, person = RulesReader(resources.read_pool()), signed_in()

    def do(deed: Callable[[RuleDesk], Any]) -> Any:
        with resources.desk().writing(person.person_id) as (connection, writer):
            return deed(RuleDesk(connection, writer))

    def back_test(rule: Rule, period: Period, on_progress: Progress) -> KeptBackTest:
        found = reader.back_test(rule, period, on_progress)
        kept: KeptBackTest = do(lambda desk: desk.keep_back_test(rule, period, found))
        return kept

    source = Source(
        rules=reader.rules,
        standings=_standings,
        rule=reader.rule,
        back_tests=reader.back_tests,
        recent=_recent,
        back_test=back_test,
        do=do,
        write=expression_box.show,
    )
    pages.show(source, person)


@st.cache_data(ttl=60.0, max_entries=4, show_spinner=False)
def _standings(days: int) -> Standings:
    return RulesReader(resources.read_pool()).standings(days)


@st.cache_resource(ttl=30.0, max_entries=1, show_spinner=False)
def _recent() -> Sequence[Facts]:
    """Nobody writes to these; as a resource they are not copied for each look."""
    return RulesReader(resources.read_pool()).recent()
