"""The strength of a checkerboard is that of its frequencies alone."""

import pytest
import torch

from deblur_lightning.metrics import stride_amplitude


def test_the_stride_amplitude_of_a_known_pattern() -> None:
    """A cosine of amplitude a at a frequency of the grid has the root mean square a / sqrt(2)."""
    row = torch.arange(32)
    for frequency, mean_square in ((1 / 4, 1 / 2), (1 / 2, 1.0)):
        wave = torch.cos(2 * torch.pi * frequency * row)
        image = 0.5 + 0.1 * wave.expand(2, 3, 20, 32)
        for turned in (image, image.mT):
            found = stride_amplitude(turned)
            assert found.shape == (2,)
            wanted = torch.full((2,), 25.5 * mean_square**0.5, dtype=torch.float64)
            torch.testing.assert_close(found, wanted, rtol=1e-6, atol=0)  # of an image in float32


def test_other_frequencies_and_levels_leave_no_stride_amplitude() -> None:
    row = torch.arange(32)
    assert stride_amplitude(torch.full((1, 3, 9, 10), 0.7)).item() == pytest.approx(0, abs=1e-9)
    wave = torch.cos(2 * torch.pi / 32 * row)
    assert stride_amplitude(0.5 + 0.1 * wave.expand(1, 3, 20, 32)).item() == pytest.approx(0, abs=1e-3)
