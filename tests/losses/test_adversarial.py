"""The games: their values by hand, and gradients that push each player the right way."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError
from deblur_lightning.losses.adversarial import (
    AdversarialLoss,
    CrossEntropyGAN,
    HingeGAN,
    LeastSquaresGAN,
    RelativisticAverageGAN,
    WassersteinGP,
)

GAMES = (CrossEntropyGAN, HingeGAN, LeastSquaresGAN, RelativisticAverageGAN, WassersteinGP)


def maps(seed: int, spread: float = 1.0, level: float = 0.0) -> list[Tensor]:
    """Logits of two scales that differ in size and in level, so that pooling them all would show.

    Least squares pull down only what lies above 0, up only what lies below 1: ``spread`` and ``level`` keep all there.
    """
    generator = torch.Generator().manual_seed(seed)
    shapes = ((2, 1, 10, 10), (2, 1, 4, 3))
    return [
        level + spread * (torch.randn(shape, generator=generator) + 2 * scale) for scale, shape in enumerate(shapes)
    ]


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


@pytest.mark.parametrize("game", GAMES)
def test_descent_raises_what_the_generator_wants_high(game: type[AdversarialLoss]) -> None:
    fake = [logits.requires_grad_() for logits in maps(1, 0.05, 0.3)]
    game().generator(fake, maps(0, 0.05, 0.3)).backward()
    for logits in fake:
        assert logits.grad is not None
        assert (logits.grad < 0).all()


@pytest.mark.parametrize("game", GAMES)
def test_descent_parts_real_from_fake(game: type[AdversarialLoss]) -> None:
    real, fake = ([logits.requires_grad_() for logits in maps(seed, 0.05, 0.3)] for seed in (0, 1))
    game().discriminator(real, fake).backward()
    for high, low in zip(real, fake, strict=True):
        assert high.grad is not None
        assert low.grad is not None
        assert (high.grad < 0).all()
        assert (low.grad > 0).all()


def by_scale(real: list[Tensor], fake: list[Tensor], value: Any) -> Tensor:
    """The mean over the two scales of what ``value`` makes of each."""
    return sum(value(r, f) for r, f in zip(real, fake, strict=True)) / 2  # type: ignore[no-any-return]


def test_values_of_the_other_games() -> None:
    real, fake = maps(0), maps(1)
    squares = by_scale(real, fake, lambda r, f: ((r - 1) ** 2).mean() + (f**2).mean()) / 2
    torch.testing.assert_close(LeastSquaresGAN().discriminator(real, fake), squares)
    pulled = by_scale(real, fake, lambda r, f: ((f - 1) ** 2).mean()) / 2
    torch.testing.assert_close(LeastSquaresGAN().generator(fake), pulled)
    hinges = by_scale(real, fake, lambda r, f: (1 - r).clamp(min=0).mean() + (1 + f).clamp(min=0).mean())
    torch.testing.assert_close(HingeGAN().discriminator(real, fake), hinges)
    height = by_scale(real, fake, lambda r, f: f.mean())
    torch.testing.assert_close(HingeGAN().generator(fake), -height)
    difference = by_scale(real, fake, lambda r, f: f.mean() - r.mean())
    torch.testing.assert_close(WassersteinGP().discriminator(real, fake), difference)
    torch.testing.assert_close(WassersteinGP().generator(fake), -height)

    def relative(high: Tensor, low: Tensor) -> Tensor:
        more, less = (high - low.mean()).sigmoid(), (low - high.mean()).sigmoid()
        return -(more.log().mean() + (1 - less).log().mean()) / 2

    game = RelativisticAverageGAN()
    torch.testing.assert_close(game.discriminator(real, fake), by_scale(real, fake, relative))
    torch.testing.assert_close(game.generator(fake, real), by_scale(fake, real, relative))


class Plane(nn.Module):
    """A critic whose slope is its weight, everywhere."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, image: Tensor) -> list[Tensor]:
        return [(self.weight * image).sum(dim=(1, 2, 3))[:, None]] * 2


def draws(index: list[int], visit: int = 0) -> Draws:
    positions = torch.tensor(index)
    return Draws(0, "train", torch.full_like(positions, visit), positions)


def test_the_penalty_of_a_known_slope() -> None:
    torch.manual_seed(0)
    weight = torch.rand(3, 5, 5)
    critic = Plane(weight.clone())
    sharp, restored = torch.rand(2, 4, 3, 5, 5)
    norm = weight.norm()
    penalty = WassersteinGP(slope_weight=7.0).penalty(critic, sharp, restored, draws([0, 1, 2, 3]))
    torch.testing.assert_close(penalty, 7 * (norm - 1) ** 2)
    penalty.backward()
    assert critic.weight.grad is not None
    torch.testing.assert_close(critic.weight.grad, 14 * (norm - 1) * weight / norm)
    unit = Plane(weight / norm)
    flat = WassersteinGP().penalty(unit, sharp, restored, draws([0, 1, 2, 3]))
    assert flat.item() == pytest.approx(0, abs=1e-6)


class Recorder(Plane):
    """Keeps the images it judges."""

    def forward(self, image: Tensor) -> list[Tensor]:
        self.seen = image.detach()
        return super().forward(image)


def test_the_penalty_is_taken_between_the_images_at_places_drawn_by_counter() -> None:
    critic = Recorder(torch.ones(3, 5, 5))
    sharp, restored = torch.ones(4, 3, 5, 5), torch.zeros(4, 3, 5, 5)

    def parts(index: list[int], visit: int = 0) -> Tensor:
        WassersteinGP().penalty(critic, sharp[: len(index)], restored[: len(index)], draws(index, visit))
        assert (critic.seen == critic.seen[:, :1, :1, :1]).all()
        return critic.seen[:, 0, 0, 0]

    whole = parts([5, 6, 7, 8])
    assert whole.unique().numel() == 4
    assert ((whole > 0) & (whole < 1)).all()
    assert torch.equal(parts([7, 8]), whole[2:])  # another process's share
    assert not torch.equal(parts([5, 6, 7, 8], visit=1), whole)


def test_only_one_game_has_a_penalty() -> None:
    image = torch.rand(2, 3, 5, 5)
    for game in (CrossEntropyGAN(), HingeGAN(), LeastSquaresGAN(), RelativisticAverageGAN()):
        assert game.penalty(Plane(torch.ones(3, 5, 5)), image, image, draws([0, 1])) is None
    with pytest.raises(UserError, match="WassersteinGP slope_weight=0: give a number above 0"):
        WassersteinGP(0)


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
