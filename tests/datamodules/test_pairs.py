"""Real pairs: both images cut and turned alike, and nothing blurred that is blurred already."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from deblur_lightning.datamodules.pairs import RealPairs
from deblur_lightning.errors import UserError
from deblur_lightning.sources.concat_training import ConcatTraining
from deblur_lightning.sources.folder import Folder
from deblur_lightning.sources.paired_folder import PairedFolder
from deblur_lightning.sources.preprocessed import Preprocessed
from tests.helpers.collecting import all_of, collected
from tests.helpers.realdata import REAL, real_data
from tests.helpers.standins import noise, write_pairs

COUNTS = {"train": 8, "val": 3, "test": 3}


@pytest.fixture
def negatives(tmp_path: Path) -> Path:
    """Pairs of noise and its negative, so that one tells what belongs beside the other."""
    for split, count in COUNTS.items():
        for number in range(count):
            pixels = np.roll(noise(40, 44, 3), number, axis=0)
            for folder, image in {"sharp": pixels, "blur": 255 - pixels}.items():
                path = tmp_path / split / folder / f"{number}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(image).save(path)
    return tmp_path


def data(root: Path, **settings: Any) -> RealPairs:
    return RealPairs(PairedFolder(root), **({"crop_size": 16, "batch_size": 4, "num_workers": 0} | settings))


@pytest.mark.parametrize("flips", [True, False])
def test_both_images_are_cut_and_turned_alike(flips: bool, negatives: Path) -> None:
    batches = collected(data(negatives, flips=flips, epoch_length=80))["train"]
    sharp, blurred = all_of(batches, "sharp"), all_of(batches, "blurred")
    assert sharp.shape == (80, 3, 16, 16)
    assert sharp.dtype == torch.float32
    assert torch.allclose(sharp + blurred, torch.ones(()))
    assert len({tuple(window[0, 0, :4].tolist()) for window in sharp}) > 70


def test_flips_turn_what_they_should(negatives: Path) -> None:
    def rows_of_the_file(window: torch.Tensor) -> bool:
        image = PairedFolder(negatives).split("train").pixels(0)[0] / 255
        rows = image.unfold(1, 4, 1).reshape(-1, 4)
        return bool((rows == window[0, 0, :4]).all(dim=1).any())

    turned, straight = (
        all_of(collected(data(negatives, flips=flips, epoch_length=80))["train"], "sharp") for flips in (True, False)
    )
    assert all(map(rows_of_the_file, straight))
    assert not all(map(rows_of_the_file, turned))


def test_evaluation_gives_whole_images_of_unknown_blur(negatives: Path) -> None:
    module = data(negatives, eval_batch_size=2)
    seen = collected(module)
    source = PairedFolder(negatives).split("test")
    assert source.blurred is not None
    assert torch.equal(seen["test"][1]["sharp"][0], source.pixels(2) / 255)
    assert torch.equal(seen["test"][1]["blurred"][0], source.blurred.pixels(2) / 255)
    first = seen["val"][0]
    assert first["psf"].tolist() == [[[1.0]], [[1.0]]]
    assert first["psf_known"].tolist() == [False, False]
    assert all_of(seen["val"], "index").tolist() == [0, 1, 2]
    assert module.conditions == ("real", "real", "8-bit")
    assert module.images["test"].name(2) == "test/2.png"


def test_training_is_a_function_of_seed_and_counter(negatives: Path) -> None:
    def by_index(**settings: Any) -> dict[int, torch.Tensor]:
        batches = collected(data(negatives, **settings))["train"]
        return dict(zip(all_of(batches, "index").tolist(), all_of(batches, "blurred"), strict=True))

    reference = by_index()
    for other in (by_index(num_workers=2), by_index(batch_size=2)):
        assert all(torch.equal(reference[index], other[index]) for index in reference)
    assert not all(torch.equal(reference[index], window) for index, window in by_index(seed=1).items())


def test_a_crop_may_be_as_large_as_the_images_and_no_larger(negatives: Path) -> None:
    assert collected(data(negatives, crop_size=40))["train"][0]["sharp"].shape[2:] == (40, 40)
    with pytest.raises(UserError, match=r"^crop_size=41 is larger than train/0\.png \(40x44 pixels\)"):
        collected(data(negatives, crop_size=41))


def test_an_image_too_small_to_score(tmp_path: Path) -> None:
    write_pairs(tmp_path, "test/a.png", size=(5, 40))
    with pytest.raises(UserError, match=r"^test/a\.png \(5x40 pixels\) is too small.* below 6 pixels out"):
        data(tmp_path).setup("test")


def test_grey_pairs_are_one_channel_each(negatives: Path) -> None:
    module = RealPairs(Preprocessed(PairedFolder(negatives), grey=True), crop_size=16, batch_size=4, num_workers=0)
    seen = collected(module)
    for split in ("train", "test"):
        first = seen[split][0]
        assert first["sharp"].shape[1] == first["blurred"].shape[1] == 1
        assert ((first["sharp"] + first["blurred"] - 1).abs() < 1.5 / 255).all()


def test_joined_pairs_are_trained_on(negatives: Path) -> None:
    module = RealPairs(
        ConcatTraining(PairedFolder(negatives), PairedFolder(negatives)), crop_size=16, batch_size=4, num_workers=0
    )
    batches = collected(module)["train"]
    assert sorted(all_of(batches, "index").tolist()) == list(range(16))
    assert torch.allclose(all_of(batches, "sharp") + all_of(batches, "blurred"), torch.ones(()))


def test_a_source_without_blurred_images_is_refused(photographs: Path) -> None:
    with pytest.raises(UserError, match=r"^RealPairs needs blurred images[^\n]*Folder[^\n]*by SyntheticBlur\.$"):
        RealPairs(Folder(photographs)).setup("fit")


@real_data
def test_real_gopro_pairs_are_scored() -> None:
    module = data(REAL / "gopro")
    module.setup("test")
    items = [module.images["test"].pixels(index) for index in range(2)]
    assert [tuple(item.shape) for item in items] == [(6, 720, 1280)] * 2
