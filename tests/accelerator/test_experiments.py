"""Experiments with every class train and validate on the device, and wait for it only where they must."""

import functools
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Trainer
from lightning.pytorch.strategies import SingleDeviceStrategy

from tests.helpers.accelerator import PretendedAccelerator, Watch, device
from tests.helpers.command import FEW
from tests.helpers.settings import CLASSIFIERS, Deblur, small, with_new_classes
from tests.helpers.waits import Waits

QUICK = ("deblurgan", "deconv_multi", "nafnet_blind", "mnist_mlp")
WAITING = {
    "networks/deconv.py",  # whether the plain inverse explodes
    "methods/deconv.py",  # whether each PSF is known
    "methods/filtering.py",  # the same
    "methods/oracle.py",  # whether the spectra were measured
    "classical/planes.py",  # iterative filters run on the host
}
SELDOM = ("--trainer.log_every_n_steps=1000", "--pictures.count=1", "--trainer.limit_val_batches=1")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in with_new_classes(QUICK)]
)
def test_no_step_waits(name: str, workplace: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deblur_lightning.callbacks.progress.INTERVAL", float("inf"))
    initialise = Trainer.__init__
    watch = Watch()
    waits = Waits(watch)

    @functools.wraps(initialise)  # the command line's options are read off its signature
    def on_the_device(trainer: Trainer, **settings: Any) -> None:
        settings |= {"accelerator": PretendedAccelerator(), "strategy": SingleDeviceStrategy(device())}
        settings["callbacks"] = [*settings["callbacks"], waits]
        initialise(trainer, **settings)

    monkeypatch.setattr(Trainer, "__init__", on_the_device)
    budget = [*FEW, "--data.source.length=100"] if name in CLASSIFIERS else ["--config", "tiny.yaml", *small(name)]
    with watch:
        code, _, complained = deblur("fit", "--config", f"experiments/{name}.yaml", *budget, *SELDOM, "--run=run")
    assert code == 0, complained
    seen = {place.partition(" in ")[2].partition(":")[0] for stage in waits.waits.values() for place in stage}
    assert seen <= WAITING, waits.waits
