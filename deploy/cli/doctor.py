"""`faregate doctor`: what is missing or wrong here, and how to mend it."""

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape

from deploy.embedded import diagnosis
from deploy.embedded.home import Home

SIGNS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "wrong": "[red]✗[/]"}


def examine(home: Home, env: Mapping[str, str]) -> int:
    """Exit code 1 when something is wrong; warnings alone are 0."""
    console = Console(soft_wrap=True)
    wrong = 0
    for finding in diagnosis.examine(home, env):
        console.print(
            f"{SIGNS[finding.severity]} {finding.what:<18} {escape(finding.detail)}", highlight=False
        )
        if finding.severity != "ok":
            console.print(f"  mend it: [bold]{escape(finding.mend)}[/]", highlight=False)
        wrong += finding.severity == "wrong"
    return 1 if wrong else 0
