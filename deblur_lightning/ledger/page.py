"""Writes one HTML page of all runs that needs nothing from elsewhere."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

from deblur_lightning.errors import UserError
from deblur_lightning.files.writing import make_folder, write_atomically
from deblur_lightning.ledger.rows import Row
from deblur_lightning.ledger.run_summaries import LeftOut, RunSummary
from deblur_lightning.ledger.verdicts import not_finite

TITLE = b"<title>Deblurring: what has been run</title>"
"""What a page is known by."""


def write_page(runs: Sequence[RunSummary], left_out: Sequence[LeftOut], rows: Sequence[Row], path: Path) -> None:
    """Write the page to ``path``: style, script, data and pictures are all in it."""
    make_folder(path.parent)
    write_atomically(path, page(runs, left_out, rows).encode())


def page_in(folder: Path) -> Path:
    """Where the page goes in ``folder``; an older one may be there.

    Raises:
        UserError: ``folder`` is a file, or has a page that is not ours.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"--out={folder} is a file: give a folder.")
    path = folder / "index.html"
    if path.exists() and not (path.is_file() and TITLE in path.read_bytes()):
        raise UserError(f"{path} is not from deblur report: move it away, or give another --out.")
    return path


def page(runs: Sequence[RunSummary], left_out: Sequence[LeftOut], rows: Sequence[Row]) -> str:
    """The page's text."""
    told = {
        "runs": [asdict(run) for run in runs],
        "leftOut": [asdict(run) for run in left_out],
        "claims": [asdict(row) for row in rows],
    }
    data = json.dumps(_plain(told), allow_nan=False)
    parts = {"STYLE": _part("page.css"), "SCRIPT": _part("page.js"), "DATA": data.replace("<", "\\u003c")}
    text = _part("page.html")
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text


def _plain(value: Any) -> Any:
    """``value`` with words for what is no finite number, since browsers read no JSON that has such."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return not_finite(value) if isinstance(value, float) and not math.isfinite(value) else value


def _part(name: str) -> str:
    return resources.files("deblur_lightning.ledger").joinpath("page", name).read_text(encoding="utf-8")
