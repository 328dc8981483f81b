"""`python -m streamlit run dashboard/main.py`: the console, from signing in to its pages."""

from pathlib import Path

import streamlit as st

from app.desk.people import Role
from dashboard import shell, sign_in
from dashboard.shell import Place
from dashboard.views.case import wired as case
from dashboard.views.dial import wired as dial
from dashboard.views.live import wired as live
from dashboard.views.models import wired as models
from dashboard.views.overview import wired as overview
from dashboard.views.people import wired as people
from dashboard.views.pipeline import wired as pipeline
from dashboard.views.queue import wired as queue
from dashboard.views.rings import wired as rings
from dashboard.views.rules import wired as rules

st.set_page_config(page_title="Faregate", page_icon=Path(__file__).with_name("icon.svg"), layout="wide")

PLACES = [
    Place(path="queue", title="Queue", page=queue.page, default=True),
    Place(path="case", title="Case", page=case.page, hidden=True),
    Place(path="rings", title="Rings", page=rings.page),
    Place(path="rules", title="Rules", page=rules.page),
    Place(path="dial", title="Dial", page=dial.page),
    Place(path="overview", title="Overview", page=overview.page),
    Place(path="live", title="Live", page=live.page),
    Place(path="models", title="Models", page=models.page),
    Place(path="pipeline", title="Pipeline", page=pipeline.page),
    Place(path="people", title="People", page=people.page, least=Role.ADMIN),
]

shell.put_style()
person = sign_in.person()
if person:
    shell.run(PLACES, person, sign_in.menu)
else:
    shell.run_closed(PLACES, sign_in.show)
