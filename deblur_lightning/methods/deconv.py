"""Trains deconvolution layers: towards the sharp image, and the learned PSF towards the blur itself."""

from typing import final

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from deblur_lightning.batch import RestorationBatch
from deblur_lightning.errors import UserError
from deblur_lightning.methods.base import Restorer, check_betas, check_rates, scheduled
from deblur_lightning.networks.applying import restore_images
from deblur_lightning.networks.deconv import FourierDeconv2d
from deblur_lightning.networks.measuring import measure
from deblur_lightning.networks.regularised import RegularisedDeconv
from deblur_lightning.optim.schedules import Constant, Schedule

LAPLACIAN = ((0.0, -1.0, 0.0), (-1.0, 4.0, -1.0), (0.0, -1.0, 0.0))


@final
class DeconvRestorer(Restorer):
    """Minimises the mean squared error with Adam; PSFs that are learned must also blur the sharp image as it was.

    Through an inverse alone a PSF is learned slowly and often wrongly. That it should turn sharp images into blurred
    ones is a convex condition; taken on the images' Laplacian, where photographs are about as strong at all
    frequencies, it settles the PSF within a few hundred steps.

    Args:
        network: with a deconvolution layer in it. One that ``takes_psf`` is given each sample's.
        lr: Adam's rate for the deconvolution layers.
        refine_lr: Adam's rate for all other layers.
        betas: of Adam, from 0 to below 1.
        blur_weight: of the second term; 0 leaves it out. Large enough for it alone to decide the PSF, which then is
            the blur's own; small, and PSF and regularisation go astray together.
        settle: the part of the run, from 0 to below 1, in which learned PSFs are made to blur rightly and nothing else
            is learned: how far to trust a frequency cannot be told before.
        loss_border: pixels at each edge of a crop that count in neither term, since what blurred them lies outside; at
            most a quarter of the crop.
        schedule: of both rates over the run's steps; constant when not given.
        crop_border: pixels at each edge that a test leaves out of the scores.

    Raises:
        UserError: a rate that is not above 0, a beta out of its range, a negative weight or border.
    """

    def __init__(
        self,
        network: nn.Module,
        lr: float = 0.02,
        refine_lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        blur_weight: float = 1e5,
        settle: float = 0.0,
        loss_border: int = 16,
        schedule: Schedule | None = None,
        crop_border: int = 0,
    ) -> None:
        super().__init__(network, crop_border)
        self.save_hyperparameters(logger=False)
        check_rates(lr=lr, refine_lr=refine_lr)
        check_betas(betas)
        for name, value in (("blur_weight", blur_weight), ("loss_border", loss_border)):
            if not 0 <= value < float("inf"):
                raise UserError(f"{name}={value}: give 0 or more.")
        self.lr = lr
        self.refine_lr = refine_lr
        self.betas = betas
        if not 0 <= settle < 1 or (settle and not (blur_weight and learned_psfs(network))):
            raise UserError(f"settle={settle}: give 0 to below 1, and 0 where there is no PSF or blur_weight.")
        self.blur_weight = blur_weight
        self.settle = settle
        self.loss_border = loss_border
        self.schedule = schedule or Constant()

    def restore(self, batch: RestorationBatch) -> Tensor:
        if not getattr(self.network, "takes_psf", False):
            return super().restore(batch)
        if not bool(batch["psf_known"].all()):
            name = type(self.network).__name__
            raise UserError(f"{name} needs the PSF of every image, and this data knows none: give it a psf_size.")
        return restore_images(self.network, batch["blurred"], batch["psf"])

    def training_step(self, batch: RestorationBatch, batch_idx: int) -> Tensor:
        sharp, blurred = batch["sharp"], batch["blurred"]
        loss_border = min(self.loss_border, min(sharp.shape[-2:]) // 4)
        # several processes average their gradients, and wait for one of each parameter
        loss = 0 * torch.stack([parameter.sum() for parameter in self.network.parameters()]).sum()
        if self.global_step >= self.settle * self.trainer.estimated_stepping_batches:
            error = _inner(self.restore(batch) - sharp, loss_border).square().mean()
            loss = loss + error
            self.log("train/mse", error, batch_size=len(sharp))
        if self.blur_weight:
            for psf in learned_psfs(self.network):
                loss = loss + self.blur_weight * blur_mismatch(sharp, blurred, psf, loss_border)
        self._measure(batch)
        self.log("train/loss", loss, batch_size=len(sharp))
        return loss

    def _measure(self, batch: RestorationBatch) -> None:
        """Show the batch to the layers that ask how much an image differs from those of the training."""
        for layer in inverses(self.network):
            if layer.spectra is not None:
                count = len(batch["sharp"])
                psf = batch["psf"] if layer.takes_psf else layer.psf.expand(count, -1, -1)
                measure(layer.spectra, batch, psf, torch.ones(count, device=psf.device))

    def configure_optimizers(self) -> OptimizerLRScheduler:
        layers = [m for m in self.network.modules() if isinstance(m, FourierDeconv2d | RegularisedDeconv)]
        deconvolution = [parameter for layer in layers for parameter in layer.parameters()]
        of_layers = {id(parameter) for parameter in deconvolution}
        rest = [parameter for parameter in self.network.parameters() if id(parameter) not in of_layers]
        groups = [{"params": deconvolution, "lr": self.lr}, {"params": rest, "lr": self.refine_lr, "name": "refine_lr"}]
        optimizer = Adam([group for group in groups if group["params"]], betas=self.betas)
        return scheduled(optimizer, self.schedule, self.trainer)


def _inner(image: Tensor, loss_border: int) -> Tensor:
    height, width = image.shape[-2:]
    return image[..., loss_border : height - loss_border, loss_border : width - loss_border]


def learned_psfs(network: nn.Module) -> list[Tensor]:
    """The PSFs (K, K) that the layers of ``network`` have learned."""
    return [layer.psf for layer in inverses(network) if not layer.takes_psf]


def inverses(network: nn.Module) -> list[RegularisedDeconv]:
    """The regularised layers of ``network``."""
    return [module for module in network.modules() if isinstance(module, RegularisedDeconv)]


def blur_mismatch(sharp: Tensor, blurred: Tensor, psf: Tensor, loss_border: int = 0) -> Tensor:
    """How far the sharp images convolved with ``psf`` are from the blurred ones: the mean square on their Laplacian.

    Args:
        sharp: (B, C, H, W).
        blurred: (B, C, H, W).
        psf: (K, K), K odd.
        loss_border: pixels at each edge that do not count; at least K // 2 + 1 do not anyway.
    """
    with torch.autocast(sharp.device.type, enabled=False):
        return _blur_mismatch(sharp, blurred, psf, loss_border)


def _blur_mismatch(sharp: Tensor, blurred: Tensor, psf: Tensor, loss_border: int) -> Tensor:
    kernel = torch.tensor(LAPLACIAN, dtype=sharp.dtype, device=sharp.device)[None, None]
    edges, blurred_edges = (F.conv2d(image.flatten(0, 1)[:, None], kernel) for image in (sharp, blurred))
    predicted = F.conv2d(edges, psf.to(sharp.dtype).flip(0, 1)[None, None])
    reach = psf.shape[-1] // 2
    height, width = blurred_edges.shape[-2:]
    wanted = blurred_edges[..., reach : height - reach, reach : width - reach]
    cut = max(0, loss_border - reach - 1)
    error = (predicted - wanted)[..., cut : predicted.shape[-2] - cut, cut : predicted.shape[-1] - cut]
    return error.square().mean()
