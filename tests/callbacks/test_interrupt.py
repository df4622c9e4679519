"""Ctrl-C: the run stops after the batch, with a checkpoint from which it goes on as if nothing had been."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback

from deblur_lightning.callbacks.interrupt import Interrupted, SaveOnInterrupt
from deblur_lightning.errors import UserError
from tests.helpers.resuming import PressCtrlC
from tests.helpers.small import data, same, srcnn, trainer, weights


@pytest.fixture(autouse=True)
def _as_in_a_terminal() -> Iterator[None]:
    """A shell starts what runs in its background with Ctrl-C ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupted_run_goes_on_to_the_same_weights(photographs: Path, tmp_path: Path) -> None:
    handler = signal.getsignal(signal.SIGINT)
    start = srcnn().state_dict()
    models = [srcnn() for _ in range(3)]
    for model in models:
        model.load_state_dict(start)
    whole, stopped, continued = models
    trainer(tmp_path, max_epochs=2).fit(whole, data(photographs))
    with pytest.raises(Interrupted) as interrupted:
        trainer(tmp_path, max_epochs=2, callbacks=[SaveOnInterrupt(), PressCtrlC(batch=3)]).fit(
            stopped, data(photographs)
        )
    assert interrupted.value.checkpoint == tmp_path / "checkpoints" / "last.ckpt"
    assert signal.getsignal(signal.SIGINT) is handler
    runner = trainer(tmp_path, max_epochs=2)
    runner.fit(continued, data(photographs), ckpt_path=interrupted.value.checkpoint)
    assert runner.global_step == 6
    assert same(weights(continued), weights(whole))


def test_a_second_ctrl_c_loses_nothing(photographs: Path, tmp_path: Path) -> None:
    with pytest.raises(Interrupted) as interrupted:
        trainer(tmp_path, callbacks=[SaveOnInterrupt(), PressCtrlC(batch=1, times=2)]).fit(srcnn(), data(photographs))
    assert interrupted.value.code == 130
    assert torch.load(interrupted.value.checkpoint, weights_only=True)["global_step"] == 2


def test_the_handler_is_given_back_after_a_whole_run(photographs: Path, tmp_path: Path) -> None:
    handler = signal.getsignal(signal.SIGINT)
    trainer(tmp_path, callbacks=[SaveOnInterrupt()]).fit(srcnn(), data(photographs))
    assert signal.getsignal(signal.SIGINT) is handler


class Late(Callback):
    """Takes the images away, and has the end of a loader heard of only while what follows from it is dealt with."""

    def __init__(self, images: Path) -> None:
        self.images = images

    def on_train_batch_end(self, *_: Any) -> None:
        for path in self.images.glob("*.png"):
            path.unlink()

    def on_exception(self, *_: Any) -> None:
        signal.raise_signal(signal.SIGCHLD)


def test_the_causes_of_an_end_have_an_end(photographs: Path, tmp_path: Path) -> None:
    def tell(*_: Any) -> None:
        raise RuntimeError("DataLoader worker (pid 1) is killed by signal: Killed.")

    runner = trainer(tmp_path, callbacks=[Late(photographs / "train"), SaveOnInterrupt()])
    before = signal.signal(signal.SIGCHLD, tell)
    try:
        with pytest.raises(UserError) as ended:
            runner.fit(srcnn(), data(photographs))
    finally:
        signal.signal(signal.SIGCHLD, before)
    causes: list[BaseException] = [ended.value]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
        assert cause not in causes
        causes.append(cause)
    assert [type(cause) for cause in causes] == [UserError, Interrupted, RuntimeError]
