"""Cross-entropy, least-squares, hinge, relativistic and Wasserstein GAN losses."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError

Maps = Sequence[Tensor]
"""The discriminator's outputs, one map of any shape (B, ...) for each scale; every scale counts alike."""


class AdversarialLoss(nn.Module, ABC):
    """The two sides of a game over the discriminator's outputs.

    Attributes:
        relative: whether the generator's side needs the outputs for the sharp images too.
    """

    relative: bool = False

    @abstractmethod
    def discriminator(self, real: Maps, fake: Maps) -> Tensor:
        """The discriminator's loss, a scalar: low when ``real`` maps are high and ``fake`` maps low."""

    @abstractmethod
    def generator(self, fake: Maps, real: Maps = ()) -> Tensor:
        """The generator's loss, a scalar: low when ``fake`` maps are high.

        Args:
            fake: of the restored images.
            real: of the sharp images, only where the game is ``relative``.
        """

    def penalty(
        self, discriminator: Callable[[Tensor], Maps], sharp: Tensor, restored: Tensor, draws: Draws
    ) -> Tensor | None:
        """What is added to the discriminator's loss, a scalar; None for most games.

        Args:
            discriminator: maps images to maps.
            sharp: (B, C, H, W).
            restored: (B, C, H, W), without gradient.
            draws: of the B samples, for what is random.
        """
        return None


@final
class CrossEntropyGAN(AdversarialLoss):
    """The non-saturating game of the original GAN (Goodfellow et al., 2014); outputs are logits.

    Examples:
        >>> import torch
        >>> from deblur_lightning.losses import CrossEntropyGAN
        >>> real, fake = [torch.ones(2, 1, 4, 4)], [torch.zeros(2, 1, 4, 4)]
        >>> round(CrossEntropyGAN().discriminator(real, fake).item(), 3)
        0.503
    """

    def discriminator(self, real: Maps, fake: Maps) -> Tensor:
        return (_cross_entropy(real, 1.0) + _cross_entropy(fake, 0.0)) / 2

    def generator(self, fake: Maps, real: Maps = ()) -> Tensor:
        return _cross_entropy(fake, 1.0)


@final
class LeastSquaresGAN(AdversarialLoss):
    """Half the squared distance to 1 for real, 0 for fake (Mao et al., 2017, its equation 9).

    Examples:
        >>> import torch
        >>> from deblur_lightning.losses import LeastSquaresGAN
        >>> real, fake = [torch.ones(2, 1, 4, 4)], [torch.zeros(2, 1, 4, 4)]
        >>> round(LeastSquaresGAN().discriminator(real, fake).item(), 3)
        0.0
    """

    def discriminator(self, real: Maps, fake: Maps) -> Tensor:
        return (_mean([(x - 1).square() for x in real]) + _mean([x.square() for x in fake])) / 2

    def generator(self, fake: Maps, real: Maps = ()) -> Tensor:
        return _mean([(x - 1).square() for x in fake]) / 2


@final
class HingeGAN(AdversarialLoss):
    """Real outputs below 1 and fake ones above -1 cost the discriminator (Lim and Ye, 2017; Miyato et al., 2018).

    Examples:
        >>> import torch
        >>> from deblur_lightning.losses import HingeGAN
        >>> real, fake = [torch.ones(2, 1, 4, 4)], [torch.zeros(2, 1, 4, 4)]
        >>> round(HingeGAN().discriminator(real, fake).item(), 3)
        1.0
    """

    def discriminator(self, real: Maps, fake: Maps) -> Tensor:
        return _mean([F.relu(1 - x) for x in real]) + _mean([F.relu(1 + x) for x in fake])

    def generator(self, fake: Maps, real: Maps = ()) -> Tensor:
        return -_mean(fake)


@final
class RelativisticAverageGAN(AdversarialLoss):
    """Cross-entropy on how much more real one side looks than the other on average (Jolicoeur-Martineau, 2018).

    The average is over the batch of each process.

    Examples:
        >>> import torch
        >>> from deblur_lightning.losses import RelativisticAverageGAN
        >>> real, fake = [torch.ones(2, 1, 4, 4)], [torch.zeros(2, 1, 4, 4)]
        >>> round(RelativisticAverageGAN().discriminator(real, fake).item(), 3)
        0.313
    """

    relative = True

    def discriminator(self, real: Maps, fake: Maps) -> Tensor:
        return self._game(real, fake)

    def generator(self, fake: Maps, real: Maps = ()) -> Tensor:
        return self._game(fake, real)

    def _game(self, high: Maps, low: Maps) -> Tensor:
        above = [h - x.mean() for h, x in zip(high, low, strict=True)]
        below = [x - h.mean() for h, x in zip(high, low, strict=True)]
        return (_cross_entropy(above, 1.0) + _cross_entropy(below, 0.0)) / 2


@final
class WassersteinGP(AdversarialLoss):
    """The critic's mean difference, with a penalty where its slope is not 1 (Gulrajani et al., 2017).

    The slope is taken on the way from each restored image to its sharp one, at a place that is drawn for each sample.
    A critic with BatchNorm has no slope for a single sample: use one without. The paper updates the critic five times
    for each update of the generator: ``generator_steps=1``, ``discriminator_steps=5``.

    Args:
        slope_weight: of the penalty.

    Raises:
        UserError: ``slope_weight`` is not above 0.

    Examples:
        >>> import torch
        >>> from deblur_lightning.losses import WassersteinGP
        >>> real, fake = [torch.ones(2, 1, 4, 4)], [torch.zeros(2, 1, 4, 4)]
        >>> round(WassersteinGP().discriminator(real, fake).item(), 3)
        -1.0
    """

    def __init__(self, slope_weight: float = 10.0) -> None:
        super().__init__()
        if not 0 < slope_weight < float("inf"):
            raise UserError(f"WassersteinGP slope_weight={slope_weight}: give a number above 0.")
        self.slope_weight = slope_weight

    def discriminator(self, real: Maps, fake: Maps) -> Tensor:
        return _mean(fake) - _mean(real)

    def generator(self, fake: Maps, real: Maps = ()) -> Tensor:
        return -_mean(fake)

    def penalty(self, discriminator: Callable[[Tensor], Maps], sharp: Tensor, restored: Tensor, draws: Draws) -> Tensor:
        part = draws.uniform("interpolate").to(sharp)[:, None, None, None]
        between = torch.lerp(restored.detach(), sharp, part).requires_grad_()
        judged = torch.stack([x.flatten(1).mean(dim=1) for x in discriminator(between)]).mean(dim=0)
        (slope,) = torch.autograd.grad(judged.sum(), between, create_graph=True)
        distance: Tensor = slope.flatten(1).norm(dim=1) - 1
        return self.slope_weight * distance.square().mean()


def _mean(maps: Maps) -> Tensor:
    return torch.stack([x.mean() for x in maps]).mean()


def _cross_entropy(maps: Maps, target: float) -> Tensor:
    return _mean([F.binary_cross_entropy_with_logits(x, torch.full_like(x, target)) for x in maps])
