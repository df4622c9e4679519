"""Ctrl-C in a terminal, and whatever else signals a run's whole process group, loses nothing and says how to go on."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.helpers.command import (
    CLASSIFIER,
    GAN,
    SRCNN,
    Terminal,
    photographs_of,
    wait_for,
    write_tiny_labels,
)

CTRL_C = b"\x03"


def press_once(terminal: Terminal) -> None:
    terminal.press(CTRL_C)


def press_twice(terminal: Terminal) -> None:
    terminal.press(CTRL_C + CTRL_C)


def end_the_job(terminal: Terminal) -> None:
    """As a scheduler does: every process is told, and told again."""
    for _ in range(2):
        os.killpg(terminal.process.pid or 0, signal.SIGTERM)


def stopped(command: list[object], stop: Callable[[Terminal], None], code: int, run: Path) -> int:
    """Run ``command`` into its second epoch, ``stop`` it there; returns the steps that were saved."""
    terminal = Terminal([*command, "--trainer.max_epochs=-1", f"--run={run}"], run.parent)
    last = run / "checkpoints" / "last.ckpt"
    wait_for(last.exists, terminal.process)
    last.unlink()
    stop(terminal)
    found, shown = terminal.end()
    assert found == code, shown
    assert shown.count("Stopping at the end of this batch") == 1, shown
    assert "Traceback" not in shown
    assert shown.split("\r\n")[-2] == f"continue  deblur fit --config {run}/config.yaml --ckpt_path {last}"
    return int(torch.load(last, weights_only=True)["global_step"])


def stop_twice(
    experiment: list[str], workers: int, stop: Callable[[Terminal], None], code: int, workplace: Path, photographs: Path
) -> None:
    """Stop a run, continue it, and stop that too."""
    write_tiny_labels(workplace)
    images = [] if experiment is CLASSIFIER else photographs_of(photographs)
    one, other = workplace / "one", workplace / "other"
    steps = stopped(["fit", *experiment, *images, f"--data.num_workers={workers}"], stop, code, one)
    continued = ["fit", "--config", one / "config.yaml", "--ckpt_path", one / "checkpoints/last.ckpt"]
    more = stopped(continued, stop, code, other)
    assert 0 < steps < more
    if experiment is GAN:
        assert steps % 3 == more % 3 == 0


@pytest.mark.parametrize(("experiment", "stop", "code"), [(GAN, press_twice, 130), (SRCNN, end_the_job, 143)])
def test_the_loaders_of_a_run_do_not_die_of_what_it_is_told(
    experiment: list[str], stop: Callable[[Terminal], None], code: int, workplace: Path, photographs: Path
) -> None:
    stop_twice(experiment, 2, stop, code, workplace, photographs)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(("stop", "code"), [(press_once, 130), (press_twice, 130), (end_the_job, 143)])
@pytest.mark.parametrize("experiment", [GAN, SRCNN, CLASSIFIER], ids=["gan", "srcnn", "classifier"])
def test_whatever_is_trained_is_saved(
    experiment: list[str],
    stop: Callable[[Terminal], None],
    code: int,
    workers: int,
    workplace: Path,
    photographs: Path,
) -> None:
    stop_twice(experiment, workers, stop, code, workplace, photographs)
