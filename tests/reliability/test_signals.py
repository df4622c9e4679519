"""A signal ends a run after the batch, or a GAN's cycle, with a checkpoint, an exit code and the command to go on."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer

from deblur_lightning.callbacks.divergence import StopAtDivergence
from deblur_lightning.callbacks.interrupt import Interrupted, SaveOnInterrupt
from deblur_lightning.callbacks.progress import RunProgress
from tests.helpers.command import GAN, SRCNN, fresh, photographs_of, wait_for
from tests.helpers.resuming import PressCtrlC
from tests.helpers.small import data, srcnn, trainer

Deblur = Callable[..., tuple[int, str, str]]


TERM, USR1, INT = signal.SIGTERM, signal.SIGUSR1, signal.SIGINT


@pytest.mark.parametrize(
    ("number", "code", "experiment", "at", "saved"),
    [
        (TERM, 143, SRCNN, 1, 2),
        (USR1, 138, SRCNN, 3, 4),
        (INT, 130, SRCNN, 4, 5),
        (TERM, 143, GAN, 0, 3),
        (USR1, 138, GAN, 1, 3),
        (INT, 130, GAN, 3, 6),
    ],
)
def test_a_signal_saves_stops_and_says_how_to_go_on(
    number: signal.Signals, code: int, experiment: list[str], at: int, saved: int,
    workplace: Path, photographs: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The signal comes before batch ``at`` is learned, of three in an epoch."""

    def send(self: RunProgress, trainer: Trainer, *_: Any) -> None:
        if trainer.global_step == at:
            signal.raise_signal(number)

    monkeypatch.setattr(RunProgress, "on_train_batch_start", send)
    few = ["--trainer.max_epochs=3", "--run=run"]
    found, printed, complained = deblur("fit", *experiment, *photographs_of(photographs), *few)
    assert found == code, complained
    assert "Stopping at the end of this batch" in complained
    assert torch.load(workplace / "run/checkpoints/last.ckpt", weights_only=True)["global_step"] == saved
    told = "continue  deblur fit --config run/config.yaml --ckpt_path run/checkpoints/last.ckpt"
    assert printed.splitlines()[-1] == told


def test_accumulated_gradients_are_used_before_the_run_stops(photographs: Path, tmp_path: Path) -> None:
    class Ask(PressCtrlC):
        def on_train_batch_start(self, trainer: Trainer, *_: Any) -> None:
            if trainer.fit_loop.epoch_loop.total_batch_idx == 0:
                signal.raise_signal(TERM)

    runner = trainer(tmp_path, accumulate_grad_batches=2, callbacks=[SaveOnInterrupt(), Ask(batch=9)])
    with pytest.raises(Interrupted) as stop:
        runner.fit(srcnn(), data(photographs))
    assert stop.value.code == 143
    saved = torch.load(stop.value.checkpoint, weights_only=True)
    assert saved["loops"]["fit_loop"]["epoch_loop.batch_progress"]["current"]["ready"] == 2
    assert saved["global_step"] == 1


@pytest.mark.parametrize(("number", "code"), [(TERM, 143), (INT, 130)])
def test_where_there_is_nothing_to_save_a_signal_ends_it_at_once(
    number: signal.Signals, code: int, workplace: Path, photographs: Path, deblur: Deblur,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(StopAtDivergence, "on_sanity_check_start", lambda *_: signal.raise_signal(number))
    given = [*SRCNN, *photographs_of(photographs), "--run=run"]
    found, _, complained = deblur("fit", *given, "--trainer.num_sanity_val_steps=1")
    assert found == code
    assert "Traceback" not in complained
    assert not (workplace / "run/checkpoints").exists()
    assert deblur("fit", *given[:-1], "--run=whole")[0] == 0
    for command in ("validate", "test", "predict"):
        hook = f"on_{'validation' if command == 'validate' else command}_batch_start"
        monkeypatch.setattr(StopAtDivergence, hook, lambda *_: signal.raise_signal(number))
        arguments = ["--config", "whole/config.yaml", "--ckpt_path", "whole/checkpoints/last.ckpt"]
        assert deblur(command, *arguments)[0] == code
    assert not (workplace / "whole/scores.csv").exists()
    assert not (workplace / "whole/predictions").exists()


@pytest.mark.slow
def test_one_of_two_processes_is_told_and_both_stop(workplace: Path, photographs: Path) -> None:
    """Only the first process gets the signal; the checkpoint is of the same batch in both."""
    two = ["--trainer.devices=2", "--trainer.strategy=ddp", "--data.batch_size=1", "--trainer.max_epochs=-1"]
    arguments = ["fit", *GAN, *two, *photographs_of(photographs), "--run=run"]
    output = workplace / "output.txt"
    with output.open("w") as file, fresh(arguments, workplace, file) as run:
        wait_for(lambda: (workplace / "run/checkpoints/last.ckpt").exists(), run)
        run.send_signal(signal.SIGTERM)
        assert run.wait(timeout=120) == 143, output.read_text()
    assert output.read_text().count("continue  deblur fit") == 1
    saved = torch.load(workplace / "run/checkpoints/last.ckpt", weights_only=True)
    assert saved["global_step"] % 3 == 0
