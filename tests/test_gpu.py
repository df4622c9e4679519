"""On a GPU: draws to the bit, blurs as on the host."""

from dataclasses import replace

import pytest
import torch

from deblur_lightning.draws import Draws
from tests.helpers.families import DEGRADATIONS, draws_for, images

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")]


def test_draws_are_the_same_to_the_bit() -> None:
    index = torch.arange(1000)
    draws = Draws(seed=0, split="train", visit=torch.zeros_like(index), index=index)
    there = replace(draws, visit=draws.visit.cuda(), index=draws.index.cuda())
    assert torch.equal(there.bits("s").cpu(), draws.bits("s"))
    assert torch.equal(there.uniform("s", 7, 15).cpu(), draws.uniform("s", 7, 15))
    assert torch.equal(there.integers("s", -4, 9).cpu(), draws.integers("s", -4, 9))


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_a_batch_is_the_host_s(name: str) -> None:
    sharp = images(5, 3, 64, 64)
    here = DEGRADATIONS[name]()(sharp, draws_for(5))
    there = DEGRADATIONS[name]().cuda()(sharp.cuda(), draws_for(5))
    allowed = 2 / 255 if name in ("jpeg", "chain") else 1e-4  # a level may be rounded the other way
    torch.testing.assert_close(there.blurred.cpu(), here.blurred, rtol=0, atol=allowed)
    torch.testing.assert_close(there.psf.cpu(), here.psf, rtol=0, atol=1e-6)
    assert torch.equal(there.psf_known.cpu(), here.psf_known)
