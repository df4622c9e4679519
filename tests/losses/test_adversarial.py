"""The cross-entropy game: its values by hand, and gradients that push each player the right way."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from deblur_lightning.losses.adversarial import AdversarialLoss, CrossEntropyGAN


def maps(seed: int) -> list[Tensor]:
    """Logits of two scales that differ in size and in level, so that pooling them all would show."""
    generator = torch.Generator().manual_seed(seed)
    shapes = ((2, 1, 10, 10), (2, 1, 4, 3))
    return [torch.randn(shape, generator=generator) + 2 * scale for scale, shape in enumerate(shapes)]


def by_hand(logits: list[Tensor], target: float) -> Tensor:
    means = [F.binary_cross_entropy(x.sigmoid(), torch.full_like(x, target)) for x in logits]
    return (means[0] + means[1]) / 2


def test_values_over_two_scales() -> None:
    real, fake = maps(0), maps(1)
    loss = CrossEntropyGAN()
    torch.testing.assert_close(loss.generator(fake), by_hand(fake, 1.0))
    torch.testing.assert_close(loss.discriminator(real, fake), (by_hand(real, 1.0) + by_hand(fake, 0.0)) / 2)
    assert loss.generator(fake).shape == loss.discriminator(real, fake).shape == ()


def test_undecided_is_log_two() -> None:
    zeros = [torch.zeros(3, 1, 5, 5)]
    loss = CrossEntropyGAN()
    assert loss.generator(zeros).item() == pytest.approx(math.log(2))
    assert loss.discriminator(zeros, zeros).item() == pytest.approx(math.log(2))


def test_descent_raises_what_the_generator_wants_high() -> None:
    fake = [logits.requires_grad_() for logits in maps(1)]
    CrossEntropyGAN().generator(fake).backward()
    for logits in fake:
        assert logits.grad is not None
        assert (logits.grad < 0).all()


def test_descent_parts_real_from_fake() -> None:
    real, fake = ([logits.requires_grad_() for logits in maps(seed)] for seed in (0, 1))
    CrossEntropyGAN().discriminator(real, fake).backward()
    for high, low in zip(real, fake, strict=True):
        assert high.grad is not None
        assert low.grad is not None
        assert (high.grad < 0).all()
        assert (low.grad > 0).all()


def test_a_lost_game_still_teaches_the_generator() -> None:
    """The saturating form, log(1 - D), has no slope where the discriminator is sure."""
    fake = torch.full((1, 1, 4, 4), -50.0, requires_grad=True)
    CrossEntropyGAN().generator([fake]).backward()
    assert fake.grad is not None
    assert fake.grad.sum().item() == pytest.approx(-1)


def test_extreme_logits_stay_finite() -> None:
    for level in (-1e4, 1e4):
        logits = [torch.full((1, 1, 2, 2), level)]
        assert CrossEntropyGAN().generator(logits).isfinite()
        assert CrossEntropyGAN().discriminator(logits, logits).isfinite()


def test_the_contract_is_abstract() -> None:
    with pytest.raises(TypeError, match="abstract"):
        AdversarialLoss()  # type: ignore[abstract]
