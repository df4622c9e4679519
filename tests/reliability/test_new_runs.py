"""Each run has a folder of its own, whatever else is started beside it, and all its processes share that one."""

import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from deblur_lightning.commands.experiment.run_folder import leave_if_unused, take_folder
from deblur_lightning.errors import UserError
from tests.helpers.command import SRCNN, fresh, photographs_of, start

Deblur = Callable[..., tuple[int, str, str]]

TOLD = "--trainer.callbacks=tests.helpers.ranks.Told"
TWO = ["--trainer.devices=2", "--trainer.strategy=ddp", "--data.batch_size=1"]
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m", "--")
MANY = 12


def test_numbers_chosen_at_the_same_time_are_different_ones(workplace: Path) -> None:
    for _ in range(5):
        barrier = Barrier(MANY)

        def choose(_: int, barrier: Barrier = barrier) -> Path:
            barrier.wait()
            return take_folder(None, "experiment")

        with ThreadPoolExecutor(MANY) as pool:
            folders = list(pool.map(choose, range(MANY)))
        assert len(set(folders)) == MANY
    assert take_folder(None, "experiment") == Path(f"runs/experiment/{5 * MANY + 1:03d}")


def test_a_folder_that_is_given_to_two_runs_is_taken_by_one(workplace: Path) -> None:
    Path("mine").mkdir()
    Path("mine/notes.txt").touch()
    assert take_folder("mine", "experiment") == Path("mine")
    with pytest.raises(UserError, match=r"^mine holds a run already: give another --run, or none\.$"):
        take_folder("mine", "experiment")
    leave_if_unused(Path("mine"))
    assert os.listdir("mine") == ["notes.txt"]
    take_folder("mine", "experiment")


def test_a_run_that_fails_before_it_has_begun_leaves_no_folder(workplace: Path, deblur: Deblur) -> None:
    for place in ([], ["--run=mine"]):
        code, _, complained = deblur("fit", *SRCNN, "--data.crop_size=3000", *place)
        assert code == 2
        assert "crop_size=3000 is larger than" in complained
    assert not Path("mine").exists()
    assert not list(Path("runs").rglob("*.*"))
    assert take_folder(None, "srcnn_915").name == "001"


@pytest.mark.parametrize("subcommand", ["fit", "test"])
@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("file", "--run=file is a file: give a folder."),
        ("file/run", "cannot make the folder file/run: Not a directory; check that it may be written to and has"),
        ("n" * 300, f"cannot make the folder {'n' * 300}: File name too long; check that it may be written to and"),
        ("locked/run", "cannot make the folder locked/run: Permission denied; check that it may be written to and"),
        ("locked", "cannot write to the folder locked"),
    ],
)
def test_a_folder_that_cannot_be_is_one_line_before_the_work(
    subcommand: str, place: str, told: str, workplace: Path, deblur: Deblur, request: pytest.FixtureRequest
) -> None:
    if place.startswith("locked") and os.geteuid() == 0:
        pytest.skip("nothing is closed to root")
    Path("file").touch()
    Path("locked").mkdir(0o500)
    checkpoint = []
    if subcommand == "test":
        run = request.getfixturevalue("small_run")
        checkpoint = ["--ckpt_path", run / "checkpoints" / "last.ckpt"]
    code, printed, complained = deblur(subcommand, *SRCNN, *checkpoint, f"--run={place}")
    assert code == 2
    assert complained.splitlines()[-1].startswith(f"deblur: error: {told}")
    assert "Traceback" not in complained
    assert "Testing" not in printed


@pytest.fixture
def small_run(workplace: Path, photographs: Path, deblur: Deblur) -> Path:
    code, _, complained = deblur("fit", *SRCNN, *photographs_of(photographs), "--run=small")
    assert code == 0, complained
    return Path("small")


@pytest.mark.slow
def test_two_runs_started_together_do_not_mix(workplace: Path, photographs: Path) -> None:
    arguments = ["fit", *SRCNN, *photographs_of(photographs), "--trainer.enable_progress_bar=false"]
    both = [start(arguments, workplace) for _ in range(2)]
    for process in both:
        process.join(120)
        assert process.exitcode == 0, (workplace / "output.txt").read_text()
    folders = sorted((workplace / "runs" / "srcnn_915").iterdir())
    assert [folder.name for folder in folders] == ["001", "002"]
    for folder in folders:
        assert sorted(os.listdir(folder / "checkpoints")) == ["best.ckpt", "last.ckpt"]
        assert len((folder / "metrics.csv").read_text().splitlines()) == 5  # header, three batches, validation


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [("-m",), TORCHRUN])
def test_the_processes_of_a_run_share_its_folder(launcher: tuple[str, ...], workplace: Path, photographs: Path) -> None:
    """Each writes what it met to the folder that it was told."""
    arguments = ["fit", *SRCNN, *photographs_of(photographs), *TWO, TOLD]
    with (
        (workplace / "output.txt").open("w") as file,
        fresh(arguments, workplace, file, launcher, OMP_NUM_THREADS="1") as process,
    ):
        assert process.wait(timeout=180) == 0, (workplace / "output.txt").read_text()
    assert os.listdir(workplace / "runs" / "srcnn_915") == ["001"]
    assert {"rank0.pt", "rank1.pt", "config.yaml"} <= set(os.listdir(workplace / "runs" / "srcnn_915" / "001"))


@pytest.mark.slow
def test_a_busy_port_is_one_line_and_leaves_no_process(workplace: Path, photographs: Path) -> None:
    arguments = ["fit", *SRCNN, *photographs_of(photographs), *TWO]
    with socket.create_server(("", 0)) as busy, (workplace / "output.txt").open("w") as file:
        port = str(busy.getsockname()[1])
        with fresh(arguments, workplace, file, MASTER_PORT=port) as process:
            assert process.wait(timeout=120) == 2
            with pytest.raises(ProcessLookupError):  # none is left of its group
                os.killpg(process.pid, 0)
    last = (workplace / "output.txt").read_text().splitlines()[-1]
    told = f"MASTER_PORT={port}, over which the processes of a run meet, is in use: set another, or leave MASTER_PORT"
    assert last == f"deblur: error: {told} unset."
    assert not (workplace / "runs" / "srcnn_915" / "001").exists()
