"""Summaries of tested runs for the page: method, scores, curve and pictures."""

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from deblur_lightning.errors import UserError
from deblur_lightning.files.images import open_image
from deblur_lightning.ledger.plan import NOTE
from deblur_lightning.ledger.run_files import branch, read_losses, read_note, read_settings
from deblur_lightning.records import ScoreRecord, read_scores

CAPTION, GAP = 18, 4
"""Of the pictures that a test leaves: pixels above each row, and between its three squares."""
MOST_POINTS, MOST_PICTURES = 120, 2
STRENGTHS = ("sigma", "length", "angle", "width", "radius", "extent", "read")
"""Settings that tell how strong a blur, or noise, is."""
MOST_PARTS, MOST_DEPTH = 16, 3
"""Of a mixture or a chain: blurs in it, and how deep they are nested."""
Point = tuple[int, float]


@dataclass(frozen=True)
class LeftOut:
    """A run that cannot be read, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class RunSummary:
    """One tested run; images are data URLs, and what is unknown is None.

    Attributes:
        name: of its folder, below the folder of all runs.
        method: class of what restores or classifies.
        blur: class and ranges of the degradation, empty for classifiers.
        crime: whether the blur was circular, noiseless and unrounded, so that its inverse is no test.
        protocol: how it was scored.
        images: number of them.
        blurred: mean PSNR of the input in dB.
        psnr: of the output.
        gain: their difference.
        ssim: mean SSIM of the output.
        accuracy: share that was classified rightly.
        parameters: of the network.
        seconds: that it took to train and test.
        curve: step and training loss.
        pictures: a pair for each image, before and after.
        filters: what a deconvolution layer has learned.
    """

    name: str
    method: str
    blur: str
    crime: bool
    protocol: str
    images: int
    blurred: float | None
    psnr: float | None
    gain: float | None
    ssim: float | None
    accuracy: float | None
    parameters: int | None
    seconds: float | None
    curve: list[Point]
    pictures: list[tuple[str, str]]
    filters: str | None


def gather(root: Path) -> tuple[list[RunSummary], list[LeftOut]]:
    """All runs below ``root`` that have been tested, in order of their names, and those that cannot be read."""
    runs: list[RunSummary] = []
    left_out: list[LeftOut] = []
    for place in sorted(path.parent for path in root.rglob("scores.csv")):
        try:
            runs.append(_told(place, root))
        except Exception as error:  # a folder can be wrong in more ways than are known, and must not cost the others
            reason = str(error) if isinstance(error, UserError) else f"{place}: {type(error).__name__}, {error}"
            left_out.append(LeftOut(place.relative_to(root).as_posix(), " ".join(reason.split())))
    return runs, left_out


def _told(run: Path, root: Path) -> RunSummary:
    records = _last_test(run / "scores.csv")
    means = {name: _mean(records, name) for name in ("psnr_blurred", "psnr", "psnr_gain", "ssim", "correct")}
    trainings = sorted((path for path in run.glob("*") if path.name.isdecimal()), key=lambda path: int(path.name))
    trainings = trainings or [run]  # a test may also lie below the run whose model it is of
    settings = read_settings(trainings[-1] / "config.yaml") or read_settings(run.parent / "config.yaml")
    note = read_note(run / NOTE)
    filters = [path for place in trainings for path in sorted((place / "pictures").glob("filters_*.png"))]
    return RunSummary(
        name=run.relative_to(root).as_posix(),
        method=_method(branch(settings, "model")),
        blur=_blur(branch(settings, "data", "init_args", "degradation")),
        crime=records[0].inverse_crime,
        protocol=records[0].protocol,
        images=len({record.image for record in records}),
        blurred=means["psnr_blurred"],
        psnr=means["psnr"],
        gain=means["psnr_gain"],
        ssim=means["ssim"],
        accuracy=means["correct"],
        parameters=note.get("parameters"),
        seconds=note.get("seconds"),
        curve=_curve(trainings),
        pictures=_pictures(run / "pictures" / "test.png") if means["psnr"] is not None else [],
        filters=_filters(filters[-1]) if filters else None,
    )


def _mean(records: Iterable[ScoreRecord], metric: str) -> float | None:
    values = [record.value for record in records if record.metric == metric]
    return round(sum(values) / len(values), 4) if values else None


def _last_test(path: Path) -> list[ScoreRecord]:
    """The records of the test that was added last: of several, means would be mixed."""
    records = read_scores(path)
    if not records:
        raise UserError(f"{path} has no scores.")
    return [record for record in records if record.test() == records[-1].test()]


def _method(model: dict[str, Any]) -> str:
    given = branch(model, "init_args")
    return _class(given.get("network") or given.get("filter")) or _class(model)


def _blur(degradation: dict[str, Any], depth: int = 0) -> str:
    """Its class and ranges, such as "MotionBlur length 7-15 angle 0-180"; of several all, joined by commas."""
    if not degradation:
        return ""
    given = branch(degradation, "init_args")
    parts = given.get("members") or given.get("steps")
    if parts:
        if depth == MOST_DEPTH or not isinstance(parts, list) or len(parts) > MOST_PARTS:
            raise UserError("'degradation' in config.yaml is no blur of this package.")
        return ", ".join(_blur(branch({"part": part}, "part"), depth + 1) for part in parts)
    words = [f"{name} {_range(given[name])}" for name in given if name in STRENGTHS and isinstance(given[name], list)]
    return " ".join([_class(degradation), *words])


def _range(ends: list[Any]) -> str:
    if not all(isinstance(end, int | float) for end in ends):
        raise UserError(f"{str(ends)[:40]} in config.yaml is no range.")
    return "-".join(f"{end:g}" for end in dict.fromkeys(ends))


def _class(settings: Any) -> str:
    named = isinstance(settings, dict) and "class_path" in settings
    return str(settings["class_path"]).rsplit(".", 1)[-1] if named else ""


def _curve(trainings: Iterable[Path]) -> list[Point]:
    """Training loss by step, thinned; a continued training takes over from the step that it began with."""
    found: dict[int, float] = {}
    for place in trainings:
        found |= read_losses(place / "metrics.csv")
    points = sorted(found.items())
    return points[:: max(1, len(points) // MOST_POINTS)]


def _pictures(path: Path) -> list[tuple[str, str]]:
    """Before and after, cut from the picture that a test leaves."""
    if not path.is_file():
        return []
    with open_image(path) as picture:
        picture.load()
        side = (picture.width - 2 * GAP) // 3
        if side < 1:
            raise UserError(f"{path} is not the picture that a test leaves.")
        rows = [CAPTION + place * (side + CAPTION) for place in range(picture.height // (side + CAPTION))]
        boxes = [[(left, top, left + side, top + side) for left in (0, side + GAP)] for top in rows[:MOST_PICTURES]]
        return [(_data_url(picture.crop(before)), _data_url(picture.crop(after))) for before, after in boxes]


def _filters(path: Path) -> str:
    with open_image(path) as picture:
        return _data_url(picture)


def _data_url(image: Image.Image) -> str:
    file = io.BytesIO()
    image.convert("RGB").save(file, "WEBP", quality=88)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
