"""Pages are run without a browser; what a run costs beside the page itself is left out."""

import pytest


@pytest.fixture(autouse=True)
def no_scan_for_components(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run would look through all installed packages for components that nobody here uses."""
    scanner = "streamlit.components.v2.manifest_scanner.scan_component_manifests"
    monkeypatch.setattr(scanner, lambda *_, **__: [])
