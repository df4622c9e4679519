"""Weights & Biases beside the CSV file: without a key it keeps a run on disk, to be sent later."""

import netrc
import os
from typing import Any
from urllib.parse import urlparse

from lightning.pytorch.utilities import rank_zero_warn


def go_offline_without_key(loggers: Any) -> None:
    """Set ``WANDB_MODE=offline`` where a W&B logger is asked for, and neither a mode nor a key is to be found.

    Left alone, W&B would end the run or wait at a prompt.

    Args:
        loggers: the configuration's ``trainer.logger``.
    """
    wanted = any("WandbLogger" in str(logger) for logger in (loggers if isinstance(loggers, list) else [loggers]))
    if wanted and "WANDB_MODE" not in os.environ and not _has_key():
        os.environ["WANDB_MODE"] = "offline"
        rank_zero_warn("W&B has no key here: this run stays on disk. `wandb sync wandb/offline-run-*` sends it later.")


def _has_key() -> bool:
    host = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname or ""
    try:
        return bool(os.environ.get("WANDB_API_KEY") or netrc.netrc(os.environ.get("NETRC")).authenticators(host))
    except (OSError, netrc.NetrcParseError):
        return False
