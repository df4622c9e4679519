"""Where a run waits for the device between two batches."""

from collections import Counter
from typing import Any

from lightning.pytorch import Callback

from tests.helpers.accelerator import DeviceTensor, Watch


class Waits(Callback):
    """Counts what is waited for from the end of one batch to the end of the next.

    Before the first of these a validation takes its pictures, and after a training's last the bar shows the losses.
    """

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.batches: Counter[str] = Counter()
        self.waits: dict[str, Counter[str]] = {"train": Counter(), "val": Counter()}
        self._last: Counter[str] | None = None

    def _note(self, stage: str) -> None:
        now = self.watch.waits.copy()
        if self._last is not None:
            self.batches[stage] += 1
            self.waits[stage] += now - self._last
        self._last = now

    def on_train_epoch_start(self, *_: Any) -> None:
        self._last = None

    def on_validation_epoch_start(self, *_: Any) -> None:
        self._last = None

    def on_validation_end(self, *_: Any) -> None:
        self._last = None

    def on_train_batch_end(self, trainer: Any, module: Any, *_: Any) -> None:
        assert all(isinstance(parameter.grad, DeviceTensor | None) for parameter in module.parameters())
        if not trainer.is_last_batch:
            self._note("train")

    def on_validation_batch_end(self, *_: Any) -> None:
        self._note("val")
