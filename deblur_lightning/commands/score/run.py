"""Scores images pair by pair."""

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from inspect import isabstract
from pathlib import Path, PurePosixPath

import torch
from torch import Tensor, nn

from deblur_lightning import metrics
from deblur_lightning.commands.classes import class_named, construct
from deblur_lightning.commands.score.table import KINDS, print_scores
from deblur_lightning.errors import UserError
from deblur_lightning.files.csv_tables import write_csv
from deblur_lightning.files.images import read_rgb
from deblur_lightning.metrics.image_metric import ImageMetric, as_metric, load_metrics
from deblur_lightning.metrics.protocols import PROTOCOLS, scores_under
from deblur_lightning.metrics.trajectory import best_psnr
from deblur_lightning.sources.files import existing_folder, image_names

KOEHLER = "koehler"
"""The protocol that compares with the frames in a folder of the image's name."""


@dataclass(frozen=True)
class Folders:
    """Where the images are: by folder, the path of each image by its name without suffix; or of a folder of frames."""

    restored: dict[str, Path]
    sharp: dict[str, Path]
    blurred: dict[str, Path] | None
    reference: dict[str, Path] | None
    frames: dict[str, list[Path]]


def score_folders(given: Namespace) -> list[str]:
    """Score what the arguments of ``deblur score`` name; returns why some images were left out.

    Raises:
        UserError: an option does not fit, or nothing can be scored.
    """
    _check(given)
    folders = _folders(given)
    further, absent = load_metrics([_metric(name) for name in given.metric])
    scores: dict[str, dict[str, float]] = {}
    left_out = [f"{folders.restored[name]} has no sharp partner" for name in folders.restored.keys() - folders.sharp]
    for name in folders.sharp:
        try:
            scores[name] = _score(name, folders, given.protocol, given.crop_border, further)
        except UserError as error:
            left_out.append(str(error))
    if not scores:
        raise UserError(f"no image of {given.restored} could be scored; the first: {left_out[0]}")
    if given.csv is not None:
        rows = [
            [name, _protocol(given), metric, f"{value:.6f}"]
            for name, figures in scores.items()
            for metric, value in figures.items()
        ]
        write_csv(Path(given.csv).expanduser(), ["image", "protocol", "metric", "value"], rows)
    print_scores(scores, further, _protocol(given))
    return absent + (["images left out:", *sorted(left_out)] if left_out else [])


def _check(given: Namespace) -> None:
    if given.restored is None or given.sharp is None:
        raise UserError("give two folders, as in deblur score RESTORED --sharp=SHARP.")
    if given.protocol not in (*PROTOCOLS, KOEHLER):
        raise UserError(f"--protocol={given.protocol}: choose from {', '.join((*PROTOCOLS, KOEHLER))}.")
    if given.crop_border < 0:
        raise UserError(f"--crop_border={given.crop_border}: give 0 or more.")
    if given.reference is not None and given.protocol != "levin":
        raise UserError("--reference: it is of --protocol=levin alone.")
    if given.metric and given.protocol == KOEHLER:
        raise UserError("--metric: --protocol=koehler compares with many frames, and has PSNR alone.")


def _folders(given: Namespace) -> Folders:
    frames = _frames(given.sharp) if given.protocol == KOEHLER else {}
    sharp = {name: paths[0].parent for name, paths in frames.items()} or _by_name(given.sharp)
    blurred, reference = (None if folder is None else _by_name(folder) for folder in (given.blurred, given.reference))
    return Folders(_by_name(given.restored), sharp, blurred, reference, frames)


def _metric(name: str) -> ImageMetric:
    """The metric of that name, or of that path.

    Raises:
        UserError: it is none.
    """
    try:
        kind = getattr(metrics, name) if "." not in name else class_named(name)
    except (AttributeError, ImportError) as error:
        raise UserError(f"--metric={name}: there is no such class: give LPIPS, DISTS, or MODULE.CLASS.") from error
    if not (isinstance(kind, type) and issubclass(kind, nn.Module)) or isabstract(kind):
        raise UserError(f"--metric={name}: it is no torch.nn.Module, or an unfinished one.")
    return as_metric(construct(kind))


def _protocol(given: Namespace) -> str:
    return str(given.protocol) + (f"-crop{given.crop_border}" if given.crop_border else "")


def _by_name(folder: str) -> dict[str, Path]:
    root = existing_folder(folder)
    found: dict[str, Path] = {}
    for name in image_names(root, root):
        path = root / name
        other = found.setdefault(str(PurePosixPath(name).with_suffix("")), path)
        if other != path:
            raise UserError(f"{other} and {path} have one name: move one of them away.")
    return found


def _frames(folder: str) -> dict[str, list[Path]]:
    """The frames of each image, by the name of the folder that they lie in."""
    root = existing_folder(folder)
    found: dict[str, list[Path]] = {}
    for name in image_names(root, root):
        found.setdefault(str(PurePosixPath(name).parent), []).append(root / name)
    return found


def _score(
    name: str, folders: Folders, protocol: str, crop_border: int, further: Sequence[ImageMetric]
) -> dict[str, float]:
    path = folders.sharp[name]
    sharp = None if folders.frames else _read(path, crop_border)
    if sharp is None:
        score = partial(_score_frames, folders.frames[name], crop_border)
    else:
        score = partial(_score_pair, sharp, protocol, further)
    figures: dict[str, float] = {}
    for kind, paths in zip(KINDS, (folders.restored, folders.blurred, folders.reference), strict=True):
        if paths is None:
            continue
        if name not in paths:
            raise UserError(f"{path} has no {kind.removeprefix('_') or 'restored'} partner")
        image = _read(paths[name], crop_border)
        if sharp is not None and image.shape != sharp.shape:
            sizes = [f"{part.shape[-2]}x{part.shape[-1]}" for part in (image, sharp)]
            raise UserError(f"{paths[name]} has {sizes[0]} pixels, {path} has {sizes[1]}")
        try:
            scores = score(image)
        except UserError as error:
            raise UserError(f"{path}: {error}") from error
        figures |= {f"{metric}{kind}": value.item() for metric, value in scores.items()}
    if folders.blurred is not None:
        gained = [metric for metric in ("psnr", "ssim") if metric in figures]
        figures |= {f"{metric}_gain": figures[metric] - figures[f"{metric}_blurred"] for metric in gained}
    if folders.reference is not None:
        if not figures["ssd_reference"]:
            raise UserError(f"{path}: its reference is equal to it, so that there is no error ratio")
        figures["error_ratio"] = figures["ssd"] / figures["ssd_reference"]
    return figures


def _score_frames(frames: Sequence[Path], crop_border: int, image: Tensor) -> dict[str, Tensor]:
    return {"psnr": best_psnr(image[0], (_read(frame, crop_border)[0] for frame in frames))}


@torch.no_grad()
def _score_pair(sharp: Tensor, protocol: str, further: Sequence[ImageMetric], image: Tensor) -> dict[str, Tensor]:
    return scores_under(protocol, image, sharp) | {
        metric.title: metric(image.float(), sharp.float()) for metric in further
    }


def _read(path: Path, crop_border: int) -> Tensor:
    """(1, 3, H, W) in [0, 1]."""
    image = read_rgb(path)[None].double() / 255
    height, width = image.shape[-2:]
    if min(height, width) <= 2 * crop_border:
        raise UserError(f"{path} has {height}x{width} pixels, from which {crop_border} cannot be cut off at each edge")
    return image[..., crop_border : height - crop_border, crop_border : width - crop_border]
