"""Makes a candidate of what is known by now, and tries it against the champion."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xgboost

from scoring.dataset import Dataset, Split
from scoring.finish import ModelReport, finish
from scoring.learning.contender import Contender
from scoring.learning.gate import GateVerdict, Trial, judge
from scoring.learning.past import Past
from scoring.learning.recent import read_recent
from scoring.learning.slices import Slices, divide
from scoring.learning.stress import stress_of
from scoring.learning.voices import capped
from scoring.learning.workshop import Workshop
from scoring.registry import RegisteredModel
from scoring.registry.model import Kind
from scoring.suitability import refuse_unfit
from scoring.train import fit, refit, window

RECENT_TREES = 50
log = logging.getLogger("faregate.learning")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """`base_version` is the offline model under a recent one; `set_aside` counts payments by plain reason."""

    folder: Path
    version: str
    kind: Kind
    base_version: str | None
    gate: GateVerdict
    set_aside: dict[str, int]


def make(workshop: Workshop, kind: Kind, champion: RegisteredModel) -> Candidate:
    """Raises TrainingSetRefused when the labels cannot teach, ModelRefused when a model was changed."""
    recent = read_recent(workshop)
    slices = divide(recent.rows, workshop.matured_before_ms)
    past = Past.read(workshop.settings.training_set)
    refuse_unfit("What is known of the recent payments", slices.teaching, before=past.split.train)
    base_version = (champion.base_version or champion.version) if kind == "recent" else None
    if base_version:
        base = _contender(workshop, base_version)
        taught = capped(Dataset.concat(past.reminder(workshop.now_ms), slices.teaching))
        booster = refit(base.booster, taught, trees=RECENT_TREES)
    else:
        taught = capped(Dataset.concat(past.split.train, slices.teaching))
        booster = fit(Split(train=taught, validation=_chosen_by(past, slices), test=slices.judging))
    report = _finish(workshop, booster, taught, past, slices)
    challenger = Contender(booster=booster, signature=report.signature)
    return Candidate(
        folder=report.folder,
        version=report.version,
        kind=kind,
        base_version=base_version,
        gate=judge(trial(_contender(workshop, champion.version), challenger, slices.judging, past.later)),
        set_aside=recent.set_aside,
    )


def trial(champion: Contender, challenger: Contender, judging: Dataset, later_past: Dataset) -> Trial:
    """Both models on recent rows, and on attacks of the past; neither learned from any of them."""
    return Trial(
        rows=judging,
        champion=champion.answers(judging.vectors),
        challenger=challenger.answers(judging.vectors),
        stress=stress_of(
            later_past, champion.answers(later_past.vectors), challenger.answers(later_past.vectors)
        ),
    )


def _contender(workshop: Workshop, version: str) -> Contender:
    return Contender.load(workshop.registry.folder_of(version, workshop.scratch), workshop.settings.key)


def _chosen_by(past: Past, slices: Slices) -> Dataset:
    """Recent payments say how likely fraud is now; those of the past steady it, and weigh no more."""
    older, recent = past.split.validation, slices.calibrating
    share = min(1.0, float(recent.weights.sum()) / float(older.weights.sum()))
    return Dataset.concat(replace(older, weights=older.weights * np.float32(share)), recent)


def _finish(
    workshop: Workshop, booster: xgboost.Booster, taught: Dataset, past: Past, slices: Slices
) -> ModelReport:
    calibrating = _chosen_by(past, slices)
    return finish(
        booster,
        calibrate_on=calibrating,
        measure_on=slices.judging,
        verify_on=taught.vectors,
        out=workshop.scratch / "candidate",
        key=workshop.settings.key,
        metrics={},
        data=window(Split(train=taught, validation=calibrating, test=slices.judging)),
        on_progress=log.info,
    )
