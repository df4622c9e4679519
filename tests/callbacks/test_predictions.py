"""Predictions as files: one for each image, under its own name, with the restored pixels."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from deblur_lightning.callbacks.predictions import PredictionWriter, png_names
from tests.helpers.small import data, srcnn, trainer


def test_a_prediction_is_the_restored_image_to_the_bit(photographs: Path, tmp_path: Path) -> None:
    with Image.open(photographs / "test" / "01.png") as image:
        image.save(photographs / "test" / "01.webp", lossless=True)  # the same stem must not be the same file
    runner = trainer(tmp_path, callbacks=[PredictionWriter()])
    outputs = runner.predict(srcnn(), data(photographs))
    assert outputs is not None
    names = ["00.png", "01.png", "01.webp.png", "02.png"]
    assert sorted(path.name for path in (tmp_path / "predictions" / "test").iterdir()) == names
    for name, restored in zip(names, outputs, strict=True):
        with Image.open(tmp_path / "predictions" / "test" / name) as image:
            pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)
        assert isinstance(restored, torch.Tensor)
        assert torch.equal(pixels, (restored[0] * 255).round().to(torch.uint8))


def test_no_two_images_share_a_file() -> None:
    names = ["a.jpg", "a.jpg.png", "a.png", "b/a.jpg", "c.png.png", "c.jpg.png.png", "c.jpg.png", "c.jpg", "d.PNG"]
    files = png_names(names)
    assert len(set(files)) == len(names)
    assert all(file.endswith(".png") for file in files)
    assert [file for name, file in zip(names, files, strict=True) if name.endswith(".png")] == [
        name for name in names if name.endswith(".png")
    ]
    assert files[0] == "a.jpg.png.png"
    assert files[3] == "b/a.jpg.png"
