"""Says what a set of images is, fetches it where that is allowed, and lays it out."""

import contextlib
import io
import shlex
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

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
    if missing_of(found, root) and found.downloads:
        _fetch(found, root)
    missing = missing_of(found, root)
    if not missing:
        print(f"ready     {root}")
        return []
    return [f"{root} lacks {', '.join(missing)}: {_located(found.get, root) or 'the archive held something else'}."]


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


def _fetch(found: DataSet, root: Path) -> None:
    place = root / found.place
    check_space(found.downloads, place, found.unpacked)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        for download in found.downloads:
            task = bar.add_task(download.name, total=download.size)
            fetch(download, place, lambda count, task=task: bar.update(task, completed=count))  # type: ignore[misc]
            bar.update(task, completed=download.size)
    print("unpacking")
    if found.unpack is not None:
        with contextlib.redirect_stdout(io.StringIO()):  # torchvision says that the archive is there
            found.unpack(root)
