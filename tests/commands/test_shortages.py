"""What the machine lacks is told in one line that names it."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from lightning_utilities.core.imports import RequirementCache

from deblur_lightning.commands.mistakes import one_line
from tests.conftest import REPOSITORY
from tests.helpers.command import SRCNN, photographs_of

Deblur = Callable[..., tuple[int, str, str]]

LOADERS = "the loader processes have no room left in shared memory (/dev/shm): set --data.num_workers=0 or a smaller "


@pytest.mark.parametrize(
    "words",
    [
        "unable to allocate shared memory(shm) for file </torch_94_11_0>: No space left on device (28)",
        "unable to write to file </torch_94_11_0>: No space left on device (28)",
        "DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that dataloader's workers are out of "
        "shared memory. Please try to raise your shared memory limit.",
    ],
)
def test_no_shared_memory_in_the_words_of_torch(words: str) -> None:
    line = one_line(RuntimeError(f"Caught RuntimeError in DataLoader worker process 0.\nOriginal Traceback:\n{words}"))
    assert line is not None
    assert line.startswith(LOADERS)


def test_what_is_full_or_closed_is_named() -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "out/a.csv")
    told = "out/a.csv: No space left on device; check who may read and write there, and that there is room left."
    assert one_line(full) == told
    full.filename = None
    assert str(one_line(full)).startswith("a file: No space left on device;")
    closed = one_line(PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/closed/a.csv"))
    assert str(closed).startswith("/closed/a.csv: Permission denied;")


def test_an_error_of_another_kind_is_no_shortage() -> None:
    for error in (
        RuntimeError("No space left in the queue"),
        OSError("shared memory"),
        KeyError("pip install"),
        OSError(),
    ):
        assert one_line(error) is None


@pytest.mark.parametrize(
    ("logger", "package", "known"),
    [
        (
            "TensorBoardLogger",
            "tensorboard",
            ("tensorboard._TENSORBOARD_AVAILABLE", "tensorboard._TENSORBOARDX_AVAILABLE"),
        ),
        ("MLFlowLogger", "mlflow", ("mlflow._MLFLOW_AVAILABLE",)),
    ],
)
def test_a_logger_without_its_package_names_the_command(
    logger: str, package: str, known: tuple[str, ...], workplace: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if it were not installed, where it is: no such version is."""
    room = "fabric" if package == "tensorboard" else "pytorch"
    for name in known:
        monkeypatch.setattr(f"lightning.{room}.loggers.{name}", RequirementCache(f"{package}>=999"))
    save = ["--trainer.logger.save_dir=logs"] if logger == "TensorBoardLogger" else []
    code, _, complained = deblur("fit", *SRCNN, f"--trainer.logger={logger}", *save)
    assert code == 2
    last = complained.splitlines()[-1]
    assert last.startswith("deblur: error: ")
    assert "pip install" in last
    assert package in last.partition("pip install")[2]
    assert not list(workplace.rglob("config.yaml"))


@pytest.mark.slow
@pytest.mark.parametrize("size", ["4k", "64k"])
def test_a_full_shared_memory_is_one_line(size: str, workplace: Path, photographs: Path) -> None:
    """In a name space of its own, where its shared memory holds ``size`` bytes."""
    small = f"mount -t tmpfs -o size={size} tmpfs /dev/shm"
    inside = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
    if shutil.which("unshare") is None or subprocess.run([*inside, small], capture_output=True, check=False).returncode:
        pytest.skip("this system lends no name space of its own")
    command = [sys.executable, "-m", "deblur_lightning", "fit", *SRCNN, *photographs_of(photographs)]
    answer = subprocess.run(
        [*inside, f'{small} && exec "$@"', "sh", *command, "--data.num_workers=2"],
        cwd=workplace,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert answer.returncode == 2, answer.stderr
    assert f"deblur: error: {LOADERS}" in answer.stderr
