"""What a page tells of each run that has been tested: its method, scores, curve and pictures."""

import base64
import csv
import io
import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml
from PIL import Image

from deblur_lightning.ledger.plan import NOTE
from deblur_lightning.records import ScoreRecord, read_scores

CAPTION, GAP = 18, 4
"""Of the pictures that a test leaves: pixels above each row, and between its three squares."""
MOST_POINTS, MOST_PICTURES = 120, 2
STRENGTHS = ("sigma", "length", "angle", "width", "radius", "extent", "read")
"""Settings that tell how strong a blur, or noise, is."""
Point = tuple[int, float]


@dataclass(frozen=True)
class Told:
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

    def plain(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def gathered(root: Path) -> list[Told]:
    """All runs below ``root`` that have been tested, in order of their names.

    Raises:
        UserError: a ``scores.csv`` cannot be read.
    """
    return [_told(path.parent, root) for path in sorted(root.rglob("scores.csv"))]


def _told(run: Path, root: Path) -> Told:
    records = read_scores(run / "scores.csv")
    means = {name: _mean(records, name) for name in ("psnr_blurred", "psnr", "psnr_gain", "ssim", "correct")}
    trainings = sorted((path for path in run.glob("*") if path.name.isdecimal()), key=lambda path: int(path.name))
    trainings = trainings or [run]
    settings = _settings(trainings[-1]) or _settings(run.parent)  # a test may lie below the run whose model it is of
    note = json.loads((run / NOTE).read_text(encoding="utf-8")) if (run / NOTE).is_file() else {}
    filters = [path for place in trainings for path in sorted((place / "pictures").glob("filters_*.png"))]
    return Told(
        name=run.relative_to(root).as_posix(),
        method=_method(settings.get("model", {})),
        blur=_blur(settings.get("data", {}).get("init_args", {}).get("degradation")),
        crime=bool(records) and records[0].inverse_crime,
        protocol=records[0].protocol if records else "",
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
        filters=_data_url(Image.open(filters[-1])) if filters else None,
    )


def _mean(records: Iterable[ScoreRecord], metric: str) -> float | None:
    values = [record.value for record in records if record.metric == metric]
    return round(sum(values) / len(values), 4) if values else None


def _settings(run: Path) -> dict[str, Any]:
    path = run / "config.yaml"
    if not path.is_file():
        return {}
    settings: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return settings


def _method(model: dict[str, Any]) -> str:
    inner = model.get("init_args", {}).get("network") or model.get("init_args", {}).get("filter")
    return _class(inner) or _class(model)


def _blur(degradation: Any) -> str:
    """Its class and ranges, such as "MotionBlur length 7-15 angle 0-180"; of several all, joined by commas."""
    if not degradation:
        return ""
    given = degradation.get("init_args", {})
    parts = given.get("members") or given.get("steps")
    if parts:
        return ", ".join(map(_blur, parts))
    ranges = {name: value for name, value in given.items() if name in STRENGTHS and isinstance(value, list)}
    words = [f"{name} {'-'.join(f'{end:g}' for end in dict.fromkeys(ends))}" for name, ends in ranges.items()]
    return " ".join([_class(degradation), *words])


def _class(settings: Any) -> str:
    named = isinstance(settings, dict) and "class_path" in settings
    return str(settings["class_path"]).rsplit(".", 1)[-1] if named else ""


def _curve(trainings: Iterable[Path]) -> list[Point]:
    """Training loss by step, thinned; a continued training takes over from the step that it began with."""
    found: dict[int, float] = {}
    for place in trainings:
        if not (place / "metrics.csv").is_file():
            continue
        with open(place / "metrics.csv", newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if value := row.get("train/loss") or row.get("train/mse"):
                    found[int(row["step"])] = float(value)
    points = [(step, value) for step, value in sorted(found.items()) if math.isfinite(value)]
    return points[:: max(1, len(points) // MOST_POINTS)]


def _pictures(path: Path) -> list[tuple[str, str]]:
    """Before and after, cut from the picture that a test leaves."""
    if not path.is_file():
        return []
    with Image.open(path) as picture:
        picture.load()
        side = (picture.width - 2 * GAP) // 3
        rows = [CAPTION + place * (side + CAPTION) for place in range(picture.height // (side + CAPTION))]
        boxes = [[(left, top, left + side, top + side) for left in (0, side + GAP)] for top in rows[:MOST_PICTURES]]
        return [(_data_url(picture.crop(before)), _data_url(picture.crop(after))) for before, after in boxes]


def _data_url(image: Image.Image) -> str:
    file = io.BytesIO()
    image.convert("RGB").save(file, "WEBP", quality=88)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
