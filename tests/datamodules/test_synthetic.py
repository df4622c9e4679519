"""The data module: what a model is given, in training and in evaluation."""

from pathlib import Path
from typing import Any

import pytest
import torch

from deblur_lightning.batch import RestorationBatch, SharpBatch
from deblur_lightning.callbacks.pictures import ComparisonPictures
from deblur_lightning.callbacks.predictions import PredictionWriter
from deblur_lightning.callbacks.scores import ScoreWriter
from deblur_lightning.datamodules.synthetic import SyntheticBlur
from deblur_lightning.degradations.base import Degradation
from deblur_lightning.degradations.downsampling import Downsampling
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError
from deblur_lightning.methods.srcnn import SRCNNRestorer
from deblur_lightning.metrics.psnr_ssim import SMALLEST_FOR_SSIM
from deblur_lightning.networks.srcnn import SRCNN
from deblur_lightning.records import read_scores
from deblur_lightning.sources.folder import Folder
from deblur_lightning.sources.paired_folder import PairedFolder
from deblur_lightning.sources.torchvision_sets import MNIST
from tests.conftest import write_image
from tests.helpers.collecting import all_of, collected
from tests.helpers.small import trainer
from tests.helpers.standins import accept_small_sets, write_mnist, write_pairs


def data(root: Path, degradation: Degradation | None = None, **settings: Any) -> SyntheticBlur:
    settings = {"crop_size": 32, "batch_size": 4, "num_workers": 0} | settings
    return SyntheticBlur(Folder(root), degradation or MotionBlur(), **settings)


def test_training_gives_crops_and_evaluation_whole_images(photographs: Path) -> None:
    seen = collected(data(photographs))
    assert [tuple(batch["sharp"].shape) for batch in seen["train"]] == [(4, 3, 32, 32)] * 3
    assert [tuple(batch["blurred"].shape) for batch in seen["test"]] == [(1, 3, 72, 80)] * 3
    assert all_of(seen["val"], "index").tolist() == [0, 1, 2]


def test_the_crop_s_border_saw_real_pixels(photographs: Path) -> None:
    """The blurred crop is the sharp one convolved with its PSF where it is known, and more than that at its edges."""
    batch = collected(data(photographs, flips=False, rounding=False))["train"][0]
    sharp, psf = batch["sharp"], batch["psf"]
    again = torch.stack(
        [
            torch.conv2d(image[:, None], kernel.flip(0, 1)[None, None])[:, 0]
            for image, kernel in zip(sharp, psf, strict=True)
        ]
    )
    assert torch.allclose(again, batch["blurred"][..., 7:-7, 7:-7], atol=1e-5)
    reflected = torch.nn.functional.pad(sharp, (7, 7, 7, 7), mode="reflect")
    edges = torch.stack(
        [
            torch.conv2d(image[:, None], kernel.flip(0, 1)[None, None])[:, 0]
            for image, kernel in zip(reflected, psf, strict=True)
        ]
    )
    assert not torch.allclose(edges, batch["blurred"], atol=1e-3)


def test_whole_images_are_reduced_in_training_as_in_evaluation(tmp_path: Path) -> None:
    """Without mirrored surroundings, which no test has: all of a small image is near its border."""
    for split in ("train", "val", "test"):
        (tmp_path / split).mkdir()
        for number in range(4):
            write_image(tmp_path / split / f"{number}.png", 32, 32, seed=number)
    batch = collected(data(tmp_path, Downsampling(4), rounding=False))["train"][0]
    again = Downsampling(4)(batch["sharp"], Draws(0, "train", batch["index"], batch["index"])).blurred
    torch.testing.assert_close(batch["blurred"], again, rtol=0, atol=1e-6)


def test_evaluation_ignores_the_training_seed_and_training_does_not(photographs: Path) -> None:
    one, other = collected(data(photographs, seed=1)), collected(data(photographs, seed=2))
    assert torch.equal(all_of(one["test"], "blurred"), all_of(other["test"], "blurred"))
    assert not torch.equal(all_of(one["train"], "blurred"), all_of(other["train"], "blurred"))


def test_validation_and_test_draw_apart(photographs: Path) -> None:
    seen = collected(data(photographs))
    assert not torch.equal(all_of(seen["val"], "psf"), all_of(seen["test"], "psf"))


def test_two_epochs_and_two_visits_give_different_crops_and_blurs(photographs: Path) -> None:
    batches = collected(data(photographs), max_epochs=2)["train"]
    first, second = batches[:3], batches[3:]
    order = [all_of(part, "index").argsort() for part in (first, second)]
    for key in ("sharp", "psf"):
        assert not torch.equal(all_of(first, key)[order[0]], all_of(second, key)[order[1]])


@pytest.mark.parametrize(("batches", "each"), [(1, 1), (0.7, 2)])
def test_overfitting_meets_the_same_batches_in_every_epoch(photographs: Path, batches: int | float, each: int) -> None:
    """Two of them are seven tenths of three, rounded down."""
    seen = collected(data(photographs), max_epochs=3, overfit_batches=batches)
    assert len(seen["train"]) == 3 * each
    for number, batch in enumerate(seen["train"]):
        for key in ("index", "sharp", "blurred"):
            assert torch.equal(batch[key], seen["train"][number % each][key])  # type: ignore[literal-required]
    assert all_of(seen["val"], "index").unique().numel() == each


def test_rounding_can_be_turned_off(photographs: Path) -> None:
    def is_8_bit(batch: RestorationBatch) -> bool:
        levels = batch["blurred"] * 255
        return torch.allclose(levels, levels.round(), atol=1e-4)

    assert is_8_bit(collected(data(photographs))["train"][0])
    module = data(photographs, rounding=False)
    assert not is_8_bit(collected(module)["train"][0])
    assert (module.conditions.rounding, data(photographs).conditions.rounding) == ("none", "8-bit")


def test_epoch_length_sets_the_number_of_batches(photographs: Path) -> None:
    assert len(collected(data(photographs, epoch_length=40))["train"]) == 10


@pytest.mark.parametrize(
    ("settings", "culprit"),
    [
        ({"crop_size": 73}, "crop_size=73 is larger than train/00.png (72x80 pixels)"),
        ({"batch_size": 13}, "epoch_length=13"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"epoch_length": 0}, "epoch_length=0"),
        ({"num_workers": -1}, "num_workers=-1"),
    ],
)
def test_what_cannot_work_is_refused_with_the_cure(photographs: Path, settings: dict[str, int], culprit: str) -> None:
    with pytest.raises(UserError, match=r"^[^\n]*$") as error:
        collected(data(photographs, **settings))
    assert culprit in str(error.value)


@pytest.mark.parametrize(("split", "size"), [("val", (14, 40)), ("test", (40, 5))])
def test_an_image_too_small_to_score_is_named_at_the_start(
    split: str, size: tuple[int, int], photographs: Path
) -> None:
    write_image(photographs / split / "99.png", *size, seed=5)
    module = data(photographs)
    with pytest.raises(UserError, match=rf"^{split}/99\.png \({size[0]}x{size[1]} pixels\) is too small.* below 15 "):
        module.setup("fit" if split == "val" else "test")


def test_a_model_in_float64_gets_float64(photographs: Path) -> None:
    assert collected(data(photographs), precision="64-true")["train"][0]["blurred"].dtype == torch.float64
    assert collected(data(photographs), precision="bf16-mixed")["train"][0]["blurred"].dtype == torch.float32


def test_images_of_two_sizes_cannot_share_an_evaluation_batch(photographs: Path) -> None:
    write_image(photographs / "val" / "99.png", 64, 64, seed=5)
    with pytest.raises(UserError, match="eval_batch_size=1"):
        collected(data(photographs, eval_batch_size=2))


def test_the_smallest_image_that_can_be_scored_is_the_stricter_limit_of_two(photographs: Path) -> None:
    assert data(photographs, MotionBlur(length=(1.0, 1.0))).smallest == SMALLEST_FOR_SSIM
    assert data(photographs, MotionBlur(length=(9.0, 9.0))).smallest == 9


def test_counters_stay_on_the_host(photographs: Path) -> None:
    batch: SharpBatch = {
        "sharp": torch.zeros(2, 3, 8, 8, dtype=torch.uint8),
        "index": torch.tensor([3, 4]),
        "visit": torch.tensor([0, 1]),
    }
    moved = data(photographs).transfer_batch_to_device(batch, torch.device("meta"), 0)
    assert moved["sharp"].device.type == "meta"
    assert (moved["index"].tolist(), moved["visit"].tolist()) == ([3, 4], [0, 1])


def test_pairs_serve_by_their_sharp_images(tmp_path: Path) -> None:
    write_pairs(tmp_path, *(f"{split}/{i}.png" for split in ("train", "val", "test") for i in range(4)))
    source = PairedFolder(tmp_path)
    batch = collected(SyntheticBlur(source, MotionBlur(), crop_size=32, batch_size=4, num_workers=0))["test"][0]
    assert torch.equal(batch["sharp"][0], source.split("test").pixels(0) / 255)
    assert batch["psf_known"].all()


def test_grey_images_are_trained_on_scored_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accept_small_sets(monkeypatch)
    write_mnist(tmp_path, per_file=6)
    module = SyntheticBlur(MNIST(tmp_path), MotionBlur(), crop_size=28, batch_size=2, eval_batch_size=2, num_workers=0)
    model = SRCNNRestorer(SRCNN(kernels=[3, 3], widths=[4], channels=1))
    runner = trainer(tmp_path, callbacks=[ComparisonPictures(), ScoreWriter(), PredictionWriter()])
    runner.fit(model, module)
    runner.test(model, module, verbose=False)
    runner.predict(model, module, return_predictions=False)
    assert (tmp_path / "pictures" / "test.png").is_file()
    assert {record.image for record in read_scores(tmp_path / "scores.csv")} == {
        f"mnist-test-{i:05d}" for i in range(6)
    }
    assert len(list((tmp_path / "predictions").iterdir())) == 6
