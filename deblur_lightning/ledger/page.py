"""Writes the report's page: one HTML file of all runs that fetches nothing from the network."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

from deblur_lightning.errors import UserError
from deblur_lightning.files.writing import make_folder, write_atomically
from deblur_lightning.ledger.charts import cost_chart, finite_restorers, loss_charts, strength_chart
from deblur_lightning.ledger.rows import Row
from deblur_lightning.ledger.run_summaries import LeftOut, RunSummary, SeedMeans
from deblur_lightning.ledger.verdicts import name_non_finite

TITLE = b"<title>Deblurring: what has been run</title>"
"""By this a page of ours is recognised."""


def write_page(
    runs: Sequence[RunSummary],
    means: Sequence[SeedMeans],
    left_out: Sequence[LeftOut],
    rows: Sequence[Row],
    path: Path,
) -> None:
    """Write the page to ``path``, with its style, script, data and pictures in the one file."""
    restorers = finite_restorers(runs)
    content = {
        "runs": [asdict(run) for run in runs],
        "means": [asdict(each) for each in means],
        "charts": {
            "strength": strength_chart(restorers),
            "cost": cost_chart(restorers),
            "curves": loss_charts(runs),
        },
        "leftOut": [asdict(run) for run in left_out],
        "claims": [asdict(row) for row in rows],
    }
    data = json.dumps(_without_non_finite(content), allow_nan=False)
    parts = {"STYLE": _read_part("page.css"), "SCRIPT": _read_part("page.js"), "DATA": data.replace("<", "\\u003c")}
    text = _read_part("page.html")
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    make_folder(path.parent)
    write_atomically(path, text.encode())


def page_path(folder: Path) -> Path:
    """The page's path in ``folder``; an older page there will be replaced.

    Raises:
        UserError: ``folder`` is a file, or has an ``index.html`` from elsewhere.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"--out={folder} is a file: give a folder.")
    path = folder / "index.html"
    if path.exists() and not (path.is_file() and TITLE in path.read_bytes()):
        raise UserError(f"{path} is not from deblur report: move it away, or give another --out.")
    return path


def _without_non_finite(value: Any) -> Any:
    """``value`` with words in place of NaN and infinities, which browsers do not accept in JSON."""
    if isinstance(value, dict):
        return {name: _without_non_finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_non_finite(part) for part in value]
    return name_non_finite(value) if isinstance(value, float) and not math.isfinite(value) else value


def _read_part(name: str) -> str:
    return resources.files("deblur_lightning.ledger").joinpath("page", name).read_text(encoding="utf-8")
