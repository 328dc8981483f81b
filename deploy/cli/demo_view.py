"""The demo's picture in the terminal."""

from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from deploy.cli.demo_numbers import Recent, Stopped, Tally
from domain.decision import Verdict
from domain.display import count, duration_ms, percent
from domain.money import format_money

COLOURS = {
    Verdict.APPROVE: "green",
    Verdict.REVIEW: "yellow",
    Verdict.CHALLENGE: "magenta",
    Verdict.DECLINE: "red",
}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One moment of the demo."""

    seconds: float
    tally: Tally
    recent: Recent
    stopped: Stopped | None
    lags: Mapping[str, int | None]
    urls: Mapping[str, str]
    sign_in: str = ""
    currency: str = "USD"

    def render(self) -> RenderableType:
        return Group(self._numbers(), self._last(), self._addresses())

    def _numbers(self) -> Panel:
        table = Table.grid(padding=(0, 3))
        for label, value in self.lines():
            table.add_row(f"[dim]{label}[/]", value)
        return Panel(table, title=f"Faregate · {self.seconds:.0f} s", title_align="left")

    def lines(self) -> list[tuple[str, str]]:
        tally, recent = self.tally, self.recent
        verdicts = "  ".join(
            f"[{COLOURS[verdict]}]{verdict.value} {count(tally.verdicts[verdict])}[/]" for verdict in Verdict
        )
        age = "unknown" if recent.age_ms is None else duration_ms(recent.age_ms)
        lags = ", ".join(f"{group} {'?' if lag is None else count(lag)}" for group, lag in self.lags.items())
        return [
            ("decisions", f"{count(tally.payments)} in all, {recent.per_second:.1f} a second"),
            ("verdicts", verdicts),
            ("fraud caught", f"[green]{count(tally.caught)}, {self._money(tally.caught_minor)}[/]"),
            ("fraud missed", f"[red]{count(tally.missed)}, {self._money(tally.missed_minor)}[/]"),
            ("false declines", count(tally.false_declines)),
            ("decision time", f"p50 {recent.p50_ms:.1f} ms, p99 {recent.p99_ms:.1f} ms"),
            ("feature age", f"p99 {age}, full model on fresh features {percent(recent.r0_share)}"),
            ("messages behind", lags),
        ]

    def _money(self, amount_minor: int) -> str:
        return format_money(amount_minor, self.currency)

    def _last(self) -> Panel:
        if self.stopped is None:
            return Panel("[dim]none yet[/]", title="Last blocked fraud", title_align="left")
        return Panel(
            "\n".join(self.stopped_lines(self.stopped)), title="Last blocked fraud", title_align="left"
        )

    def stopped_lines(self, stopped: Stopped) -> list[str]:
        pattern = self.tally.fraud_of[stopped.transaction_id].replace("_", " ")
        money = format_money(stopped.amount_minor, stopped.currency)
        head = (
            f"[red]{stopped.verdict}[/] {money}, score {stopped.score}, {stopped.card_id}, truly a {pattern}"
        )
        return [head, *(f"  because {escape(reason)}" for reason in stopped.reasons)]

    def _addresses(self) -> Table:
        table = Table.grid(padding=(0, 3))
        table.add_row("[dim]console[/]", self.urls["dashboard"])
        table.add_row("", escape(self.sign_in))
        for name in ("api", "docs", "flink"):
            table.add_row(f"[dim]{name}[/]", self.urls[name])
        return table
