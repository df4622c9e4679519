"""Each method trains and validates on the device through Lightning; between two batches nothing waits for it."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from lightning.pytorch import Callback, LightningDataModule, LightningModule
from lightning.pytorch.strategies import SingleDeviceStrategy

from deblur_lightning.callbacks.classification import ClassificationWriter
from deblur_lightning.callbacks.divergence import StopAtDivergence
from deblur_lightning.callbacks.health import HealthPanel
from deblur_lightning.callbacks.interrupt import SaveOnInterrupt
from deblur_lightning.callbacks.label_writer import LabelWriter
from deblur_lightning.callbacks.pictures import ComparisonPictures
from deblur_lightning.callbacks.predictions import PredictionWriter
from deblur_lightning.callbacks.progress import RunProgress
from deblur_lightning.callbacks.rng_state import SaveRNGState
from deblur_lightning.callbacks.schedule_monitor import ScheduleMonitor
from deblur_lightning.callbacks.scores import ScoreWriter
from deblur_lightning.losses.adversarial import HingeGAN, LeastSquaresGAN, RelativisticAverageGAN, WassersteinGP
from deblur_lightning.losses.reconstruction import SSIM, Charbonnier, FrequencyL1, PSNRLoss
from deblur_lightning.methods.deconv import DeconvRestorer
from deblur_lightning.methods.regression import RegressionRestorer
from deblur_lightning.networks.deconv import FourierDeconv2d
from deblur_lightning.networks.nafnet import NAFNet
from deblur_lightning.networks.regularised import RegularisedDeconv
from deblur_lightning.networks.unet import UNet
from tests.helpers.accelerator import PretendedAccelerator, Watch, device
from tests.helpers.small import classifier, data, digits, gan, srcnn, trainer, weights
from tests.helpers.waits import Waits


def nafnet() -> RegressionRestorer:
    return RegressionRestorer(
        NAFNet(width=4, encoder_blocks=(1,), middle_blocks=1, decoder_blocks=(1,), window=32, shuffle=2)
    )


METHODS: dict[str, Callable[[], LightningModule]] = {
    "srcnn": srcnn,
    "nafnet": nafnet,
    "gan": gan,
    "charbonnier": lambda: RegressionRestorer(UNet(widths=[4, 8]), loss=Charbonnier()),
    "frequency": lambda: RegressionRestorer(UNet(widths=[4, 8]), loss=FrequencyL1()),
    "psnr": lambda: RegressionRestorer(UNet(widths=[4, 8]), loss=PSNRLoss()),
    "ssim": lambda: RegressionRestorer(UNet(widths=[4, 8]), loss=SSIM()),
    "deconvolution": lambda: DeconvRestorer(FourierDeconv2d(3, 3, (9, 9))),
    "regularised": lambda: DeconvRestorer(RegularisedDeconv(9), loss_border=4),
    "classifier": classifier,
    "averaged": lambda: gan(ema_decay=0.9),
    "hinge": lambda: gan(adversarial=HingeGAN()),
    "least squares": lambda: gan(adversarial=LeastSquaresGAN()),
    "relativistic": lambda: gan(adversarial=RelativisticAverageGAN()),
    "wasserstein": lambda: gan(adversarial=WassersteinGP()),
}


CALLBACKS: list[Callable[[], list[Callback]]] = [
    lambda: [*always(), ScoreWriter(), PredictionWriter(), HealthPanel(), ComparisonPictures(count=1)],
    lambda: [*always(), ClassificationWriter(), LabelWriter()],
]
"""What the command line adds for restorers, and for classifiers."""


def always() -> list[Callback]:
    return [StopAtDivergence(), SaveRNGState(), SaveOnInterrupt(), ScheduleMonitor(), RunProgress()]


WAITING = {"deconvolution": "aten._to_copy in networks/deconv.py"}
"""The plain inverse asks in each pass whether it explodes; the regularised one does not."""


@pytest.mark.parametrize("name", METHODS)
def test_no_step_waits(name: str, photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deblur_lightning.callbacks.progress.INTERVAL", float("inf"))
    torch.manual_seed(0)
    module = METHODS[name]()
    datamodule: LightningDataModule = (
        digits(eval_batch_size=1) if name == "classifier" else data(photographs, batch_size=2)
    )
    with Watch() as watch:
        waits = Waits(watch)
        runner = trainer(
            tmp_path,
            accelerator=PretendedAccelerator(),
            strategy=SingleDeviceStrategy(device()),
            enable_progress_bar=True,
            callbacks=[*CALLBACKS[name == "classifier"](), waits],  # the last, so that it sees what they do
            log_every_n_steps=1000,
        )
        runner.fit(module, datamodule)
    assert min(waits.batches["train"], waits.batches["val"]) >= 2
    seen = {place.partition(":")[0] for stage in waits.waits.values() for place in stage}
    assert seen == ({WAITING[name]} if name in WAITING else set()), waits.waits
    torch.manual_seed(0)
    on_host = METHODS[name]()
    trainer(tmp_path).fit(on_host, datamodule)
    torch.testing.assert_close(weights(module), weights(on_host), rtol=1e-4, atol=1e-4)  # what computes is the host
