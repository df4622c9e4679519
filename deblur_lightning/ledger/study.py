"""Reads a study, a YAML file of methods, sets and seeds, and lists the runs that it needs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deblur_lightning.errors import UserError
from deblur_lightning.ledger.claims import METRICS, NOTED, Budget, Training
from deblur_lightning.ledger.entries import build_entry
from deblur_lightning.ledger.runs import Run, Runs

PERCEPTUAL = ("lpips_alex", "lpips_vgg", "dists")
"""Figures that tests have by the callback ``FurtherMetrics``."""

STUDY = "study"
"""Name that the runs of a study have in place of a budget's."""
_FOLDER_NAME = re.compile(r"\w[\w.-]*", re.ASCII)


@dataclass(frozen=True)
class Method:
    """What is compared.

    Attributes:
        experiment: name of an experiment of the package, or path of a YAML file.
        settings: further arguments of ``deblur fit``.
        words: its name in tables; by default the one in the study.
    """

    experiment: str
    settings: tuple[str, ...] = ()
    words: str = ""


@dataclass(frozen=True)
class StudySet:
    """What all methods are trained and tested on.

    Attributes:
        settings: arguments of ``deblur fit`` that put the set in place of an experiment's own; ``{data}`` stands for
            the folder of all sets.
        needs: path below that folder that must exist.
        words: its name in tables; by default the one in the study.
    """

    settings: tuple[str, ...] = ()
    needs: str = ""
    words: str = ""


@dataclass(frozen=True)
class Study:
    """The content of the file.

    Attributes:
        methods: by name.
        sets: by name.
        seeds: number of trainings of each method on each set.
        metrics: what is compared.
        settings: arguments of all trainings.
        against: name of the method that all others are compared with; empty to compare each with each.
    """

    methods: Mapping[str, Method]
    sets: Mapping[str, StudySet]
    seeds: int = 1
    metrics: tuple[str, ...] = ("psnr_gain",)
    settings: tuple[str, ...] = ()
    against: str = ""


def read_study(path: Path) -> Study:
    """Read and check a study.

    Raises:
        UserError: the file is missing or no YAML, or a field in it is missing, unknown or out of range.
    """
    if not path.is_file():
        raise UserError(f"no file {path}: give a study, such as experiments/studies/filters.yaml.")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{path} is no YAML ({str(error).splitlines()[0]}).") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} is no mapping: give it methods, sets and seeds.")
    parts = {"methods": Method, "sets": StudySet}
    content |= {part: _entries(content.get(part), kind, f"{path}, {part}") for part, kind in parts.items()}
    study = build_entry(Study, content, str(path))
    if fault := _find_fault(study):
        raise UserError(f"{path}: {fault}.")
    return study


def _entries(given: Any, kind: type[Any], where: str) -> dict[str, Any]:
    if not isinstance(given, dict) or not given:
        raise UserError(f"{where}: there are none: name at least one.")
    return {str(name): build_entry(kind, entry or {}, f"{where}, {name}") for name, entry in given.items()}


def _find_fault(study: Study) -> str:
    known = [*(name for name in METRICS if name not in NOTED), *PERCEPTUAL]
    unknown = [metric for metric in study.metrics if metric not in known]
    names = [*study.methods, *study.sets]
    if unknown or not study.metrics:
        return f"no metric {unknown[0] if unknown else ''!r}: choose from {', '.join(known)}"
    if not isinstance(study.seeds, int) or study.seeds < 1:
        return f"seeds: {study.seeds}: give 1 or more"
    if study.against and study.against not in study.methods:
        return f"against: {study.against}: choose from {', '.join(study.methods)}"
    if wrong := [name for name in names if not _FOLDER_NAME.fullmatch(name)]:
        return f"{wrong[0]!r} names a folder: take letters, digits, '-', '_' and '.', and put the rest in words"
    return ""


def list_study_runs(study: Study, root: Path) -> Runs:
    """All runs of ``study``, below ``root``: by method, ``STUDY`` and set a run for each seed."""
    return {
        (method, STUDY, name): [_run(study, method, name, seed, root) for seed in range(study.seeds)]
        for name in study.sets
        for method in study.methods
    }


def _run(study: Study, method: str, set_name: str, seed: int, root: Path) -> Run:
    chosen = study.methods[method]
    is_path = chosen.experiment.endswith((".yaml", ".yml"))
    config = chosen.experiment if is_path else f"experiments/{chosen.experiment}.yaml"
    settings = (*study.settings, *study.sets[set_name].settings, *chosen.settings)
    return Run(
        training=Training(method, chosen.experiment, {STUDY: Budget(seeds=study.seeds, seconds=1)}),
        budget=STUDY,
        data=set_name,
        seed=seed,
        folder=root / method / f"{set_name}-{seed}",
        arguments=(f"--config={config}", *settings, f"--seed_everything={seed}", f"--data.seed={seed}"),
    )


def check_sets(study: Study, data: Path | None) -> None:
    """Check that the sets are there.

    Raises:
        UserError: a set needs something below the folder of all sets that is not there.
    """
    for name, needed in study.sets.items():
        places = (*needed.settings, *study.settings)
        if data is None and (needed.needs or any("{data}" in setting for setting in places)):
            raise UserError(f"the set {name} lies in a folder: give it with --data=FOLDER.")
        if data is not None and needed.needs and not (data / needed.needs).exists():
            raise UserError(f"the set {name} needs {data / needed.needs}: lay it there, or leave the set out.")
