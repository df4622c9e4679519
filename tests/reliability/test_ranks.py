"""Several processes, however they are started, learn and measure what one does with their batches together."""

import itertools
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.helpers.command import SRCNN, TWO_BLURS, fresh, photographs_of, wait_for

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
NODES = ("-m", "torch.distributed.run", "--nnodes=2", "--nproc_per_node=2", "--rdzv_backend=c10d")
NODES += ("--local-addr=127.0.0.1", "-m", "--")
SLURM = {"SLURM_JOB_ID": "1", "SLURM_JOB_NAME": "deblur", "SLURM_NTASKS": "2", "SLURM_NTASKS_PER_NODE": "2"}
SLURM |= {"SLURM_NODELIST": "127.0.0.1", "SLURM_NODEID": "0", "MASTER_PORT": "29511"}


WORLD = {"one": 1, "ddp": 2, "torchrun": 2, "slurm": 2, "nodes": 4}
"""By way of starting them, the processes of a run; "nodes" are two torchrun agents that meet as two machines do."""


def agents(
    arguments: Sequence[object], workplace: Path, file: Any
) -> list[AbstractContextManager[subprocess.Popen[str]]]:
    """Two torchrun agents with two processes each, on a port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        meeting = f"--rdzv_endpoint=127.0.0.1:{free.getsockname()[1]}"
    launcher = (*NODES[:2], meeting, *NODES[2:])
    return [fresh(arguments, workplace, file, launcher, OMP_NUM_THREADS="1") for _ in range(2)]


@contextmanager
def started(way: str, arguments: Sequence[object], workplace: Path, file: Any) -> Iterator[list[subprocess.Popen[str]]]:
    """What the way starts: one process, or what starts the others."""
    single = {"OMP_NUM_THREADS": "1"}
    with ExitStack() as stack:
        if way == "slurm":
            ranks = ({"SLURM_PROCID": str(rank), "SLURM_LOCALID": str(rank)} for rank in range(2))
            given = [fresh(arguments, workplace, file, **single, **SLURM, **own) for own in ranks]
        elif way == "nodes":
            given = agents(arguments, workplace, file)
        else:
            launcher = TORCHRUN if way == "torchrun" else ("-m",)
            given = [fresh(arguments, workplace, file, launcher, **single)]
        yield [stack.enter_context(each) for each in given]


def devices(way: str) -> list[str]:
    """The settings that share a batch of four out among the processes."""
    world = WORLD[way]
    batch = [f"--data.batch_size={4 // world}"]
    if world == 1:
        return batch
    return [*batch, "--trainer.strategy=ddp", "--trainer.devices=2", f"--trainer.num_nodes={world // 2}"]


def trained(way: str, arguments: Sequence[object], workplace: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The checkpoint, and what each process told."""
    run, output = workplace / way, workplace / f"{way}.txt"
    given = ["fit", *arguments, *EXACTLY, *devices(way), f"--run={run}"]
    with output.open("w") as file, started(way, given, workplace, file) as processes:
        assert [process.wait(timeout=180) for process in processes] == [0] * len(processes), output.read_text()
    told = [torch.load(run / f"rank{rank}.pt", weights_only=True) for rank in range(WORLD[way])]
    return torch.load(run / "checkpoints/last.ckpt", weights_only=True), told


RUNS = {"srcnn": (SRCNN, ["torchrun", "slurm", "nodes"]), "classifier": (CLASSIFIER, ["ddp"])}


@pytest.mark.parametrize("name", RUNS)
def test_several_processes_learn_and_measure_what_one_does(name: str, workplace: Path, photographs: Path) -> None:
    """There are three images for validation, or seven: one of the processes gets one more than the other."""
    arguments, ways = RUNS[name]
    if name == "srcnn":
        arguments = [*arguments, *photographs_of(photographs), TWO_BLURS]  # processes see other kinds
    whole, (alone,) = trained("one", arguments, workplace)
    psfs = list(alone["psfs"].values())
    assert all(not torch.equal(one, other) for place, one in enumerate(psfs) for other in psfs[:place])
    for way in ways:
        parts, both = trained(way, arguments, workplace)
        for key, value in whole["state_dict"].items():
            torch.testing.assert_close(parts["state_dict"][key], value, rtol=0, atol=1e-9, msg=key)
        assert_same_data(alone, both)
        assert all(told["metrics"] == both[0]["metrics"] for told in both)
        assert both[0]["metrics"].keys() == alone["metrics"].keys()
        for key, value in alone["metrics"].items():
            torch.testing.assert_close(both[0]["metrics"][key], value, rtol=1e-6, atol=1e-6, msg=key)


def assert_same_data(alone: dict[str, Any], parts: list[dict[str, Any]]) -> None:
    """The processes share out the batches of one, and each sample is blurred alike."""
    assert [told["world"] for told in parts] == [len(parts)] * len(parts)
    for whole, *shares in zip(alone["batches"], *(told["batches"] for told in parts), strict=True):
        assert sorted(itertools.chain(*shares)) == sorted(whole)
    psfs = parts[0]["psfs"]
    assert psfs.keys() <= alone["psfs"].keys()
    assert all(torch.equal(psf, alone["psfs"][key]) for told in parts for key, psf in told["psfs"].items())


@pytest.mark.parametrize("lost", [0, 1])
def test_when_a_machine_is_lost_the_others_say_so_and_the_run_goes_on(
    lost: int, workplace: Path, photographs: Path
) -> None:
    arguments = [*SRCNN, *photographs_of(photographs), *EXACTLY, *devices("nodes"), "--trainer.max_epochs=4"]
    stopped, output = workplace / "stopped", workplace / "output.txt"
    given = ["fit", *arguments, "--trainer.callbacks+=tests.helpers.ranks.Halted", f"--run={stopped}"]
    with output.open("w") as file, ExitStack() as stack:
        both = [stack.enter_context(agent) for agent in agents(given, workplace, file)]
        wait_for(lambda: all((stopped / f"halted{rank}").exists() for rank in range(4)), both[0])
        children = subprocess.run(["pgrep", "-P", str(both[lost].pid)], capture_output=True, text=True, check=True)
        for number in (both[lost].pid, *map(int, children.stdout.split())):
            os.kill(number, signal.SIGKILL)
        (stopped / "go").touch()
        assert both[1 - lost].wait(timeout=60) != 0
    told = "deblur: error: another process of this run has ended: its own output says why. Go on with deblur fit"
    assert output.read_text().count(told) == 2
    last = stopped / "checkpoints" / "last.ckpt"
    assert f"--ckpt_path {last}" in output.read_text()
    weights = []
    for run, more in (("resumed", ["--ckpt_path", last]), ("whole", [])):
        with output.open("w") as file, ExitStack() as stack:
            given = ["fit", *arguments, *more, f"--run={run}"]
            both = [stack.enter_context(agent) for agent in agents(given, workplace, file)]
            assert [agent.wait(timeout=180) for agent in both] == [0, 0], output.read_text()
        weights.append(torch.load(workplace / run / "checkpoints/last.ckpt", weights_only=True)["state_dict"])
    for key, value in weights[1].items():
        torch.testing.assert_close(weights[0][key], value, rtol=0, atol=1e-9)
