"""Progressive sizes: crops and batches change at the epochs told, and an epoch keeps its number of batches."""

from pathlib import Path

import pytest
import torch

from deblur_lightning.datamodules.restoration import CropStage
from deblur_lightning.datamodules.sampler import VisitSampler
from deblur_lightning.errors import UserError
from tests.helpers.collecting import Collector
from tests.helpers.small import data, trainer

STAGES = [CropStage(epoch=1, crop_size=40, batch_size=2), CropStage(epoch=3, crop_size=48, batch_size=1)]


@pytest.mark.parametrize("workers", [0, 1])
def test_sizes_change_at_the_epochs_told(photographs: Path, workers: int) -> None:
    module = data(photographs, progressive=STAGES, num_workers=workers, batch_size=4)
    collector = Collector()
    trainer(Path(), max_epochs=4).fit(collector, module)
    sizes = [tuple(batch["sharp"].shape) for batch in collector.seen["train"]]
    assert sizes == [(4, 3, 32, 32)] * 3 + [(2, 3, 40, 40)] * 6 + [(1, 3, 48, 48)] * 3
    indices = torch.cat([batch["index"] for batch in collector.seen["train"]]).tolist()
    assert sorted(indices[:12]) == sorted(indices[12:24]) == list(range(12))  # an image comes again after all others
    assert module.training_keys(2, 1) == [(1, index) for index in indices[20:22]]


def test_a_batch_can_be_made_again(photographs: Path) -> None:
    module = data(photographs, progressive=STAGES[:1])
    collector, runner = Collector(), trainer(Path(), max_epochs=2, limit_val_batches=0)
    runner.fit(collector, module)
    runner.training = True
    again = module.rebuild_batch("train", module.training_keys(1, 2))
    assert torch.equal(again["blurred"], collector.seen["train"][-1]["blurred"])


def test_ranks_share_each_batch_of_every_stage() -> None:
    def keys(rank: int, ranks: int, size: int) -> list[list[tuple[int, int]]]:
        sampler = VisitSampler(range(10), length=12, seed=0, rank=rank, world_size=ranks, later={1: 6, 2: 18})
        found = []
        for epoch in range(4):
            sampler.set_epoch(epoch)
            found += list(sampler)
        return [found[start : start + size] for start in range(0, len(found), size)]

    for alone, *parts in zip(keys(0, 1, 2), keys(0, 2, 1), keys(1, 2, 1), strict=True):
        assert alone == [key for part in parts for key in part]


@pytest.mark.parametrize(
    ("stage", "told"),
    [
        (CropStage(0, 40, 2), "progressive epoch=0: give epochs above 0, each above the last."),
        (CropStage(2, 0, 2), "progressive crop_size=0: give 1 or more."),
        (CropStage(2, 40, 0), "progressive batch_size=0: give 1 or more."),
    ],
)
def test_mistakes_are_told(photographs: Path, stage: CropStage, told: str) -> None:
    with pytest.raises(UserError, match=f"^{told}$"):
        data(photographs, progressive=[stage])


def test_the_largest_crop_must_fit(photographs: Path) -> None:
    module = data(photographs, progressive=[CropStage(5, 100, 1)])
    with pytest.raises(UserError, match=r"^crop_size=100 is larger than [^\n]* \(72x80 pixels\)"):
        module.setup("fit")
