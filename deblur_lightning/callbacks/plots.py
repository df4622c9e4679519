"""Plots for the folder of a run, by Matplotlib.

Images beside each other are not drawn here: Matplotlib would resample their pixels.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from torch import Tensor
from torchmetrics.utilities.plot import plot_confusion_matrix

from deblur_lightning.callbacks.calibration import Bin

Curves = Mapping[str, Sequence[tuple[int, float]]]
"""By log key, (batches seen, value)."""

HEALTH_PANELS: dict[str, tuple[str, ...]] = {
    "mean output of the discriminator": ("train/d_real", "train/d_fake"),
    "the two sides of the game": ("train/loss_adversarial", "train/loss_discriminator"),
    "gradient norms before clipping": ("train/gradient_generator", "train/gradient_discriminator"),
    "checkerboard, grey levels of 255": ("val/checkerboard", "val/checkerboard_sharp"),
}
LOGARITHMIC = "gradient norms before clipping"
COLOURS = ("tab:blue", "tab:orange")
MOST_LABELLED = 20
"""More classes than these are drawn without their names and shares."""


def pixels_of(figure: Figure) -> Tensor:
    """A figure as (3, H, W) uint8."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.array(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    return torch.from_numpy(pixels[..., :3]).permute(2, 0, 1)


def health_figure(curves: Curves) -> Figure:
    """All of ``HEALTH_PANELS``, two in a row."""
    figure = Figure(figsize=(9, 5), layout="constrained")
    for axes, title in zip(figure.subplots(2, 2).flat, HEALTH_PANELS, strict=True):
        draw_health_panel(axes, title, curves)
    return figure


def draw_health_panel(axes: Axes, title: str, curves: Curves, *, labelled: bool = True, width: float = 1.2) -> None:
    """The curves of one panel that are there; ``labelled`` by their keys and last values."""
    for key, colour in zip(HEALTH_PANELS[title], COLOURS, strict=True):
        if curve := curves.get(key):
            label = f"{key.partition('/')[2]} {curve[-1][1]:.3g}" if labelled else None
            axes.plot(*zip(*curve, strict=True), color=colour, linewidth=width, alpha=0.8, label=label)
    axes.set(title=title, xlabel="batches", yscale="log" if title == LOGARITHMIC else "linear")
    if labelled and axes.lines:
        axes.legend()


def filters_figure(rows: Sequence[Mapping[str, Tensor]], side: int) -> Figure:
    """A row for each filter.

    Args:
        rows: by caption, planes (H, W): the kernel first, drawn from its least value (or 0) to its greatest; then
            magnitudes of responses, with frequency 0 in the middle, drawn logarithmically from 0.1 to 10.
        side: height of a row in pixels.
    """
    height = side / 100
    figure = Figure(figsize=(height * (len(rows[0]) + 0.5), height * len(rows)), layout="constrained")
    grid = figure.subplots(len(rows), len(rows[0]), squeeze=False)
    for line, row in zip(grid, rows, strict=True):
        for place, (axes, (caption, plane)) in enumerate(zip(line, row.items(), strict=True)):
            axes.set_title(caption)
            axes.set_axis_off()
            if place == 0:
                axes.imshow(plane.numpy(), cmap="gray", vmin=min(0.0, float(plane.min())))
            else:
                drawn = axes.imshow(plane.numpy(), cmap="gray", norm=LogNorm(0.1, 10, clip=True))
    figure.colorbar(drawn, ax=grid, label="magnitude", ticks=[0.1, 1, 10], format="%g")
    return figure


def confusion_figure(confusion: Tensor, classes: Sequence[str]) -> Figure:
    """Shares of each true class (downwards) that were found to be each class (to the right), from counts (N, N)."""
    side = min(2 + 0.6 * len(classes), 30)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    shares = confusion / confusion.sum(dim=1, keepdim=True).clamp(min=1)
    named = len(classes) <= MOST_LABELLED
    plot_confusion_matrix(shares, ax=axes, add_text=named, labels=list(classes), cmap="Blues")
    if not named:
        axes.set(xticks=[], yticks=[])
    return figure


def calibration_figure(bins: Sequence[Bin], error: float) -> Figure:
    """Accuracy by confidence: a bar for each bin, darker the more images it holds.

    Where confidence can be believed the bars end at the diagonal; ``error`` is the mean distance, for the title.
    """
    figure = Figure(figsize=(4.5, 4.5), layout="constrained")
    axes = figure.subplots()
    filled = [of for of in bins if of.images]
    most = max(of.images for of in filled)
    axes.bar(
        [of.low for of in filled],
        [of.accuracy for of in filled],
        width=[of.high - of.low for of in filled],
        align="edge",
        color=[("tab:blue", 0.3 + 0.7 * (of.images / most) ** 0.5) for of in filled],
        edgecolor="white",
    )
    axes.plot([0, 1], [0, 1], color="black", linewidth=1)
    axes.set(title=f"calibration error {error:.4f}", xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
    return figure
