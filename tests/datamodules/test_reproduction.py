"""The same pairs to the bit whatever loads them: workers, ranks, batches, a resumed run."""

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from deblur_lightning.datamodules.crops import RandomCrops
from deblur_lightning.datamodules.sampler import VisitSampler
from deblur_lightning.datamodules.synthetic import SyntheticBlur
from deblur_lightning.degradations.base import degrade
from deblur_lightning.sources.folder import Folder
from tests.conftest import write_image
from tests.helpers.families import DEGRADATIONS

Samples = dict[tuple[int, int], tuple[Tensor, Tensor, Tensor]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for split in ("train", "val", "test"):
        (tmp_path / split).mkdir()
        for i in range(13 if split == "train" else 1):
            write_image(tmp_path / split / f"{i:02d}.png", height=60 + i, width=64, seed=i)
    return tmp_path


def samples(folder: Path, *, batch: int = 4, workers: int = 0, ranks: int = 1, start: int = 0) -> Samples:
    """Sharp, blurred and PSF of every training sample of two visits, by visit and index."""
    data = SyntheticBlur(Folder(folder), DEGRADATIONS["mixture"](), crop_size=24, batch_size=batch)
    data.setup("fit")
    crops = RandomCrops(data.images["train"], side=24 + 2 * data.margin, flips=True, seed=0)
    found: Samples = {}
    for rank in range(ranks):
        sampler = VisitSampler(data.images["train"], length=26, seed=0, rank=rank, world_size=ranks)
        sampler.resume_at(0, start)
        for loaded in DataLoader(crops, batch, sampler=sampler, num_workers=workers):
            pairs = degrade(
                data.degradation,
                loaded,  # type: ignore[arg-type]
                seed=0,
                split="train",
                trim=data.margin,
                rounding=False,
            )
            keys = zip(loaded["visit"].tolist(), loaded["index"].tolist(), strict=True)  # type: ignore[index]
            found.update(zip(keys, zip(pairs["sharp"], pairs["blurred"], pairs["psf"], strict=True), strict=True))
    return found


def assert_alike(one: Samples, other: Samples) -> None:
    for key, (sharp, blurred, psf) in one.items():
        assert torch.equal(sharp, other[key][0])
        assert torch.equal(psf, other[key][2])
        torch.testing.assert_close(blurred, other[key][1], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "settings",
    [{"batch": 1}, {"batch": 7}, {"batch": 26}, {"workers": 2}, {"ranks": 2}, {"batch": 1, "ranks": 2, "workers": 1}],
    ids=str,
)
def test_samples_are_the_same_however_they_are_loaded(folder: Path, settings: dict[str, int]) -> None:
    reference, other = samples(folder), samples(folder, **settings)
    assert len(reference) == len(other) == 26
    assert_alike(reference, other)


@pytest.mark.parametrize("start", [4, 12, 20])
def test_a_resumed_epoch_goes_on_with_the_same_samples(folder: Path, start: int) -> None:
    rest = samples(folder, start=start)
    assert len(rest) == 26 - start
    assert_alike(rest, samples(folder))


@pytest.mark.parametrize("workers", [0, 2])
def test_two_visits_and_two_workers_give_different_crops_and_blurs(folder: Path, workers: int) -> None:
    found = samples(folder, workers=workers)
    for index in range(13):
        assert not torch.equal(found[0, index][0], found[1, index][0])
    crops = [sharp for sharp, _, _ in found.values()]
    assert not any(torch.equal(a, b) for i, a in enumerate(crops) for b in crops[:i])
    known = {psf.numpy().tobytes() for _, _, psf in found.values()}
    assert len(known) > 10
