"""Camera shake: connected smooth traces of the size asked for, all different."""

import numpy as np
import pytest
import torch
from scipy.ndimage import label

from deblur_lightning.degradations.shake import CameraShake, shake_psf
from tests.helpers.families import draws_for


def test_traces_are_connected_and_fill_their_square() -> None:
    psfs = CameraShake((15, 15)).psf(draws_for(200))
    assert psfs.shape == (200, 15, 15)
    for psf in psfs.numpy():
        assert label(psf > 0, np.ones((3, 3)))[1] == 1
        rows, columns = np.nonzero(psf > 1e-6)
        reach = max(abs(rows - 7).max(), abs(columns - 7).max())
        assert reach == 7
    assert (psfs[1:] - psfs[:-1]).abs().sum(dim=(1, 2)).min() > 0.1


def test_the_extent_of_each_sample_is_its_own() -> None:
    blur = CameraShake((3, 21))
    record: dict[str, dict[int, float]] = {}
    psf = blur.psf(draws_for(300, record=record))
    extent = torch.tensor(list(record["shake.extent"].values()))
    distance = (torch.arange(21) - 10).abs()
    square = torch.maximum(distance[:, None], distance)
    reach = torch.where(psf > 1e-9, square, 0).amax(dim=(1, 2))
    assert (reach >= (extent - 1) / 2 - 1e-5).all()
    assert (reach < (extent - 1) / 2 + 1).all()


def test_one_wave_along_one_axis_is_a_line_that_lingers_at_its_ends() -> None:
    psf = shake_psf(torch.tensor([[1.0]]), torch.tensor([[0.0]]), torch.tensor([11.0]), 11)[0]
    assert psf[5].sum().item() == pytest.approx(1)
    assert psf[5, 0] > psf[5, 5]
    assert psf[5, 10].item() == pytest.approx(psf[5, 0].item(), rel=1e-3)


def test_a_camera_at_rest_leaves_a_point() -> None:
    psf = CameraShake((1, 1)).psf(draws_for(5))
    assert torch.equal(psf, torch.ones(5, 1, 1))
