"""Training loops as one would write them by hand, over ready tensors: what the package's own training is held against.

Each is a generator that learns from one batch at every ``next``.
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


Taken = Callable[[nn.Module], nn.Module]
"""What a loop makes of a model's network: a copy, or the network itself."""


def by_hand(model: Restorer, pairs: Pairs, clip_norm: float | None, taken: Taken = deepcopy) -> Iterator[Tensor]:
    """The loop that learns what ``model`` does, with its networks as they are ``taken``; yields the loss."""
    if isinstance(model, AdversarialRestorer):
        return adversarial(model, pairs, taken)
    if isinstance(model, RegressionRestorer):
        return regression(model, pairs, clip_norm, taken)
    assert isinstance(model, SRCNNRestorer)
    return srcnn(model, pairs, taken)


def srcnn(model: SRCNNRestorer, pairs: Pairs, taken: Taken) -> Iterator[Tensor]:
    """The mean squared error by Adam."""
    network = taken(model.network)
    optimizer = Adam(network.parameters(), lr=model.lr)
    for step in count():
        blurred, sharp = pairs[step % len(pairs)]
        loss = F.mse_loss(network(blurred), sharp)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.detach()


def regression(model: RegressionRestorer, pairs: Pairs, clip_norm: float | None, taken: Taken) -> Iterator[Tensor]:
    """The model's loss by AdamW, with a clipped gradient and torch's own average of the weights."""
    network = taken(model.network)
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


def adversarial(model: AdversarialRestorer, pairs: Pairs, taken: Taken) -> Iterator[Tensor]:
    """The model's losses by two Adams, each network on the batches that are its turn."""
    assert model.discriminator is not None
    generator, judge = taken(model.network), taken(model.discriminator)
    for_generator = Adam(generator.parameters(), lr=model.lr, betas=model.betas, fused=True)
    for_judge = Adam(judge.parameters(), lr=model.discriminator_lr, betas=model.betas, fused=True)
    for step in count():
        blurred, sharp = pairs[step % len(pairs)]
        turn, judges_turn = model.cadence.updates(step)
        with torch.set_grad_enabled(turn):
            restored = generator(blurred)
        if judges_turn:
            loss = model.adversarial.discriminator(judge(sharp), judge(restored.detach()))
            for_judge.zero_grad()
            loss.backward()
            for_judge.step()
        if turn:
            judge.requires_grad_(False)
            loss = model.adversarial_weight * model.adversarial.generator(judge(restored))
            loss = loss + sum(term(restored, sharp) for term in model.reconstruction)
            for_generator.zero_grad()
            loss.backward()
            for_generator.step()
            judge.requires_grad_(True)
        yield loss.detach()
