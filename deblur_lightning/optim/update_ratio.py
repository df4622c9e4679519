"""Decides on which batches a GAN's generator and discriminator are updated."""

from dataclasses import dataclass

from deblur_lightning.errors import UserError


@dataclass(frozen=True)
class UpdateRatio:
    """Generator and discriminator updates in the ratio g:d, spread evenly over cycles of max(g, d) batches.

    Every batch is fresh data, and one of the two networks is updated on every batch: the one with more updates,
    whose optimizer therefore counts batches.

    Attributes:
        generator: g, at least 1.
        discriminator: d, at least 1.
    """

    generator: int
    discriminator: int

    def __post_init__(self) -> None:
        if self.generator < 1 or self.discriminator < 1:
            raise UserError(
                f"generator_steps={self.generator}, discriminator_steps={self.discriminator}: give 1 or more for both."
            )

    def updates(self, batch: int) -> tuple[bool, bool]:
        """Whether the generator and whether the discriminator is updated on ``batch``, counted from 0."""
        return self._falls_on(batch, self.generator), self._falls_on(batch, self.discriminator)

    def totals(self, batches: int) -> tuple[int, int]:
        """Updates of the generator and of the discriminator over the first ``batches`` batches."""
        cycle = max(self.generator, self.discriminator)
        return batches * self.generator // cycle, batches * self.discriminator // cycle

    def within_cycle(self, batches: int) -> bool:
        """Whether a cycle of updates has begun, but not ended, after so many batches."""
        return batches % max(self.generator, self.discriminator) != 0

    def _falls_on(self, batch: int, steps: int) -> bool:
        cycle = max(self.generator, self.discriminator)
        return (batch + 1) * steps // cycle > batch * steps // cycle
