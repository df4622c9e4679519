"""Summarises each tested run for the report's page: method, scores, loss curve and pictures."""

import base64
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from deblur_lightning.errors import UserError
from deblur_lightning.files.images import open_image
from deblur_lightning.intervals import half_width
from deblur_lightning.ledger.claims import BUDGETS
from deblur_lightning.ledger.run_files import RunResult, branch, read_losses, read_note, read_result, read_settings
from deblur_lightning.ledger.runs import NOTE, Run

CAPTION, GAP = 18, 4
"""Layout of ``pictures/test.png`` in pixels: height above each row, and gap between its three squares."""
MOST_POINTS, MOST_PICTURES = 120, 2
STRENGTHS = ("sigma", "length", "angle", "width", "radius", "extent", "read")
"""Settings that describe how strong a blur or noise is."""
MOST_PARTS, MOST_DEPTH = 16, 3
"""Limits of a mixture or chain: number of its parts, and depth of nesting."""
MEANS = ("blurred", "psnr", "gain", "ssim", "accuracy", "seconds")
INDIFFERENT = ("callbacks", "default_root_dir", "enable_progress_bar", "log_every_n_steps", "logger", "profiler")
"""Settings of the trainer that have no part in a run's result."""
Point = tuple[int, float]


@dataclass(frozen=True)
class LeftOut:
    """A run that cannot be read, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class RunSummary:
    """One tested run. Images are data URLs; unknown figures are None.

    Attributes:
        name: path of its folder below the folder of all runs.
        method: class of the network, or of the method.
        blur: class and ranges of the degradation, or where the pairs are; empty for classifiers.
        crime: whether the blur was circular, noiseless and unrounded (an inverse crime).
        protocol: name of the metrics' protocol.
        budget: "quick" or "full" where that is in the path, as of the ledger's runs; else empty.
        steps: of the training; None where nothing was trained.
        images: number of test images.
        blurred: mean PSNR of the input in dB.
        psnr: mean PSNR of the output in dB.
        gain: mean difference of the two.
        half: half of the 95 % interval of the gain over the images; None for a single image.
        ssim: mean SSIM of the output.
        accuracy: share of images that were classified correctly.
        parameters: number of the network's parameters.
        seconds: time of training and test.
        curve: (step, training loss) pairs.
        pictures: (before, after) of some images.
        filters: picture of the filters that a deconvolution layer learned.
    """

    name: str
    method: str
    blur: str
    crime: bool
    protocol: str
    budget: str
    steps: int | None
    images: int
    blurred: float | None
    psnr: float | None
    gain: float | None
    half: float | None
    ssim: float | None
    accuracy: float | None
    parameters: int | None
    seconds: float | None
    curve: list[Point]
    pictures: list[tuple[str, str]]
    filters: str | None


@dataclass(frozen=True)
class SeedMeans:
    """Runs of one recipe that differ in their seeds alone. Figures are means over seeds and images, or None.

    Attributes:
        name: of the first run.
        seeds: how many runs there are; of two with the same seed the later counts.
        half: half of the 95 % interval of the gain over seeds and images; None for a single value.

    The others are as in ``RunSummary``.
    """

    name: str
    seeds: int
    method: str
    blur: str
    crime: bool
    protocol: str
    budget: str
    steps: int | None
    images: int
    blurred: float | None
    psnr: float | None
    gain: float | None
    half: float | None
    ssim: float | None
    accuracy: float | None
    parameters: int | None
    seconds: float | None


class _Tested(NamedTuple):
    """A run, with what tells whether another is of the same recipe, and its seeds."""

    summary: RunSummary
    recipe: str
    seeds: tuple[Any, ...]
    gains: tuple[float, ...]


def summarise_runs(root: Path, finished: Iterable[Run] = ()) -> tuple[list[RunSummary], list[SeedMeans], list[LeftOut]]:
    """All tested runs below ``root`` in order of their names, their means over seeds, and those that cannot be read.

    Args:
        root: folder of runs; each has a ``scores.csv``.
        finished: runs whose files have been read already.
    """
    known = {run.folder.resolve(): run.result() for run in finished}
    tested: list[_Tested] = []
    left_out: list[LeftOut] = []
    for folder in sorted(path.parent for path in root.rglob("scores.csv")):
        try:
            tested.append(_summarise(folder, root, known))
        except Exception as error:  # one folder, however it is damaged, must not cost the others
            reason = str(error) if isinstance(error, UserError) else f"{folder}: {type(error).__name__}, {error}"
            left_out.append(LeftOut(folder.relative_to(root).as_posix(), " ".join(reason.split())))
    recipes: dict[str, dict[tuple[Any, ...], _Tested]] = {}
    for run in tested:
        recipes.setdefault(run.recipe, {})[run.seeds] = run
    return [run.summary for run in tested], [_join(list(runs.values())) for runs in recipes.values()], left_out


def _summarise(folder: Path, root: Path, known: Mapping[Path, RunResult]) -> _Tested:
    result = known.get(folder.resolve()) or read_result(folder, read_note(folder / NOTE))
    trainings = sorted((path for path in folder.glob("*") if path.name.isdecimal()), key=lambda path: int(path.name))
    trainings = trainings or [folder]  # a test may also lie below the run whose model it is of
    settings = read_settings(trainings[-1] / "config.yaml") or read_settings(folder.parent / "config.yaml")
    filters = [path for place in trainings for path in sorted((place / "pictures").glob("filters_*.png"))]
    losses = _losses(trainings)
    summary = RunSummary(
        name=folder.relative_to(root).as_posix(),
        method=_method(branch(settings, "model")),
        blur=_blur(branch(settings, "data", "init_args", "degradation")) or _pairs(branch(settings, "data")),
        crime=result.inverse_crime,
        protocol=result.protocol,
        budget=next((part for part in folder.relative_to(root).parts if part in BUDGETS), ""),
        steps=max(losses) + 1 if losses else None,
        images=result.images,
        blurred=result.mean("psnr_blurred"),
        psnr=result.mean("psnr"),
        gain=result.mean("psnr_gain"),
        half=result.half_width("psnr_gain"),
        ssim=result.mean("ssim"),
        accuracy=result.mean("correct"),
        parameters=result.note.get("parameters"),
        seconds=result.note.get("seconds"),
        curve=_curve(losses),
        pictures=_pictures(folder / "pictures" / "test.png") if "psnr" in result.values else [],
        filters=_data_url(filters[-1]) if filters else None,
    )
    recipe, seeds = _recipe(settings) if settings else (summary.name, ())
    images, gains = result.values.get("psnr_gain", ((), ()))
    return _Tested(summary, repr((recipe, summary.protocol, summary.crime, summary.images, images)), seeds, gains)


def _recipe(settings: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """What a run was made by, as text, without what has no part in the result; and its seeds."""
    data = branch(settings, "data")
    arguments = branch(data, "init_args")
    seeds = (settings.get("seed_everything"), arguments.pop("seed", None))
    trainer = {name: value for name, value in branch(settings, "trainer").items() if name not in INDIFFERENT}
    parts = {"model": settings.get("model"), "data": {**data, "init_args": arguments}, "trainer": trainer}
    parts |= {"weights": settings.get("weights"), "freeze": settings.get("freeze") or []}
    return json.dumps(parts, default=str), seeds


def _join(runs: Sequence[_Tested]) -> SeedMeans:
    first = asdict(runs[0].summary)
    half = half_width([run.gains for run in runs]) if runs[0].gains else math.nan
    means = {name: _mean([getattr(run.summary, name) for run in runs]) for name in MEANS}
    means["half"] = round(half, 4) if math.isfinite(half) else None
    shared = {field.name: first[field.name] for field in fields(SeedMeans) if field.name in first}
    return SeedMeans(**shared | means, seeds=len(runs))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 4) if len(known) == len(values) else None


def _method(model: dict[str, Any]) -> str:
    arguments = branch(model, "init_args")
    published = branch(arguments, "network", "init_args").get("path")
    if isinstance(published, str) and _class(arguments.get("network")) == "Published":
        return Path(published).stem
    return _class(arguments.get("network") or arguments.get("filter")) or _class(model)


def _blur(degradation: dict[str, Any], depth: int = 0) -> str:
    """Class and ranges, such as "MotionBlur length 7-15 angle 0-180"; parts of a mixture are joined by commas."""
    if not degradation:
        return ""
    arguments = branch(degradation, "init_args")
    parts = arguments.get("members") or arguments.get("steps")
    if parts:
        if depth == MOST_DEPTH or not isinstance(parts, list) or len(parts) > MOST_PARTS:
            raise UserError("'degradation' in config.yaml is no blur of this package.")
        return ", ".join(_blur(branch({"part": part}, "part"), depth + 1) for part in parts)
    ranges = {name: ends for name, ends in arguments.items() if name in STRENGTHS and isinstance(ends, list)}
    return " ".join([_class(degradation), *(f"{name} {_range(ends)}" for name, ends in ranges.items())])


def _pairs(data: dict[str, Any]) -> str:
    """Where the pairs of blurred and sharp photographs are; empty for other data."""
    if _class(data) != "RealPairs":
        return ""
    source = branch(data, "init_args", "source")
    while inner := branch(source, "init_args", "source") or branch(source, "init_args", "base"):
        source = inner
    root = branch(source, "init_args").get("root")
    return f"pairs in {root}" if root else "pairs"


def _range(ends: list[Any]) -> str:
    if not all(isinstance(end, int | float) for end in ends):
        raise UserError(f"{str(ends)[:40]} in config.yaml is no range.")
    return "-".join(f"{end:g}" for end in dict.fromkeys(ends))


def _class(settings: Any) -> str:
    has_class = isinstance(settings, dict) and "class_path" in settings
    return str(settings["class_path"]).rsplit(".", 1)[-1] if has_class else ""


def _losses(trainings: Iterable[Path]) -> dict[int, float]:
    """The training losses by step; a continued training replaces the steps that it repeats."""
    losses: dict[int, float] = {}
    for folder in trainings:
        losses |= read_losses(folder / "metrics.csv")
    return losses


def _curve(losses: Mapping[int, float]) -> list[Point]:
    """Some of the losses."""
    points = sorted(losses.items())
    return points[:: max(1, len(points) // MOST_POINTS)]


def _pictures(path: Path) -> list[tuple[str, str]]:
    """Blurred and restored images, cut from the picture that ``deblur test`` writes."""
    if not path.is_file():
        return []
    with open_image(path) as picture:
        picture.load()
        side = (picture.width - 2 * GAP) // 3
        if side < 1:
            raise UserError(f"{path} is not the picture of a test.")
        rows = [CAPTION + place * (side + CAPTION) for place in range(picture.height // (side + CAPTION))]
        boxes = [[(left, top, left + side, top + side) for left in (0, side + GAP)] for top in rows[:MOST_PICTURES]]
        return [(_encode(picture.crop(before)), _encode(picture.crop(after))) for before, after in boxes]


def _data_url(path: Path) -> str:
    with open_image(path) as picture:
        return _encode(picture)


def _encode(image: Image.Image) -> str:
    """A data URL."""
    file = io.BytesIO()
    image.convert("RGB").save(file, "WEBP", quality=88)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
