"""How a decision names its policy: the constants of this release, then the version that people set."""

from app.assessment import POLICY_VERSION
from domain.policy import Policy


def policy_name(policy: Policy | None) -> str:
    """`pol_…`, or `pol_….7` where version 7 is in force."""
    return f"{POLICY_VERSION}.{policy.version}" if policy else POLICY_VERSION


def parts_of(name: str) -> tuple[str, int | None]:
    """The release's part of a name, and the version that people set; None where there was none."""
    base, _, number = name.partition(".")
    return base, int(number) if number.isdecimal() else None
