"""Photographs of digits, brought to MNIST's form whatever the paper, the pencil and the place."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from benchmarks.studies.own_digits import write_photographs
from deblur_lightning.errors import UserError
from deblur_lightning.sources.photographed_digits import PhotographedDigits, mnist_form


def test_every_photograph_is_white_on_black_in_the_middle(tmp_path: Path) -> None:
    write_photographs(tmp_path, hands=3)
    images = PhotographedDigits(tmp_path).split("test")
    steps = torch.arange(28.0)
    for index in range(len(images)):
        digit = images.pixels(index)[0].float() / 255
        assert digit.shape == (28, 28)
        assert digit.max() == 1
        rows, columns = ((digit > 0.2).any(dim=axis).sum() for axis in (1, 0))
        assert 18 <= max(rows, columns) <= 21  # 20, seldom from one pixel's border to another's
        down, right = ((digit.sum(dim=axis) * steps).sum() / digit.sum() for axis in (1, 0))
        assert abs(down - 13.5) < 0.7
        assert abs(right - 13.5) < 0.7


def plain(ink: int, paper: int, wide: int = 8, high: int = 60) -> torch.Tensor:
    page = torch.full((1, 100, 120), paper, dtype=torch.uint8)
    page[:, 20 : 20 + high, 50 : 50 + wide] = ink
    return page


def apart(one: torch.Tensor, other: torch.Tensor) -> int:
    """The largest difference in levels."""
    return int((mnist_form(one).int() - mnist_form(other).int()).abs().max())


def test_dark_on_light_and_light_on_dark_are_one() -> None:
    assert apart(plain(30, 220), plain(225, 35)) <= 1
    tall = mnist_form(plain(30, 220))[0] > 128
    assert [int(tall.any(dim=axis).sum()) for axis in (1, 0)] == [20, 2]


@pytest.mark.parametrize("wide", range(6, 14))
@pytest.mark.parametrize("high", [59, 60])
def test_a_level_of_one_pixel_moves_no_digit(wide: int, high: int) -> None:
    page = plain(30, 220, wide, high)
    other = page.clone()
    other[:, 20 + high - 1, 50 + wide - 1] += 1
    assert apart(page, other) <= 2


def test_many_strong_specks_hide_no_digit() -> None:
    page = plain(220 - 75, 220)
    page[:, 3::6, 60::3] = 0
    page[:, 3::6, 3:48:3] = 0
    tall = mnist_form(page)[0] > 128
    assert [int(tall.any(dim=axis).sum()) for axis in (1, 0)] == [20, 2]


def test_specks_and_a_shadow_are_no_digit() -> None:
    page = plain(30, 220).float()
    page[:, 5:8, 100:103] = 30
    page = page * torch.linspace(0.6, 1, 120)
    assert apart(page.to(torch.uint8), plain(30, 220)) < 40


def test_what_cannot_be_is_one_line(tmp_path: Path) -> None:
    Image.new("L", (40, 40), 200).save(tmp_path / "empty.png")
    source = PhotographedDigits(tmp_path)
    with pytest.raises(UserError, match=r"empty\.png shows no digit \(nothing stands out from the ground\): leave"):
        source.split("test").pixels(0)
    with pytest.raises(UserError, match="no labels to learn from: use them with deblur predict only"):
        source.split("train")
