"""Adversarial losses: what the discriminator and the generator minimise, as functions of logits."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class AdversarialLoss(nn.Module, ABC):
    """The two sides of a game over logit maps, one map of any shape for each scale."""

    @abstractmethod
    def discriminator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """The discriminator's loss, a scalar: low when ``real`` maps are high and ``fake`` maps low."""

    @abstractmethod
    def generator(self, fake: Sequence[Tensor]) -> Tensor:
        """The generator's loss, a scalar: low when ``fake`` maps are high."""


class CrossEntropyGAN(AdversarialLoss):
    """The non-saturating game of the original GAN (Goodfellow et al., 2014), averaged over the scales."""

    def discriminator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        return (_cross_entropy(real, 1.0) + _cross_entropy(fake, 0.0)) / 2

    def generator(self, fake: Sequence[Tensor]) -> Tensor:
        return _cross_entropy(fake, 1.0)


def _cross_entropy(maps: Sequence[Tensor], target: float) -> Tensor:
    losses = [F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target)) for logits in maps]
    return torch.stack(losses).mean()
