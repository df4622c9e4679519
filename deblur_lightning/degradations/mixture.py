"""Mixtures of degradations: each sample meets one of them."""

from abc import abstractmethod
from typing import cast

import torch
from torch import Tensor, nn

from deblur_lightning.degradations.base import Degradation, DegradedBatch
from deblur_lightning.degradations.blur import Blur
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError
from deblur_lightning.functional.convolution import Border, convolve
from deblur_lightning.functional.psf import identity, pad_psf


class Selection(Degradation):
    """Degrades each sample by one of its members; PSFs are padded to the largest member's size.

    Args:
        members: the degradations, at least one; all with the same border, or with none.

    Raises:
        UserError: no members, or members of different borders.
    """

    def __init__(self, members: list[Degradation]) -> None:
        super().__init__()
        if not members:
            raise UserError(f"{type(self).__name__} members=[] holds no degradation: give one or more.")
        self.members = nn.ModuleList(members)
        self.border = common_border(type(self).__name__, members)
        self.noise = " | ".join(dict.fromkeys(member.noise for member in members))
        self.margin = max(member.margin for member in members)
        self.smallest = max(member.smallest for member in members)
        self.psf_size = max(member.psf_size for member in members)

    @abstractmethod
    def which(self, draws: Draws) -> Tensor:
        """The position of each sample's member: (B,) int64."""

    def forward(self, sharp: Tensor, draws: Draws) -> DegradedBatch:
        which = self.which(draws)
        if all(isinstance(member, Blur) for member in self.members):
            return self._blur_whole_batch(sharp, which, draws)
        blurred = torch.empty_like(sharp)
        psf = identity(len(which), self.psf_size, which.device)
        known = torch.zeros_like(which, dtype=torch.bool)
        for position, member in enumerate(self.members):
            rows = (which == position).nonzero().flatten()
            if not len(rows):
                continue
            places = rows.to(sharp.device)
            part = member(sharp[places], draws.select(rows).substream(str(position)))
            blurred[places] = part.blurred
            psf[rows] = pad_psf(part.psf, self.psf_size)
            known[rows] = part.psf_known
        return DegradedBatch(blurred, psf, known)

    def kinds(self, draws: Draws) -> list[str]:
        kinds = [""] * len(draws.index)
        which = self.which(draws)
        for position, member in enumerate(self.members):
            assert isinstance(member, Degradation)
            rows = (which == position).nonzero().flatten()
            for row, kind in zip(rows.tolist(), member.kinds(draws.select(rows).substream(str(position))), strict=True):
                kinds[row] = kind
        return kinds

    def _blur_whole_batch(self, sharp: Tensor, which: Tensor, draws: Draws) -> DegradedBatch:
        """Convolve the whole batch, which is faster than convolving each member's part and joining the parts."""
        psf = torch.empty(len(which), self.psf_size, self.psf_size, device=which.device)
        for position, member in enumerate(self.members):
            assert isinstance(member, Blur)
            rows = (which == position).nonzero().flatten()
            if len(rows):
                member.check(sharp)
                psf[rows] = pad_psf(member.psf(draws.select(rows).substream(str(position))), self.psf_size)
        known = torch.ones_like(which, dtype=torch.bool)
        return DegradedBatch(convolve(sharp, psf, cast(Border, self.border)), psf, known)


class Mixture(Selection):
    """Draws each sample's member, with probabilities proportional to the weights.

    Args:
        members: the degradations.
        weights: one for each member, above 0; equal if not given.

    Raises:
        UserError: no members, different borders, or weights that do not match.

    Examples:
        >>> import torch
        >>> from deblur_lightning.degradations import BoxBlur, Identity, Mixture
        >>> _, psf = Mixture([BoxBlur(width=(3, 3)), Identity()])(torch.rand(8, 3, 48, 64), seed=0)
        >>> sorted(set(psf[:, 1, 1].tolist()))
        [0.1111111119389534, 1.0]
    """

    def __init__(self, members: list[Degradation], weights: list[float] | None = None) -> None:
        super().__init__(members)
        weights = [1.0] * len(members) if weights is None else weights
        if len(weights) != len(members) or not all(0 < weight < float("inf") for weight in weights):
            raise UserError(f"Mixture weights={weights} do not fit {len(members)} members: give one above 0 for each.")
        self.weights = weights

    def which(self, draws: Draws) -> Tensor:
        shares = torch.tensor(self.weights, dtype=torch.float64, device=draws.index.device).cumsum(0)
        choice = draws.uniform("choice").double() * shares[-1]
        return torch.searchsorted(shares, choice, right=True).clamp(max=len(self.weights) - 1)


class InTurn(Selection):
    """Degrades the first image by the first member, the second by the second, and so on, in a cycle.

    With a ``Repeated`` source that has as many copies as there are members, every member degrades every image.

    Examples:
        >>> import torch
        >>> from deblur_lightning.degradations import BoxBlur, Identity, InTurn
        >>> images = torch.rand(2, 3, 32, 32)
        >>> blurred, psf = InTurn([Identity(), BoxBlur()])(images)
        >>> torch.equal(blurred[0], images[0]), torch.equal(blurred[1], images[1])
        (True, False)
    """

    def which(self, draws: Draws) -> Tensor:
        return draws.index % len(self.members)


def common_border(owner: str, parts: list[Degradation]) -> str:
    """The border of those parts that have one; "none" if none has."""
    borders = dict.fromkeys(part.border for part in parts if part.border != "none")
    if len(borders) > 1:
        raise UserError(f"{owner} mixes the borders {' and '.join(borders)}: give all its blurs the same border.")
    return next(iter(borders), "none")
