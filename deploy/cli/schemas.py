"""`faregate schemas`: docs/events from the code, and the promises of events kept."""

from pathlib import Path

from deploy.schemas import publication

ROOT = Path(__file__).resolve().parents[2]


def schemas(*, check: bool) -> None:
    print(publication.check(ROOT) if check else publication.write(ROOT))
