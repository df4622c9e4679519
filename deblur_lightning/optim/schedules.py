"""Learning-rate schedules, as functions of the part of the run that is done."""

import math
from abc import ABC, abstractmethod

from deblur_lightning.errors import UserError


class Schedule(ABC):
    """A factor of the learning rate over the run; a shorter run follows the same curve faster."""

    @abstractmethod
    def factor(self, done: float) -> float:
        """The factor after the part ``done`` of the run, from 0 to 1."""


class Constant(Schedule):
    """The learning rate as it is."""

    def factor(self, done: float) -> float:
        return 1.0


class Cosine(Schedule):
    """Half a cosine from 1 down to ``final`` (Loshchilov and Hutter, 2017).

    Args:
        final: the factor at the end, from 0 to 1.

    Raises:
        UserError: ``final`` outside of that.
    """

    def __init__(self, final: float = 0.0) -> None:
        if not 0 <= final <= 1:
            raise UserError(f"Cosine final={final}: give a factor from 0 to 1.")
        self.final = final

    def factor(self, done: float) -> float:
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * min(done, 1.0))) / 2


class OneCycle(Schedule):
    """Up from ``start`` to 1 along half a cosine, and down to 0 along another (Smith and Topin, 2018).

    Args:
        rise: the part of the run that the way up takes, above 0 and below 1.
        start: the factor at the beginning, from 0 to 1.

    Raises:
        UserError: one of them outside of that.
    """

    def __init__(self, rise: float = 0.3, start: float = 0.04) -> None:
        if not 0 < rise < 1:
            raise UserError(f"OneCycle rise={rise}: give a part above 0 and below 1.")
        if not 0 <= start <= 1:
            raise UserError(f"OneCycle start={start}: give a factor from 0 to 1.")
        self.rise = rise
        self.start = start

    def factor(self, done: float) -> float:
        if done < self.rise:
            return self.start + (1 - self.start) * (1 - math.cos(math.pi * done / self.rise)) / 2
        return (1 + math.cos(math.pi * (min(done, 1.0) - self.rise) / (1 - self.rise))) / 2


class WarmUp(Schedule):
    """Rises evenly from 0 over the first part of the run and then follows another schedule through the rest.

    Args:
        share: of the run that it takes to rise, from 0 to below 1.
        then: what follows; constant when not given.

    Raises:
        UserError: ``share`` outside of that.
    """

    def __init__(self, share: float = 0.02, then: Schedule | None = None) -> None:
        if not 0 <= share < 1:
            raise UserError(f"WarmUp share={share}: give a part of the run, from 0 to below 1.")
        self.share = share
        self.then = then or Constant()

    def factor(self, done: float) -> float:
        if done < self.share:
            return done / self.share
        return self.then.factor((done - self.share) / (1 - self.share))
