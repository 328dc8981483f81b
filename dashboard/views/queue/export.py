"""The filtered queue as a file, read only when somebody asks for it."""

import streamlit as st

from app.desk.errors import DeskRefused, DeskUnavailable
from app.desk.people import Person
from dashboard.reading import ReadingsUnavailable
from dashboard.views.queue.filters import Filters
from dashboard.views.queue.source import Source
from dashboard.views.queue.work import Work

HELP = "The alerts that match, 10,000 at most. Ids of riders, cards and devices are whole for leads only."


def button(source: Source, person: Person, filters: Filters, work: Work) -> None:
    def made() -> str:
        """Runs outside the page, which tells soon after why there is no file."""
        try:
            return source.export(filters, person.person_id)
        except (DeskRefused, DeskUnavailable, ReadingsUnavailable) as refused:
            work.trouble.append(str(refused))
            raise

    st.download_button(
        "CSV",
        data=made,
        file_name="queue.csv",
        mime="text/csv",
        key="queue_export",
        on_click="ignore",
        help=HELP,
        type="tertiary",
    )
