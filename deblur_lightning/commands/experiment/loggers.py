"""Loggers: curves as a CSV file, TensorBoard, and Weights & Biases, offline where there is no key."""

import csv
import netrc
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from http.client import HTTPException
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlparse
from urllib.request import urlopen

from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger, WandbLogger
from lightning.pytorch.loggers.logger import DummyExperiment  # type: ignore[attr-defined]
from lightning.pytorch.utilities import rank_zero_only, rank_zero_warn

from deblur_lightning.errors import CannotWrite
from deblur_lightning.files.writing import write_atomically

PATIENCE = 5.0
"""Seconds that a run waits for W&B's host before it starts without."""


class RunCurves(CSVLogger):
    """Lightning's logger to ``metrics.csv``. If the disk is full, it warns, and rows wait until there is room."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder.parent, name="", version=folder.name)
        self._names: list[str] = []

    @rank_zero_only
    def save(self) -> None:
        """Write what was logged since the last time."""
        rows, path = self.experiment.metrics, Path(self.experiment.metrics_file_path)
        if not rows:
            return
        names = sorted({name for row in rows for name in row}.union(self._names))
        try:
            if names == self._names:
                _append(path, _lines(names, rows))
            else:
                header = dict(zip(names, names, strict=True))
                write_atomically(path, _lines(names, [header, *(_rows(path) if self._names else []), *rows]))
        except CannotWrite as error:
            rank_zero_warn(f"Training goes on, and its curves wait to be written: {error}.")
            return
        self._names = names
        self.experiment.metrics = []


class ToleratedWandb(WandbLogger):
    """Lightning's logger to W&B. If W&B fails, this logger warns, and the run goes on without it.

    W&B's disk may fill and its process may end. The curves are in ``metrics.csv`` in any case.
    """

    _lost = False

    @classmethod
    def of(cls, loggers: list[Any]) -> list[Any]:
        """The same loggers, those to W&B tolerated from now on."""
        for logger in loggers:
            if isinstance(logger, WandbLogger):
                logger.__class__ = cls
        return loggers

    @property
    def experiment(self) -> Any:
        """W&B's run, or what takes everything and does nothing once that is lost."""
        return self._try(lambda: super(ToleratedWandb, self).experiment) or DummyExperiment()

    def log_hyperparams(self, params: Any) -> None:
        self._try(super().log_hyperparams, params)

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        self._try(super().log_metrics, metrics, step)

    def log_image(self, key: str, images: list[Any], step: int | None = None, **kwargs: Any) -> None:
        self._try(super().log_image, key, images, step, **kwargs)

    def finalize(self, status: str) -> None:
        self._try(super().finalize, status)

    def _try(self, action: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        if self._lost:
            return None
        try:
            return action(*arguments, **named)
        except Exception as error:  # W&B raises its own, the system's and its connection's
            self._lost = True
            rank_zero_warn(f"Training goes on without W&B: {' '.join(str(error).split()) or type(error).__name__}.")
            return None


class TensorBoard(TensorBoardLogger):
    """Lightning's logger to TensorBoard, in the folder ``tensorboard`` of the run."""

    def __init__(self) -> None:
        super().__init__(".", name="", version="tensorboard")

    @staticmethod
    def of(loggers: list[Any], folder: Path) -> list[Any]:
        """The same loggers, those of this class in ``folder`` from now on."""
        return [
            TensorBoardLogger(folder, name="", version="tensorboard", default_hp_metric=False)
            if isinstance(logger, TensorBoard)
            else logger
            for logger in loggers
        ]


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _lines(names: list[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    text = StringIO(newline="")
    csv.DictWriter(text, names).writerows(rows)
    return text.getvalue().encode()


def _append(path: Path, lines: bytes) -> None:
    """Add ``lines`` to a file, all of them or none."""
    size = path.stat().st_size
    try:
        with path.open("ab") as file:
            file.write(lines)
    except OSError as error:
        with suppress(OSError):
            os.truncate(path, size)
        raise CannotWrite(f"cannot write {path}: {error.strerror or error}; check that it has room left") from error


def go_offline_if_need_be(loggers: Any) -> None:
    """Set ``WANDB_MODE=offline`` where a W&B logger is asked for, no mode, and there is no key or no way to its host.

    Left alone, W&B would end the run, wait at a prompt, or try for minutes.

    Args:
        loggers: the configuration's ``trainer.logger``.
    """
    wanted = any("WandbLogger" in str(logger) for logger in (loggers if isinstance(loggers, list) else [loggers]))
    if not wanted or "WANDB_MODE" in os.environ:
        return
    url = os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")
    if not _has_key(urlparse(url).hostname or ""):
        reason = "has no key here"
    elif not _answers(url):
        reason = f"does not answer at {url}"
    else:
        return
    os.environ["WANDB_MODE"] = "offline"
    rank_zero_warn(f"W&B {reason}: this run stays on disk. `wandb sync wandb/offline-run-*` sends it later.")


def _has_key(host: str) -> bool:
    try:
        return bool(os.environ.get("WANDB_API_KEY") or netrc.netrc(os.environ.get("NETRC")).authenticators(host))
    except (OSError, netrc.NetrcParseError):
        return False


def _answers(url: str) -> bool:
    """Whether a server answers at ``url`` within ``PATIENCE``, whatever it says."""
    answered: list[bool] = []

    def ask() -> None:
        try:
            urlopen(url, timeout=PATIENCE).close()
        except HTTPError:
            pass
        except (OSError, HTTPException):
            return
        answered.append(True)

    # in a thread that may be left behind: looking up a name has no time limit of its own
    question = threading.Thread(target=ask, daemon=True)
    question.start()
    question.join(PATIENCE)
    return bool(answered)
