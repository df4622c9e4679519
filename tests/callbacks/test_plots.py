"""Plots of a run: what is drawn is what was measured."""

import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from deblur_lightning.callbacks.calibration import calibration_bins
from deblur_lightning.callbacks.plots import (
    HEALTH_PANELS,
    calibration_figure,
    confusion_figure,
    draw_health_panel,
    filters_figure,
    health_figure,
    pixels_of,
)


@pytest.mark.parametrize("title", HEALTH_PANELS)
def test_a_panel_holds_its_curves(title: str) -> None:
    axes = Figure().subplots()
    curves = {key: [(10, 1.0 + place), (20, 3.0), (30, 2.0)] for place, key in enumerate(HEALTH_PANELS[title])}
    draw_health_panel(axes, title, curves | {"train/other": [(1, 1.0)]})
    drawn = [np.asarray(line.get_xydata()).tolist() for line in axes.lines]
    assert drawn == [[list(point) for point in curve] for curve in curves.values()]
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert words == [f"{key.partition('/')[2]} 2" for key in curves]
    assert axes.get_yscale() == ("log" if "norms" in title else "linear")


def test_a_panel_without_curves_is_empty() -> None:
    figure = health_figure({})
    assert [axes.get_title() for axes in figure.axes] == list(HEALTH_PANELS)
    assert not any(axes.lines for axes in figure.axes)
    assert pixels_of(figure).dtype == torch.uint8


def test_responses_share_one_scale_and_kernels_have_theirs() -> None:
    rows = [{"kernel": torch.tensor([[-1.0, 3.0]]), "learned": torch.ones(4, 4), "ideal": 20 * torch.ones(4, 4)}] * 2
    figure = filters_figure(rows, side=100)
    images = [image(axes) for axes in figure.axes if axes.images]
    assert [(float(drawn.norm.vmin), float(drawn.norm.vmax)) for drawn in images] == [(-1, 3), (0.1, 10), (0.1, 10)] * 2
    assert pixels_of(figure).shape[1] == 200


def test_a_square_is_the_share_of_its_true_class() -> None:
    axes = confusion_figure(torch.tensor([[4, 0, 0], [2, 2, 0], [0, 0, 0]]), ("one", "two", "none")).axes[0]
    shares = [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 0.0]]
    assert np.asarray(image(axes).get_array()).tolist() == shares
    assert [label.get_text() for label in axes.get_yticklabels()] == ["one", "two", "none"]


def test_many_classes_are_drawn_without_words() -> None:
    axes = confusion_figure(torch.eye(100, dtype=torch.long), [str(number) for number in range(100)]).axes[0]
    assert not axes.texts
    assert not axes.get_yticklabels()


def test_bars_are_the_accuracy_of_their_bins() -> None:
    bins = calibration_bins(torch.tensor([0.5, 0.5, 0.98, 1.0]), torch.tensor([1.0, 0.0, 1.0, 1.0]))
    axes = calibration_figure(bins, error=0.245).axes[0]
    bars = [(bar.get_x(), bar.get_height()) for bar in axes.patches]
    assert bars == [(pytest.approx(7 / 15), 0.5), (pytest.approx(14 / 15), 1.0)]
    assert "0.2450" in axes.get_title()


def image(axes: Axes) -> AxesImage:
    """The one that is drawn there."""
    (drawn,) = axes.images
    return drawn
