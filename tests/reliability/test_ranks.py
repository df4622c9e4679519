"""Two processes, however they are started, learn and measure what one does with their batches together."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.helpers.command import SRCNN, fresh, photographs_of

pytestmark = pytest.mark.slow

CLASSIFIER = ["--config", "experiments/mnist_mlp.yaml", "--data.source.length=35", "--trainer.accelerator=cpu"]
CLASSIFIER += ["--model.network.widths=[8]", "--model.network.dropout=0", "--data.eval_batch_size=2"]
EXACTLY = ["--trainer.precision=64-true", "--trainer.max_epochs=2", "--data.epoch_length=12"]
EXACTLY += ["--trainer.callbacks=tests.helpers.ranks.Told"]
TORCHRUN = (
    "-m",
    "torch.distributed.run",
    "--standalone",
    "--nproc_per_node=2",
    "-m",
    "--",
)  # else it takes --run for its own
SLURM = {"SLURM_JOB_ID": "1", "SLURM_JOB_NAME": "deblur", "SLURM_NTASKS": "2", "SLURM_NTASKS_PER_NODE": "2"}
SLURM |= {"SLURM_NODELIST": "127.0.0.1", "SLURM_NODEID": "0", "MASTER_PORT": "29511"}


@contextmanager
def started(way: str, arguments: Sequence[object], workplace: Path, file: Any) -> Iterator[list[subprocess.Popen[str]]]:
    """One process, two that Lightning or torchrun starts, or two that SLURM would have started."""
    single = {"OMP_NUM_THREADS": "1"}
    with ExitStack() as stack:
        if way == "slurm":
            ranks = ({"SLURM_PROCID": str(rank), "SLURM_LOCALID": str(rank)} for rank in range(2))
            given = [stack.enter_context(fresh(arguments, workplace, file, **single, **SLURM, **own)) for own in ranks]
        else:
            launcher = TORCHRUN if way == "torchrun" else ("-m",)
            given = [stack.enter_context(fresh(arguments, workplace, file, launcher, **single))]
        yield given


def trained(way: str, arguments: Sequence[object], workplace: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The checkpoint, and what each process told."""
    two = way != "one"
    devices = ["--trainer.devices=2", "--trainer.strategy=ddp", "--data.batch_size=2"] if two else []
    run, output = workplace / way, workplace / f"{way}.txt"
    given = ["fit", *arguments, *EXACTLY, *(devices or ["--data.batch_size=4"]), f"--run={run}"]
    with output.open("w") as file, started(way, given, workplace, file) as processes:
        assert [process.wait(timeout=180) for process in processes] == [0] * len(processes), output.read_text()
    told = [torch.load(run / f"rank{rank}.pt", weights_only=True) for rank in range(1 + two)]
    return torch.load(run / "checkpoints/last.ckpt", weights_only=True), told


RUNS = {"srcnn": (SRCNN, ["torchrun", "slurm"]), "classifier": (CLASSIFIER, ["ddp"])}


@pytest.mark.parametrize("name", RUNS)
def test_two_processes_learn_and_measure_what_one_does(name: str, workplace: Path, photographs: Path) -> None:
    """There are three images for validation, or seven: one of the processes gets one more than the other."""
    arguments, ways = RUNS[name]
    if name == "srcnn":
        arguments = [*arguments, *photographs_of(photographs), "--data.degradation=MotionBlur"]
    whole, (alone,) = trained("one", arguments, workplace)
    psfs = list(alone["psfs"].values())
    assert all(not torch.equal(one, other) for place, one in enumerate(psfs) for other in psfs[:place])
    for way in ways:
        parts, both = trained(way, arguments, workplace)
        for key, value in whole["state_dict"].items():
            torch.testing.assert_close(parts["state_dict"][key], value, rtol=0, atol=1e-9, msg=key)
        assert_same_data(alone, both)
        assert both[0]["metrics"] == both[1]["metrics"]
        assert both[0]["metrics"].keys() == alone["metrics"].keys()
        for key, value in alone["metrics"].items():
            torch.testing.assert_close(both[0]["metrics"][key], value, rtol=1e-6, atol=1e-6, msg=key)


def assert_same_data(alone: dict[str, Any], both: list[dict[str, Any]]) -> None:
    """Two processes share out the batches of one, and each sample is blurred alike."""
    assert [told["world"] for told in both] == [2, 2]
    for one, first, second in zip(alone["batches"], *(told["batches"] for told in both), strict=True):
        assert sorted(first + second) == sorted(one)
    psfs = both[0]["psfs"] | both[1]["psfs"]
    assert psfs.keys() == alone["psfs"].keys()
    assert all(torch.equal(psfs[key], psf) for key, psf in alone["psfs"].items())
