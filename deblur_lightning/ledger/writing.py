"""One page of everything that has been run, with nothing to fetch from elsewhere."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

from deblur_lightning.imagefiles import write_atomically
from deblur_lightning.ledger.gathering import LeftOut, Told
from deblur_lightning.ledger.rows import Row
from deblur_lightning.ledger.verdicts import not_finite

TITLE = b"<title>Deblurring: what has been run</title>"
"""What a page is known by."""


def write_page(runs: Sequence[Told], left_out: Sequence[LeftOut], rows: Sequence[Row], path: Path) -> None:
    """Write the page to ``path``: style, script, data and pictures are all in it."""
    write_atomically(path, page(runs, left_out, rows).encode())


def is_page(path: Path) -> bool:
    """Whether ``path`` is such a page, which a newer one may replace."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return TITLE in file.read(4096)


def page(runs: Sequence[Told], left_out: Sequence[LeftOut], rows: Sequence[Row]) -> str:
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
