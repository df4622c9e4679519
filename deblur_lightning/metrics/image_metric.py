"""The base class of further figures of restored images, and how modules of other libraries become one."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn
from torchmetrics import Metric

from deblur_lightning.errors import UserError


class ImageMetric(nn.Module, ABC):
    """A figure of each restored image, beside PSNR and SSIM.

    Attributes:
        title: name of the figure in ``scores.csv`` and in logs.
        higher_is_better: whether a higher figure is that of a better image; None where that is not known.
    """

    title: str
    higher_is_better: bool | None

    def load(self) -> str:
        """Read what is needed from disk; returns why the figure cannot be had on this machine, or nothing.

        Raises:
            UserError: what is there is damaged.
        """
        return ""

    @abstractmethod
    def forward(self, preds: Tensor, target: Tensor) -> Tensor:
        """The figure of each image.

        Args:
            preds: (B, C, H, W) in [0, 1].
            target: (B, C, H, W) in [0, 1].

        Returns:
            (B,).

        Raises:
            UserError: the images are too small, or have another number of channels than the metric takes.
        """

    def told(self, restored: float, blurred: float | None = None) -> str:
        """A line of its mean over restored images, and over their blurred inputs."""
        better = {True: ", higher is better", False: ", lower is better", None: ""}[self.higher_is_better]
        before = "" if blurred is None else f", blurred {blurred:.4f}"
        return f"{self.title}: restored {restored:.4f}{before}{better}"


def as_metric(module: nn.Module) -> ImageMetric:
    """``module`` itself where it is an ``ImageMetric``; any other is called image by image.

    It gets the restored and the sharp image, (1, C, H, W) in [0, 1], or the restored one alone if it takes no other,
    and gives a number. Metrics of torchmetrics and piq are such modules. Its title is its class's name in lower case.

    Raises:
        UserError: it takes neither.
    """
    return module if isinstance(module, ImageMetric) else _Plain(module)


def load_metrics(metrics: Sequence[ImageMetric]) -> tuple[list[ImageMetric], list[str]]:
    """Those of ``metrics`` that can be computed on this machine, and a line for each other that says why not.

    Raises:
        UserError: what one of them needs is damaged.
    """
    absent = {metric: why for metric in metrics if (why := metric.load())}
    lines = [f"{metric.title}: not computed: {why}" for metric, why in absent.items()]
    return [metric for metric in metrics if metric not in absent], lines


@final
class _Plain(ImageMetric):
    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self.title = type(module).__name__.lower()
        self.higher_is_better = getattr(module, "higher_is_better", None)
        self._with_sharp = _takes(module, 2)
        if not self._with_sharp and not _takes(module, 1):
            raise UserError(f"{type(module).__name__} is no metric: its forward must take two images.")

    def forward(self, preds: Tensor, target: Tensor) -> Tensor:
        images = [batch[:, None] for batch in ((preds, target) if self._with_sharp else (preds,))]
        try:
            return torch.stack([torch.as_tensor(self.module(*pair)).squeeze() for pair in zip(*images, strict=True)])
        except (RuntimeError, TypeError, ValueError) as error:
            told = " ".join(str(error).split())
            raise UserError(f"{type(self.module).__name__} cannot score such images: {told}") from error
        finally:
            if isinstance(self.module, Metric):
                self.module.reset()  # else it keeps every image, or sums


def _takes(module: nn.Module, count: int) -> bool:
    """Whether the module can be called with so many images; torchmetrics names them where it updates its state."""
    try:
        inspect.signature(getattr(module, "update", module.forward)).bind(*range(count))
    except TypeError:
        return False
    return True
