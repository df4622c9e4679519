"""A run's curves as a CSV file, and Weights & Biases beside it: offline, to be sent later, where there is no key."""

import csv
import netrc
import os
import socket
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import ParseResult, urlparse
from urllib.request import getproxies, proxy_bypass

from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.utilities import rank_zero_only, rank_zero_warn

from deblur_lightning.errors import CannotWrite
from deblur_lightning.imagefiles import write_atomically

PATIENCE = 5.0
"""Seconds that a run waits for W&B's host before it starts without."""


class RunCurves(CSVLogger):
    """Lightning's logger to ``metrics.csv``; rows that there is no room for wait, after a warning, until there is."""

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
    url = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai"))
    if not _has_key(url.hostname or ""):
        reason = "has no key here"
    elif not _is_reachable(url):
        reason = f"is not to be reached ({url.netloc})"
    else:
        return
    os.environ["WANDB_MODE"] = "offline"
    rank_zero_warn(f"W&B {reason}: this run stays on disk. `wandb sync wandb/offline-run-*` sends it later.")


def _has_key(host: str) -> bool:
    try:
        return bool(os.environ.get("WANDB_API_KEY") or netrc.netrc(os.environ.get("NETRC")).authenticators(host))
    except (OSError, netrc.NetrcParseError):
        return False


def _is_reachable(url: ParseResult) -> bool:
    """Whether something answers at ``url``, or at the proxy before it, within ``PATIENCE``."""
    proxy = getproxies().get(url.scheme)
    if proxy and not proxy_bypass(url.hostname or ""):
        url = urlparse(proxy if "//" in proxy else f"//{proxy}", scheme="http")
    address = (url.hostname or "", url.port or (443 if url.scheme == "https" else 80))
    answered: list[bool] = []

    def connect() -> None:
        with suppress(OSError), socket.create_connection(address, timeout=PATIENCE):
            answered.append(True)

    # in a thread that may be left behind: looking up a name has no time limit of its own
    attempt = threading.Thread(target=connect, daemon=True)
    attempt.start()
    attempt.join(PATIENCE)
    return bool(answered)
