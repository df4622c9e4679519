"""Makes the model of a training run the shipped model of the package, with its card.

python -m tools.release_weights RUN [--ckpt FILE] [--commit COMMIT] [--note KEY=WORDS ...]
                                [--out deblur_lightning/weights]

Writes nafnet_photographs.safetensors, the weights that restore, and nafnet_photographs.json, its card: the data and
ranges that it was trained on, the command, the commit, the time, the blur and noise that ``deblur restore --report``
estimates in its training images, the scores on the test photographs, the hash, and what --note says beside that. A few
minutes on one CPU core.
"""

import json
import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from jsonargparse import ArgumentParser

from benchmarks.reporting import script_parser
from benchmarks.studies.blind import scores
from benchmarks.studies.blur_families import FAMILIES, photographs
from deblur_lightning.batch import SharpBatch, to_uint8
from deblur_lightning.degradations.base import Degradation, degrade
from deblur_lightning.restoring.estimates import Estimate, estimate
from deblur_lightning.restoring.export import export_safetensors
from deblur_lightning.restoring.model import SHIPPED, load_model, sha256, weights_folder
from deblur_lightning.sources.base import Source

SIDE = 400  # pixels of a training image, at most, whose blur is estimated
LARGEST_FILE = 10_000_000


def estimate_ranges(source: Source, degradation: Degradation, visits: int) -> dict[str, list[float]]:
    """The ranges, from the 1st to the 99th percentile, of blur and noise as estimated in blurred training images.

    Args:
        source: has the sharp images.
        degradation: the degradation of the training.
        visits: number of passes over the images.
    """
    images, found = source.split("train"), []
    for visit in range(visits):
        for index in range(len(images)):
            sharp = images.pixels(index, visit)[None, :, :SIDE, :SIDE]
            batch: SharpBatch = {"sharp": sharp, "index": torch.tensor([index]), "visit": torch.tensor([visit])}
            pair = degrade(degradation, batch, seed=0, split="train", trim=0, rounding=True)
            found.append(estimate(to_uint8(pair["blurred"][0]).permute(1, 2, 0).numpy()))
    values = np.array([estimate for estimate in found if estimate is not None])
    limits = np.percentile(values, [1, 99], axis=0).T
    return {name: [round(float(v), 3) for v in limit] for name, limit in zip(Estimate._fields, limits, strict=True)}


def training_time(run: Path, checkpoint: Path) -> float:
    """Hours from the run's first file to the checkpoint."""
    return round((checkpoint.stat().st_mtime - (run / "config.yaml").stat().st_mtime) / 3600, 2)


def training_commit(run: Path) -> str:
    """The commit that the run's ``config.yaml`` names."""
    found = re.match(r"# commit (\S+)", (run / "config.yaml").read_text())
    if found is None:
        raise SystemExit(f"{run}/config.yaml names no commit: give the training's with --commit.")
    return found[1]


def card(run: Path, checkpoint: Path, weights: Path, visits: int, side: int) -> dict[str, Any]:
    """The card of the weights, without the commit."""
    config = yaml.safe_load((run / "config.yaml").read_text())
    data = config["data"]["init_args"]
    parser = ArgumentParser(exit_on_error=False)
    for name, kind in (("source", Source), ("degradation", Degradation)):
        parser.add_subclass_arguments(kind, name, required=True)
    built = parser.instantiate(parser.parse_object(deepcopy({name: data[name] for name in ("source", "degradation")})))
    estimates = estimate_ranges(built.source, built.degradation, visits)
    model = replace(load_model(checkpoint), card={"estimates": estimates})  # with a card, as it will be used
    table = scores(model, photographs("test", side), side, only_model=True, families=FAMILIES)
    return {
        "name": SHIPPED,
        "network": config["model"]["init_args"]["network"],
        "trained_on": {name: data[name] for name in ("source", "degradation", "crop_size", "batch_size")},
        "estimates": estimates,
        "command": f"deblur fit --config experiments/{SHIPPED}.yaml",
        "steps": int(torch.load(checkpoint, map_location="cpu", weights_only=True)["global_step"]),
        "hours": training_time(run, checkpoint),
        "test_psnr": {family: _mean_scores(row) for family, row in table.items()},
        "sha256": sha256(weights),
    }


def _mean_scores(row: dict[str, list[float]]) -> dict[str, float]:
    means = {name: round(float(np.mean(values)), 2) for name, values in row.items()}
    return dict(zip(("blurred", "restored"), means.values(), strict=True))


def main(arguments: Sequence[str] | None = None) -> Path:
    """Write the two files; returns the first."""
    parser = script_parser(__doc__, out=weights_folder())
    parser.add_argument("run", type=Path, help="folder of the training run")
    parser.add_argument("--ckpt", type=Path, help="its checkpoint; checkpoints/last.ckpt without it")
    parser.add_argument("--commit", help="of the training; what the run's config.yaml says without it")
    parser.add_argument("--note", action="append", default=[], help="KEY=WORDS for the card, as often as needed")
    parser.add_argument("--visits", type=int, default=10, help="how often training images are estimated")
    parser.add_argument("--side", type=int, default=512, help="pixels a side that test photographs are cut to")
    given = parser.parse_args(arguments)
    commit = given.commit or training_commit(given.run)
    checkpoint = given.ckpt or given.run / "checkpoints" / "last.ckpt"
    given.out.mkdir(parents=True, exist_ok=True)
    weights = given.out / f"{SHIPPED}.safetensors"
    export_safetensors(load_model(checkpoint), weights)
    if weights.stat().st_size > LARGEST_FILE:
        raise SystemExit(f"{weights} has {weights.stat().st_size / 1e6:.1f} MB: the package takes 10.")
    described = {**card(given.run, checkpoint, weights, given.visits, given.side), "commit": commit}
    described |= dict(note.split("=", 1) for note in given.note)
    weights.with_suffix(".json").write_text(json.dumps(described, indent=1) + "\n")
    print(json.dumps(described["test_psnr"], indent=1), f"{weights}: {weights.stat().st_size / 1e6:.1f} MB", sep="\n")
    return weights


if __name__ == "__main__":
    main()
