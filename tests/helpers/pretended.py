"""A small set of claims, and folders as its runs would leave them."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from deblur_lightning.ledger.claims import Budget, Claim, ClaimSet, DataSet, Training
from deblur_lightning.ledger.looks import plan
from deblur_lightning.ledger.rows import Row, build_rows
from deblur_lightning.ledger.runs import NOTE, Run, list_runs
from deblur_lightning.records import ScoreRecord, add_scores

SHORTER = ("--trainer.max_epochs=1",)
BUDGETS = {"quick": Budget(seeds=2, seconds=10, settings=SHORTER), "full": Budget(seeds=2, seconds=100)}
SEQUENTIAL = {"quick": Budget(seeds=2, seconds=10), "day": Budget(seeds=2, seconds=10, most=8)}
SEQUENTIAL["full"] = SEQUENTIAL["day"]
TRAININGS = {
    "layer": Training("layer", "deconv_box", BUDGETS),
    "other": Training("other", "conv_sir", BUDGETS),
    "more": Training("more", "deconv_box", SEQUENTIAL),
    "digits": Training("digits", "mnist_mlp", BUDGETS, data="mnist"),
}
DATA = {"mnist": DataSet("MNIST", "MNIST/raw", ("--config=experiments/data/mnist.yaml", "--data.source.root={data}"))}


def claim(**settings: object) -> Claim:
    usual: dict[str, object] = {"id": "one", "report": "A", "claim": "It gains.", "claimed": "+1 dB", "why": "Because."}
    usual |= {"metric": "psnr_gain", "runs": ("layer",), "at_least": 1.0}
    return Claim(**(usual | settings))  # type: ignore[arg-type]


def claim_set(*claims: Claim) -> ClaimSet:
    return ClaimSet(DATA, TRAININGS, claims)


def plan_runs(given: ClaimSet, root: Path, budget: str = "quick", data: Path | None = None) -> list[Run]:
    """What all claims need."""
    return plan(given.claims, budget, given, list_runs(given, root), data)


def rows_of(given: ClaimSet, root: Path) -> list[Row]:
    """The ledger of the runs below ``root``, as a command begun now would read them."""
    return build_rows(given, list_runs(given, root))


def pretend(run: Run, gains: Sequence[float], inputs: str = "i") -> None:
    """Leave behind what a finished run would, on images blurred to 20 dB."""
    common = dict.fromkeys(ScoreRecord.__dataclass_fields__, "x") | {"run": run.folder.name}
    for metric, base in {"psnr": 20.0, "psnr_gain": 0.0, "psnr_blurred": 20.0, "correct": 0.0}.items():
        for place, gain in enumerate(gains):
            value = base if metric == "psnr_blurred" else base + gain
            record = ScoreRecord(**common | {"value": value, "metric": metric})  # type: ignore[arg-type]
            record = dataclasses.replace(record, image=f"{place}.png", inputs=f"{inputs}{place}")
            run.folder.mkdir(parents=True, exist_ok=True)
            add_scores(run.folder / "scores.csv", [record])
    note = {"arguments": list(run.arguments), "parameters": 12, "seconds": 3.2, "commit": "abc", "machine": "one core"}
    (run.folder / NOTE).write_text(json.dumps(note))
