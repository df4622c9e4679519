"""The part of a training step that the degradation takes, in the GAN of experiments/deblurgan.yaml."""

import argparse
import statistics

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Adam

from benchmarks.speed.timing import Rounds, Work, interleaved
from deblur_lightning.batch import RestorationBatch, SharpBatch
from deblur_lightning.degradations.base import degrade
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.losses.adversarial import CrossEntropyGAN
from deblur_lightning.networks.patchgan import MultiScalePatchGAN
from deblur_lightning.networks.unet import UNet

WIDTHS = (64, 128, 256, 512)


def share_of_a_step(options: argparse.Namespace) -> str:
    """Milliseconds of making a batch and of a generator step on it, in a sentence."""
    device = torch.device(options.device)
    count, side, widths = (2, 48, (4, 8)) if options.quick else (64, 96, WIDTHS)
    blurring, pair = _blurring(count, side, device)
    step = _generator_step(pair, widths)
    effort = Rounds(1, 0) if options.quick else Rounds(rounds=5, least_seconds=0.2)
    seconds = interleaved({"blurring": blurring, "step": step}, effort, device)
    blur, learn = (statistics.median(seconds[name]) * 1000 for name in ("blurring", "step"))
    return (
        f"A batch of {count} crops of {side}x{side} is blurred in {blur:.1f} ms and learnt from, in a generator step, "
        f"in {learn:.1f} ms: the degradation takes {100 * blur / (blur + learn):.1f} % of the two."
    )


def _blurring(count: int, side: int, device: torch.device) -> tuple[Work, RestorationBatch]:
    blur = MotionBlur(length=(7.0, 15.0))
    full = side + 2 * blur.margin
    sharp = torch.randint(256, (count, 3, full, full), dtype=torch.uint8).to(device)
    batch: SharpBatch = {"sharp": sharp, "index": torch.arange(count), "visit": torch.zeros(count, dtype=torch.int64)}

    def work() -> RestorationBatch:
        return degrade(blur, batch, seed=0, split="train", trim=blur.margin, rounding=True)

    return work, work()


def _generator_step(pair: RestorationBatch, widths: tuple[int, ...]) -> Work:
    device = pair["sharp"].device
    network, judge = UNet(widths=widths).to(device), MultiScalePatchGAN(widths=widths).to(device)
    judge.requires_grad_(False)
    game, optimizer = CrossEntropyGAN(), Adam(network.parameters(), lr=1e-3, fused=True)

    def work() -> Tensor:
        restored = network(pair["blurred"])
        loss = 100 * F.l1_loss(restored, pair["sharp"]) + game.generator(judge(restored))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return work
