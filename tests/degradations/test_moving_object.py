"""A moving object: its outline is blurred as it is, and hides what is behind it."""

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve, label

from deblur_lightning.degradations.box import BoxBlur
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.degradations.moving_object import MovingObject
from deblur_lightning.errors import UserError
from tests.helpers.families import draws_for, images

CPU = torch.device("cpu")


def test_it_is_composed_as_the_formula_says() -> None:
    blur, sharp = MovingObject(MotionBlur(length=(5, 9)), BoxBlur((3, 3))), images(3, 3, 40, 51)
    blurred, psf, known = blur(sharp, draws_for(3))
    masks = blur.masks(draws_for(3), 40, 51, CPU)[:, 0].numpy()
    own = blur.foreground.psf(draws_for(3).substream("foreground")).numpy()
    other = blur.background.psf(draws_for(3).substream("background")).numpy()
    for planes, mask, f, g, result in zip(sharp.numpy(), masks, own, other, blurred.numpy(), strict=True):
        for plane, found in zip(planes, result, strict=True):
            passing = convolve(mask * plane, f, mode="mirror")
            behind = (1 - convolve(mask, f, mode="mirror")) * convolve(plane, g, mode="mirror")
            np.testing.assert_allclose(found, passing + behind, rtol=0, atol=2e-6)
    assert not known.any()
    np.testing.assert_allclose(psf, other, rtol=0, atol=1e-7)


def test_an_object_that_moves_as_its_background_is_not_seen() -> None:
    sharp = images(3, 3, 40, 51)
    still = MovingObject(BoxBlur((1, 1)), BoxBlur((1, 1)))(sharp, draws_for(3)).blurred
    torch.testing.assert_close(still, sharp, rtol=0, atol=1e-6)


def test_masks_are_one_piece_of_the_size_asked_for_anywhere() -> None:
    masks = MovingObject(BoxBlur(), BoxBlur(), size=(0.2, 0.2)).masks(draws_for(200), 100, 100, CPU)[:, 0].numpy()
    areas, centres = [], []
    for mask in masks:
        assert label(mask > 0.5)[1] == 1
        areas.append(mask.sum())
        centres.append(np.argwhere(mask > 0.5).mean(axis=0))
    assert 0.5 * np.pi * 20**2 < np.mean(areas) < 1.5 * np.pi * 20**2  # some reach beyond the edges
    assert (np.ptp(centres, axis=0) > 60).all()
    assert 0 < np.mean((masks > 0) & (masks < 1)) < 0.05  # soft at the outline alone


def test_different_borders_are_refused() -> None:
    with pytest.raises(UserError, match="MovingObject mixes the borders reflect and zero: give both blurs the same"):
        MovingObject(BoxBlur(), BoxBlur(border="zero"))
    with pytest.raises(UserError, match="MovingObject size"):
        MovingObject(BoxBlur(), BoxBlur(), size=(0, 1))
