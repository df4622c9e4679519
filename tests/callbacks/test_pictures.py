"""Before-and-after pictures: what is in them and when they are written."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from deblur_lightning.callbacks.pictures import CAPTION, GAP, ComparisonPictures, comparison_row
from deblur_lightning.errors import UserError
from tests.helpers.small import data, srcnn, trainer


def test_a_row_shows_the_centres_side_by_side_below_their_captions() -> None:
    columns = {"red": torch.zeros(3, 9, 9), "small": torch.ones(3, 2, 2)}
    columns["red"][0, 2:7, 2:7] = 1.0
    row = np.asarray(comparison_row(columns, side=5))
    assert row.shape == (5 + CAPTION, 2 * 5 + GAP, 3)
    assert (row[CAPTION:, :5] == (255, 0, 0)).all()
    assert (row[CAPTION:, 5 : 5 + GAP] == 255).all()
    assert row[CAPTION:, -5:].sum() == 2 * 2 * 3 * 255  # set in black
    assert (row[:CAPTION] < 128).any()  # the captions


@pytest.mark.parametrize(("count", "rows"), [(2, 2), (9, 3)])
def test_each_validation_leaves_a_picture_of_the_first_images(
    count: int, rows: int, photographs: Path, tmp_path: Path
) -> None:
    pictures = ComparisonPictures(count=count, side=40)
    runner = trainer(tmp_path, max_epochs=2, num_sanity_val_steps=1, callbacks=[pictures])
    runner.fit(srcnn(), data(photographs))
    written = sorted((tmp_path / "pictures").iterdir())
    assert [path.name for path in written] == ["val_000003.png", "val_000006.png"]
    with Image.open(written[0]) as picture:
        assert picture.size == (3 * 40 + 2 * GAP, rows * (40 + CAPTION))
        first = np.asarray(picture)[CAPTION : CAPTION + 40]
    module = data(photographs)
    module.setup("validate")
    sharp = module.images["val"].pixels(0)[:, 16:56, 20:60].permute(1, 2, 0).numpy()
    assert (first[:, -40:] == sharp).all()
    assert not (first[:, :40] == sharp).all()


def test_a_test_leaves_a_picture_too(photographs: Path, tmp_path: Path) -> None:
    trainer(tmp_path, callbacks=[ComparisonPictures()]).test(srcnn(), data(photographs), verbose=False)
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["test.png"]


def test_a_validation_outside_of_a_run_is_no_step_of_it(photographs: Path, tmp_path: Path) -> None:
    trainer(tmp_path, callbacks=[ComparisonPictures()]).validate(srcnn(), data(photographs), verbose=False)
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["validate.png"]


@pytest.mark.parametrize("settings", [{"count": 0}, {"side": 0}])
def test_no_picture_of_nothing(settings: dict[str, int]) -> None:
    with pytest.raises(UserError, match="give 1 or more"):
        ComparisonPictures(**settings)
