"""Labelled images: the right pairs however they are loaded, augmented by counters, and one line else."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from deblur_lightning.datamodules.augmentation import Augmentation, CropAndFlip, SmallAffine
from deblur_lightning.datamodules.labelled import LabelledData
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError
from deblur_lightning.sources.folder import Folder
from deblur_lightning.sources.labelled_folder import LabelledFolder
from deblur_lightning.sources.synthetic_digits import SyntheticDigits
from tests.conftest import write_image
from tests.helpers.collecting import collected


def digits(**settings: Any) -> LabelledData:
    return LabelledData(SyntheticDigits(length=20), **({"batch_size": 4, "eval_batch_size": 3} | settings))


def by_index(batches: Any, key: str) -> dict[int, Tensor]:
    return {int(i): value for batch in batches for i, value in zip(batch["index"], batch[key], strict=True)}


def test_every_image_comes_once_an_epoch_with_its_own_label() -> None:
    seen = collected(digits())
    for split, count in (("train", 20), ("val", 4), ("test", 4)):
        images = SyntheticDigits(length=20).split(split)  # type: ignore[arg-type]
        found, labels = by_index(seen[split], "image"), by_index(seen[split], "label")
        assert sorted(found) == list(range(count))
        for index in range(count):
            assert int(labels[index]) == images.label(index)
            assert torch.equal((found[index] * 255).round().to(torch.uint8), images.pixels(index))


@pytest.mark.parametrize("settings", [{"batch_size": 5}, {"num_workers": 1}, {"batch_size": 20}], ids=str)
def test_augmented_images_are_the_same_however_they_are_loaded(settings: dict[str, int]) -> None:
    augmentation = SmallAffine()
    reference = by_index(collected(digits(augmentation=augmentation))["train"], "image")
    other = by_index(collected(digits(augmentation=augmentation, **settings))["train"], "image")
    for index in range(20):
        torch.testing.assert_close(reference[index], other[index], atol=1e-6, rtol=0)


def test_two_epochs_are_augmented_apart_and_evaluation_never() -> None:
    seen = collected(digits(augmentation=SmallAffine()), max_epochs=2)
    first, second = by_index(seen["train"][:5], "image"), by_index(seen["train"][5:], "image")
    assert not any(torch.equal(first[index], second[index]) for index in range(20))
    plain, augmented = (
        by_index(collected(digits(augmentation=each))["test"], "image") for each in (None, SmallAffine())
    )
    assert all(torch.equal(plain[index], augmented[index]) for index in plain)


def test_the_order_depends_on_the_seed() -> None:
    one, other = (torch.cat([b["index"] for b in collected(digits(seed=seed))["train"]]) for seed in (0, 1))
    assert not torch.equal(one, other)


def draws(count: int) -> Draws:
    index = torch.arange(count)
    return Draws(0, "train", torch.zeros_like(index), index)


def test_crops_are_windows_of_the_framed_image() -> None:
    image = torch.rand(40, 2, 6, 5)
    changed = CropAndFlip(2, flip=False)(image, draws(40))
    framed = torch.nn.functional.pad(image, (2, 2, 2, 2))
    places = set()
    for one, whole in zip(changed, framed, strict=True):
        (place,) = [(y, x) for y in range(5) for x in range(5) if torch.equal(one, whole[:, y : y + 6, x : x + 5])]
        places.add(place)
    assert len(places) > 12
    flipped = CropAndFlip(0)(image, draws(40))
    mirrored = [torch.equal(one, whole.flip(2)) for one, whole in zip(flipped, image, strict=True)]
    same = [torch.equal(one, whole) for one, whole in zip(flipped, image, strict=True)]
    assert all(a != b for a, b in zip(mirrored, same, strict=True))
    assert 8 < sum(mirrored) < 32


@pytest.mark.parametrize("name", ["degrees", "pixels", "stretch", "slant"])
def test_each_part_of_the_affine_change_counts(name: str) -> None:
    image = torch.rand(6, 1, 16, 16)
    nothing = {"degrees": 0.0, "pixels": 0.0, "stretch": 0.0, "slant": 0.0}
    torch.testing.assert_close(SmallAffine(**nothing)(image, draws(6)), image, atol=1e-5, rtol=0)
    changed = SmallAffine(**nothing | {name: 0.5})(image, draws(6))
    assert (changed - image).abs().amax(dim=(1, 2, 3)).min() > 1e-3


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda: CropAndFlip(-1), "CropAndFlip frame_width=-1: give 0 or more."),
        (lambda: SmallAffine(degrees=-1), "SmallAffine degrees=-1: give 0 or more."),
        (lambda: SmallAffine(stretch=1.0), "SmallAffine stretch=1.0: give 0 or more, below 1."),
        (lambda: digits(batch_size=0), "batch_size=0: give 1 or more."),
    ],
)
def test_options_that_cannot_be_are_refused(build: Any, told: str) -> None:
    with pytest.raises(UserError) as error:
        build()
    assert str(error.value) == told


def labelled(root: Path, *sizes: tuple[int, int]) -> Path:
    for number, size in enumerate(sizes):
        for kind in ("cat", "dog"):
            (root / kind).mkdir(parents=True, exist_ok=True)
            write_image(root / kind / f"{number}.png", *size, seed=number)
    return root


def test_a_folder_of_mixed_sizes_is_one_line_and_a_side_cures_it(tmp_path: Path) -> None:
    root = labelled(tmp_path / "pets", (16, 16), (16, 20), (24, 16), (16, 16), (18, 18))
    module = LabelledData(LabelledFolder(root))
    with pytest.raises(UserError, match=r"\.png \(.*\) have different sizes .*: set source\.side=16, or "):
        module.setup("fit")
    LabelledData(LabelledFolder(root, side=16)).setup("fit")


def test_images_without_labels_are_one_line(photographs: Path) -> None:
    with pytest.raises(UserError, match=r"^Folder has no labels, which a classifier needs: give a "):
        LabelledData(Folder(photographs)).setup("fit")


def test_an_augmentation_is_an_interface() -> None:
    with pytest.raises(TypeError):
        Augmentation()  # type: ignore[abstract]
