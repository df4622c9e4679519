"""Training loops in plain torch over ready tensors, which the package's own training is compared with.

Each is a generator that trains on one batch at every ``next``.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import count

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam, AdamW
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from deblur_lightning.methods.adversarial import AdversarialRestorer
from deblur_lightning.methods.base import Restorer
from deblur_lightning.methods.regression import RegressionRestorer
from deblur_lightning.methods.srcnn import SRCNNRestorer

Pairs = list[tuple[Tensor, Tensor]]
"""Blurred and sharp images of some batches, (B, C, H, W) float32 each, on their device."""


Take = Callable[[nn.Module], nn.Module]
"""How a loop takes a model's network: as a copy, or the network itself."""


def by_hand(model: Restorer, pairs: Pairs, clip_norm: float | None, take: Take = deepcopy) -> Iterator[Tensor]:
    """The loop that trains as ``model`` does, on the networks that ``take`` gives; yields the loss."""
    if isinstance(model, AdversarialRestorer):
        return adversarial(model, pairs, take)
    if isinstance(model, RegressionRestorer):
        return regression(model, pairs, clip_norm, take)
    assert isinstance(model, SRCNNRestorer)
    return srcnn(model, pairs, take)


def srcnn(model: SRCNNRestorer, pairs: Pairs, take: Take) -> Iterator[Tensor]:
    """The mean squared error by Adam."""
    network = take(model.network)
    optimizer = Adam(network.parameters(), lr=model.lr)
    for step in count():
        blurred, sharp = pairs[step % len(pairs)]
        loss = F.mse_loss(network(blurred), sharp)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.detach()


def regression(model: RegressionRestorer, pairs: Pairs, clip_norm: float | None, take: Take) -> Iterator[Tensor]:
    """The model's loss by AdamW, with a clipped gradient and torch's own average of the weights."""
    network = take(model.network)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.999)) if model.average else None
    optimizer = AdamW(network.parameters(), lr=model.lr, betas=model.betas, weight_decay=model.weight_decay)
    for step in count():
        blurred, sharp = pairs[step % len(pairs)]
        loss = model.loss(network(blurred), sharp)
        optimizer.zero_grad()
        loss.backward()
        if clip_norm:
            nn.utils.clip_grad_norm_(network.parameters(), clip_norm)
        optimizer.step()
        if average is not None:
            average.update_parameters(network)
        yield loss.detach()


def adversarial(model: AdversarialRestorer, pairs: Pairs, take: Take) -> Iterator[Tensor]:
    """The model's losses by two Adams, each network on the batches that are its turn."""
    assert model.discriminator is not None
    generator, discriminator = take(model.network), take(model.discriminator)
    for_generator = Adam(generator.parameters(), lr=model.lr, betas=model.betas, fused=True)
    for_discriminator = Adam(discriminator.parameters(), lr=model.discriminator_lr, betas=model.betas, fused=True)
    for step in count():
        blurred, sharp = pairs[step % len(pairs)]
        turn, discriminator_turn = model.cadence.updates(step)
        with torch.set_grad_enabled(turn):
            restored = generator(blurred)
        if discriminator_turn:
            loss = model.adversarial.discriminator(discriminator(sharp), discriminator(restored.detach()))
            for_discriminator.zero_grad()
            loss.backward()
            for_discriminator.step()
        if turn:
            discriminator.requires_grad_(False)
            loss = model.adversarial_weight * model.adversarial.generator(discriminator(restored))
            loss = loss + sum(term(restored, sharp) for term in model.reconstruction)
            for_generator.zero_grad()
            loss.backward()
            for_generator.step()
            discriminator.requires_grad_(True)
        yield loss.detach()
