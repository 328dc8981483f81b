"""The stack without API and dashboard, on a past of a few hundred payments: quick to start."""

from deploy.embedded.history import HistorySize
from deploy.embedded.stack import StackOptions

PIPELINE = StackOptions(size=HistorySize(payments=300, riders=60), targets=("features",))
