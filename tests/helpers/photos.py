"""A folder with photos to restore, and what ``deblur restore`` has made of it."""

from pathlib import Path

import pytest
from PIL import Image

from tests.helpers.models import random_pixels, write_model


def lay_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make ``folder`` the one to work in, with three photos in photos/, and model.safetensors."""
    monkeypatch.chdir(folder)
    write_model(folder / "model.safetensors")
    for name in ("a.png", "b.jpg", "in/c.png"):
        write_photo(folder / "photos" / name)
    return folder


def write_photo(path: Path, height: int = 20, width: int = 30, channels: int = 3) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(random_pixels(height, width, channels).squeeze()).save(path)
    return path


def lines(complained: str) -> list[str]:
    """What was left out, one a line."""
    found = complained[complained.index("deblur: error: photos left out:") :].splitlines()
    assert found[0] == f"deblur: error: photos left out: {len(found) - 1}"
    return [line.strip() for line in found[1:]]


def made() -> list[str]:
    return sorted(path.relative_to("out").as_posix() for path in Path("out").rglob("[!.]*") if path.is_file())
