"""Says what a set of images is, fetches it where that is allowed, and lays it out."""

import contextlib
import io
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from torchvision.datasets import VisionDataset

from deblur_lightning.commands.data.catalogue import SETS, DataSet
from deblur_lightning.errors import UserError
from deblur_lightning.files.downloads import check_space, fetch


def list_sets() -> None:
    """Print a line for each set."""
    for name, found in SETS.items():
        size = f"{megabytes(found):,} MB" if found.downloads else "by hand"
        print(f"{name:<12}{size:>10}  {found.about}")
    print("\ndeblur data NAME says more; deblur data NAME --root=FOLDER fetches it, or looks whether it is all there.")


def prepare(name: str, folder: str | None) -> list[str]:
    """Describe a set; with a folder, fetch it or check it there. Returns lines about what is missing.

    Raises:
        UserError: there is no such set, no room, or it cannot be fetched.
    """
    if name not in SETS:
        raise UserError(f"no set {name!r}: choose from {', '.join(SETS)}.")
    found = SETS[name]
    root = Path(folder or f"data/{name}").expanduser()
    _describe(name, found, root)
    if folder is None:
        return []
    if found.open is not None and not _opens(found.open, found.parts, root):
        _fetch(found, found.open, root)
    if missing := missing_of(found, root):
        return [f"{root} lacks {', '.join(missing)}: {_located(found.get, root) or 'the archive held something else'}."]
    print(f"ready     {root}")
    return []


def missing_of(found: DataSet, root: Path) -> list[str]:
    """Those of the expected files and folders that are not there."""
    return [path for path in found.expected if not (root / path).exists()]


def megabytes(found: DataSet) -> int:
    """What is to be fetched."""
    return round(sum(download.size for download in found.downloads) / 1e6)


def _describe(name: str, found: DataSet, root: Path) -> None:
    how = f"deblur data {name} --root={shlex.quote(str(root))}   ({megabytes(found):,} MB to fetch)"
    lines = {
        "set": f"{name}: {found.about}",
        "licence": found.licence,
        "page": found.page,
        "get": how if found.downloads else _located(found.get, root),
        "use": f"deblur fit --config EXPERIMENT {_located(found.use, root)}",
    }
    print("\n".join(f"{key:<10}{value}" for key, value in lines.items()), flush=True)


def _located(text: str, root: Path) -> str:
    return text.replace("ROOT", shlex.quote(str(root)))


def _fetch(found: DataSet, kind: type[VisionDataset], root: Path) -> None:
    place = root / found.place
    check_space(found.downloads, place, found.unpacked)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        for download in found.downloads:
            task = bar.add_task(download.name, total=download.size)
            fetch(download, place, lambda count, task=task: bar.update(task, completed=count))  # type: ignore[misc]
            bar.update(task, completed=download.size)
    print("unpacking")
    for path in found.expected:  # a damaged one would be left as it is
        (root / path).unlink(missing_ok=True)
    with contextlib.redirect_stdout(io.StringIO()):  # torchvision says that the archive is there
        kind(root, download=True)


def _opens(kind: type[VisionDataset], parts: Sequence[Mapping[str, Any]], root: Path) -> bool:
    """Whether the set is there and whole."""
    try:
        for part in parts:
            kind(root, download=False, **part)
    except Exception:  # torchvision's readers raise nearly anything at a damaged file
        return False
    return True
