"""Restores the pixels of a photo with a model, in tiles, on any device; grey and CMYK too."""

import re
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from deblur_lightning.restoring.data_consistency import keep_supported
from deblur_lightning.restoring.forward_progress import ForwardProgress
from deblur_lightning.restoring.model import Model
from deblur_lightning.restoring.plausibility import half_size, is_plausible
from deblur_lightning.restoring.tiles import SIDE, SMALLEST, Pixels, Tell, Tiling, middle, restore_in_tiles
from deblur_lightning.restoring.uniform_blur import apply, find_uniform_blur

FORCED_OVERLAP = 64
"""Pixels around the tiles of a network that does not say how far it looks."""

LEFT = "left as it is: its blur seems larger than any that the model has learned from"
"""What is told of a photo whose restoration is not believed."""

CHECKED = 2048
"""Pixels a side of the part of a photo on which tiles are compared with the whole."""


class PhotoRestorer:
    """Restores one photo after the other.

    Args:
        model: what restores.
        device: where.
        tile: side in pixels of the tiles; None chooses, and takes the image whole where the network sees all of it.
        averaged: whether to restore eight flipped and turned versions and take their mean ("test-time augmentation").
        fast: whether to leave out the estimate of one PSF for the whole photo.

    Attributes:
        forward: runs the network.
        tiling: how photos are cut up; when memory runs out the tiles become smaller and stay so.
        psf_share: how much of what the last photo has become is due to one PSF for the whole of it, from 0 to 1; the
            rest is the network's, or the photo's own where that is not believed.
    """

    def __init__(
        self,
        model: Model,
        device: torch.device,
        tile: int | None = None,
        averaged: bool = False,
        fast: bool = False,
    ) -> None:
        self.model = model
        self.device = device
        self.averaged = averaged
        self.fast = fast
        self.forward = ForwardProgress(model.network.to(device))
        self.tiling = tiling_for(model, tile)
        self.psf_share = 0.0

    def restore(self, pixels: Pixels, tell: Tell = lambda count: None) -> Pixels:
        """Restore ``pixels``, (H, W, C) uint8 or uint16, C = 1 grey, 3 RGB or 4 CMYK.

        A model with a card has learned from all blurs up to some size. What it makes of a larger one is not believed,
        and of the rest only as much as the photo supports. Where the photo shows one PSF all over that explains it
        better than the network does, that is inverted instead. RGB without any colour is restored as grey.

        Args:
            pixels: the photo.
            tell: is told the number of pixels as they are done, which add up to the photo's where it is not left as it
                is; negative where work must be done again.

        Returns:
            The same shape and type; ``pixels`` itself where the restoration is not believed.

        Raises:
            UserError: memory is too short even for small tiles, or for a network that must see the whole image.
        """
        if pixels.shape[2] == 3 and (pixels == pixels[..., :1]).all():
            grey = np.ascontiguousarray(pixels[..., :1])
            restored_grey = self.restore(grey, tell)
            return pixels if restored_grey is grey else np.repeat(restored_grey, 3, axis=2)
        self.psf_share = 0.0
        if not self.model.card:
            return self._restore(pixels, tell)
        count, small = pixels.shape[0] * pixels.shape[1], half_size(pixels)
        work = 2 * count + small + (0 if self.fast else count)

        def tell_part(done: float) -> None:  # the network, the network at half the size, the PSF, what is supported
            tell(done * count / work)

        changed = self._restore(pixels, tell_part)
        plausible = is_plausible(pixels, changed, lambda half: self._restore(half, tell_part))
        blur = None if self.fast else find_uniform_blur(pixels, changed, self._restore)
        if blur is not None:
            self.psf_share = blur.belief
            changed = apply(blur, pixels, changed if plausible else pixels, tell_part)
        elif not plausible:
            return pixels
        elif not self.fast:
            tell_part(count)
        return keep_supported(pixels, changed, tell_part)

    @torch.inference_mode()
    def _restore(self, pixels: Pixels, tell: Tell = lambda count: None) -> Pixels:
        while True:
            done: list[float] = []

            def note(count: float, done: list[float] = done) -> None:
                done.append(count)
                tell(count)

            try:
                return restore_in_tiles(pixels, self._tile, self.tiling, note)
            except (MemoryError, RuntimeError) as error:
                if not _is_out_of_memory(error):
                    raise
                tile = self.tiling.tile or max(pixels.shape[:2])
                overlap = self.tiling.overlap or FORCED_OVERLAP
                self.tiling = Tiling(tile, overlap, self.model.alignment).halved()
                tell(-sum(done))
            if self.device.type == "cuda":
                torch.cuda.empty_cache()

    def difference(self, pixels: Pixels) -> float:
        """The greatest difference between tiles and the whole on the middle of a photo, in units of 1/255.

        That of a photo that is not cut is 0; tiles are made so small that the middle is cut as well.
        """
        height, width = pixels.shape[:2]
        if all(len(self.tiling.parts(length)) == 1 for length in (height, width)):
            return 0.0
        part = middle(pixels, CHECKED).astype(np.uint16)
        part = part * (1 if pixels.dtype == np.uint16 else 257)  # so that rounding to 8 bits hides nothing
        tiled, whole = (PhotoRestorer(self.model, self.device, averaged=self.averaged) for _ in range(2))
        tiled.tiling = replace(self.tiling, tile=min(self.tiling.tile, CHECKED // 4))
        whole.tiling = Tiling(tile=0)
        return float(np.abs(tiled._restore(part).astype(np.int32) - whole._restore(part)).max() / 257)

    def _tile(self, tile: Tensor, tell: Tell) -> Tensor:
        tile = tile.to(self.device)
        passes = (8 if self.averaged else 1) * (2 if len(tile) == 4 else 1)

        def tell_pass(share: float) -> None:
            tell(share / passes)

        if not self.averaged:
            return self._planes(tile, tell_pass).cpu()
        total = torch.zeros_like(tile)
        for turns in range(4):
            for flipped in (False, True):
                seen = torch.rot90(tile.flip(-1) if flipped else tile, turns, (-2, -1)).contiguous()
                back = torch.rot90(self._planes(seen, tell_pass), -turns, (-2, -1))
                total += back.flip(-1) if flipped else back
        return (total / 8).cpu()

    def _planes(self, tile: Tensor, tell: Tell) -> Tensor:
        """Restore (C, H, W): RGB as it is, grey and black as three equal channels, inks as what they leave of light."""
        if len(tile) == 4:
            light = 1 - tile
            return 1 - torch.cat([self._planes(light[:3], tell), self._planes(light[3:], tell)])
        if self.model.channels == 1:
            return self.forward.run(tile[:, None], tell)[:, 0]
        seen = self.forward.run(tile.expand(3, -1, -1)[None], tell)[0]
        return seen.mean(dim=0, keepdim=True) if len(tile) == 1 else seen


def tiling_for(model: Model, tile: int | None) -> Tiling:
    """How a model's images are cut up: into tiles of side ``tile``, or as is best for it."""
    if tile is None and model.receptive_radius is None:
        return Tiling(tile=0)
    alignment = model.alignment
    radius = FORCED_OVERLAP if model.receptive_radius is None else model.receptive_radius
    overlap = -(-radius // alignment) * alignment
    side = max(SMALLEST, (model.tile or SIDE) - 2 * overlap) if tile is None else tile
    return Tiling(-(-side // alignment) * alignment, overlap, alignment)


OUT_OF_MEMORY = re.compile(
    r"not enough memory|can(no|')t allocate memory|out of memory|bad_alloc|ALLOC_FAILED"  # torch, C++, CUDA's libraries
    r"|could not (create|execute) a primitive(?! descriptor)|could not create a memory",  # oneDNN
    re.IGNORECASE,
)
"""In whose words memory runs out where there is no type for it."""


def _is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: CUDA and Python have types for that, torch on the CPU has only words."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or OUT_OF_MEMORY.search(str(error)) is not None
