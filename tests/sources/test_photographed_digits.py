"""Photographs of digits, brought to MNIST's form whatever the paper, the pencil and the place."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from benchmarks.own_digits import write_photographs
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
        assert 18 <= max(rows, columns) <= 20
        down, right = ((digit.sum(dim=axis) * steps).sum() / digit.sum() for axis in (1, 0))
        assert abs(down - 13.5) < 1.1
        assert abs(right - 13.5) < 1.1


def plain(ink: int, paper: int) -> torch.Tensor:
    page = torch.full((1, 100, 120), paper, dtype=torch.uint8)
    page[:, 20:80, 50:58] = ink
    return page


def test_dark_on_light_and_light_on_dark_are_one() -> None:
    assert torch.equal(mnist_form(plain(30, 220)), mnist_form(plain(225, 35)))
    tall = mnist_form(plain(30, 220))[0] > 128
    assert [int(tall.any(dim=axis).sum()) for axis in (1, 0)] == [20, 3]


def test_specks_and_a_shadow_are_no_digit() -> None:
    page = plain(30, 220).float()
    clean = mnist_form(page.to(torch.uint8))
    page[:, 5:8, 100:103] = 30
    page = page * torch.linspace(0.6, 1, 120)
    assert (mnist_form(page.to(torch.uint8)).int() - clean.int()).abs().max() < 40


def test_what_cannot_be_is_one_line(tmp_path: Path) -> None:
    Image.new("L", (40, 40), 200).save(tmp_path / "empty.png")
    source = PhotographedDigits(tmp_path)
    with pytest.raises(UserError, match=r"empty\.png shows no digit \(nothing stands out from the ground\): leave"):
        source.split("test").pixels(0)
    with pytest.raises(UserError, match="no labels to learn from: use them with deblur predict alone"):
        source.split("train")
