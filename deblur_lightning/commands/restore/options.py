"""The options of ``deblur restore``, and which file is restored to which."""

import os
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from deblur_lightning.commands.devices import chosen_device
from deblur_lightning.errors import UserError
from deblur_lightning.files.camera_files import HEIF_SUFFIXES, RAW_SUFFIXES
from deblur_lightning.files.images import IMAGE_SUFFIXES
from deblur_lightning.restoring.conversion import FORMATS
from deblur_lightning.restoring.photos import PhotoHeader, read_header
from deblur_lightning.restoring.tiles import SMALLEST
from deblur_lightning.sources.files import image_names, other_suffixes

PHOTO_SUFFIXES = (*IMAGE_SUFFIXES, ".avif", ".gif", ".jfif", ".jp2", ".mpo", ".tga", *HEIF_SUFFIXES, *RAW_SUFFIXES)
"""In lower case, what the names of photos end in where a folder is searched."""

REPORT = "restoring-report"
SUFFIXES = {"avif": ".avif", "jpeg": ".jpg", "png": ".png", "tiff": ".tif", "webp": ".webp"}
"""By --format, what the names of restored photos end in."""


@dataclass(frozen=True)
class Job:
    """One photo and where its restored version goes.

    Attributes:
        source: the photo.
        target: its restored version.
        pixels: how many the photo has; 0 where that cannot be read.
        pages: how many it has.
        format: what that is written as, in Pillow's names; None as the photo was read.
    """

    source: Path
    target: Path
    pixels: int
    pages: int
    format: str | None = None


@dataclass(frozen=True)
class Options:
    """One call of ``deblur restore``, checked; the attributes are the options'.

    Attributes:
        out: the folder; where ``--out`` names a file, the one that it lies in.
        single: whether ``--out`` names a file.
        others: what other files in the searched folders end in.
    """

    jobs: list[Job]
    out: Path
    single: bool
    others: list[str]
    ckpt: Path | None
    trust: list[str]
    device: torch.device
    tile: int | None
    tta: bool
    fast: bool
    first_frame: bool
    check: bool
    report: bool
    overwrite: bool


def check(given: Namespace) -> Options:
    """Check the arguments of ``deblur restore``.

    Raises:
        UserError: something is missing, or does not fit.
    """
    if given.out is None:
        raise UserError("no place for the restored photos: give a folder with --out=OUT.")
    if not given.photos:
        raise UserError("no photo given: name files or folders, as in deblur restore PHOTO --out=OUT.")
    photos, out = [Path(photo).expanduser() for photo in given.photos], Path(given.out).expanduser()
    single = _names_a_file(given.out, out, photos)
    suffix = _suffix(given.format)
    if single and suffix is not None:
        raise UserError(f"--format={given.format} and --out={given.out} both name a format: give one of them.")
    folders = [photo for photo in photos if os.path.isdir(photo)]
    return Options(
        jobs=[_single_task(photos[0], out, given.overwrite)] if single else jobs(photos, out, suffix),
        out=out.parent if single else out,
        single=single,
        others=[end for folder in folders for end in other_suffixes(folder, PHOTO_SUFFIXES, without=out)],
        ckpt=None if given.ckpt is None else Path(given.ckpt).expanduser(),
        trust=given.trust,
        device=chosen_device(given.device),
        tile=_tile(given.tile),
        tta=given.tta,
        fast=given.fast,
        first_frame=_frames(given.frames),
        check=given.check,
        report=given.report,
        overwrite=given.overwrite,
    )


def jobs(photos: Sequence[Path], out: Path, suffix: str | None = None) -> list[Job]:
    """What is to become what; folders are searched, and what they hold keeps its place.

    Args:
        photos: files and folders.
        out: where to.
        suffix: of all restored photos; None keeps their own.

    Raises:
        UserError: a photo does not exist, would replace itself, or two would become one.
    """
    found: dict[Path, Job] = {}
    kind = None if suffix is None else FORMATS[suffix]
    for source, folder, header in _sources(photos, out):
        target = out / folder / (header.name if suffix is None else f"{source.stem}{suffix}")
        _refuse_itself(source, target)
        first = found.setdefault(target, Job(source, target, header.pixels, header.pages, kind)).source
        if first.resolve() != source.resolve():
            raise UserError(f"{first} and {source} would both become {target}: restore them one by one.")
    return list(found.values())


def _names_a_file(given: str, out: Path, photos: Sequence[Path]) -> bool:
    """Whether ``--out`` is a file's name: it ends as a photo's does, and is no folder."""
    if os.path.isdir(out):
        return False
    one = len(photos) == 1 and not os.path.isdir(photos[0])
    file = out.suffix.lower() in PHOTO_SUFFIXES and not given.endswith(os.sep)
    if os.path.lexists(out) and not (file and one):
        raise UserError(f"--out={out} is a file: give a folder.")
    if file and not one:
        raise UserError(f"--out={out} names a file, and there may be several photos: give a folder.")
    return file


def _single_task(photo: Path, out: Path, overwrite: bool) -> Job:
    _refuse_missing(photo)
    _refuse_itself(photo, out)
    if out.suffix.lower() not in FORMATS:
        raise UserError(f"--out={out}: such files cannot be written; give one that ends in {', '.join(FORMATS)}.")
    if os.path.lexists(out) and not overwrite:
        raise UserError(f"--out={out} is there already: give another name, or --overwrite.")
    header = read_header(photo)
    return Job(photo, out, header.pixels, header.pages, FORMATS[out.suffix.lower()])


def _sources(photos: Sequence[Path], out: Path) -> Iterator[tuple[Path, Path, PhotoHeader]]:
    """Each photo, its folder below the one that was named, and what its header tells."""
    for photo in photos:
        _refuse_missing(photo)
        if not os.path.isdir(photo):
            yield photo, Path(), read_header(photo)
            continue
        if out.resolve() == photo.resolve():
            raise UserError(f"--out={out} is the folder whose photos are read: give another, in it or elsewhere.")
        for inner in image_names(photo, photo, PHOTO_SUFFIXES, broken_links=True, without=out):
            yield photo / inner, Path(inner).parent, read_header(photo / inner)


def _refuse_missing(photo: Path) -> None:
    if not os.path.exists(photo):
        raise UserError(f"{photo} does not exist: check its path.")


def _refuse_itself(source: Path, target: Path) -> None:
    if os.path.exists(target) and os.path.exists(source) and os.path.samefile(source, target):
        raise UserError(f"{source} would be replaced by its restored version: give another --out.")


def _suffix(given: str | None) -> str | None:
    if given is not None and given not in SUFFIXES:
        raise UserError(f"--format={given}: choose from {', '.join(SUFFIXES)}.")
    return None if given is None else SUFFIXES[given]


def _tile(given: str) -> int | None:
    if given == "auto":
        return None
    if not given.isdecimal() or int(given) < SMALLEST:
        raise UserError(f"--tile={given}: give auto, or a side in pixels of {SMALLEST} or more.")
    return int(given)


def _frames(given: str) -> bool:
    if given not in ("refuse", "first"):
        raise UserError(f"--frames={given}: choose from refuse, first.")
    return given == "first"
