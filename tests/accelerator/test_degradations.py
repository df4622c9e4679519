"""Blurs on the device: the host's images, made without waiting for the device or mixing it with the host."""

from collections import Counter

import pytest
import torch

from deblur_lightning.batch import SharpBatch
from deblur_lightning.degradations.base import degrade
from tests.helpers.accelerator import DeviceTensor, MixedDevicesError, Watch, device
from tests.helpers.families import DEGRADATIONS, images


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_a_batch_is_the_host_s_and_nothing_waits(name: str) -> None:
    degradation = DEGRADATIONS[name]()
    sharp = (images(5, 3, 64, 64) * 255).to(torch.uint8)
    batch: SharpBatch = {"sharp": sharp, "index": torch.arange(5), "visit": torch.zeros(5, dtype=torch.int64)}
    wanted = degrade(degradation, batch, seed=0, split="train", trim=0, rounding=False)
    with Watch() as watch:
        there: SharpBatch = {**batch, "sharp": sharp.to(device())}
        made = degrade(degradation.to(device()), there, seed=0, split="train", trim=0, rounding=False)
    assert watch.waits == {}
    for key, value in made.items():
        assert isinstance(value, DeviceTensor), key
        torch.testing.assert_close(value.held, wanted[key], rtol=0, atol=1e-5)  # type: ignore[literal-required]


def test_the_tool_sees_mixtures_and_waits() -> None:
    with Watch() as watch:
        there = torch.rand(3, 4).to(device())
        assert there.device == device()
        with pytest.raises(MixedDevicesError, match=r"\(3, 4\)\] are on the host"):
            there + torch.rand(3, 4)
        assert watch.waits == {}
        there.sum().item()
        there.cpu()
        there[there > 0.5]
        torch.rand(3, 4).copy_(there)
    kinds = Counter(place.partition(" in ")[0] for place in watch.waits.elements())
    assert kinds == {"aten._local_scalar_dense": 1, "aten._to_copy": 1, "aten.index": 1, "aten.copy_": 1}
    assert all("test_degradations.py:" in place for place in watch.waits)
