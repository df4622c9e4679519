"""One page of everything that has been run, with nothing to fetch from elsewhere."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path

from deblur_lightning.imagefiles import write_atomically
from deblur_lightning.ledger.gathering import Told
from deblur_lightning.ledger.rows import Row


def write_page(runs: Sequence[Told], rows: Sequence[Row], path: Path) -> None:
    """Write the page to ``path``: style, script, data and pictures are all in it."""
    write_atomically(path, page(runs, rows).encode())


def page(runs: Sequence[Told], rows: Sequence[Row]) -> str:
    """The page's text."""
    data = json.dumps({"runs": [run.plain() for run in runs], "claims": [asdict(row) for row in rows]})
    parts = {"STYLE": _part("page.css"), "SCRIPT": _part("page.js"), "DATA": data.replace("<", "\\u003c")}
    text = _part("page.html")
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text


def _part(name: str) -> str:
    return resources.files("deblur_lightning.ledger").joinpath("page", name).read_text(encoding="utf-8")
