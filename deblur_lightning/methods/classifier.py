"""Classification of small images."""

from typing import Any, Protocol, TypedDict, final

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities import rank_zero_warn
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassCalibrationError
from torchmetrics.utilities import dim_zero_cat

from deblur_lightning.batch import LabelledBatch
from deblur_lightning.errors import UserError
from deblur_lightning.lightning_internals import batch_weight, prepare_precision
from deblur_lightning.methods.base import check_rates, only_plain, scheduled
from deblur_lightning.metrics.calibration import calibration_error
from deblur_lightning.networks.applying import apply
from deblur_lightning.networks.resnet import ResNet18
from deblur_lightning.optim.schedules import Constant, Schedule


class Classified(TypedDict):
    """What a validation, test or prediction step hands to the callbacks.

    Attributes:
        label: (B,) int64, of the likeliest class.
        confidence: (B,) float32, its probability.
    """

    label: Tensor
    confidence: Tensor


@final
class _CalibrationError(MulticlassCalibrationError):
    """Gathers confidences as torchmetrics does, whose own error is a sum in float32: a quarter off on 12,000 images."""

    def compute(self) -> Tensor:
        return calibration_error(dim_zero_cat(self.confidences), dim_zero_cat(self.accuracies))


class LabelledSource(Protocol):
    """What this method asks of a data module."""

    @property
    def classes(self) -> tuple[str, ...]: ...


@final
class ImageClassifier(LightningModule):
    """Minimises the cross-entropy with Adam.

    Logs the accuracy, the loss and the expected calibration error (ECE): how far confidence and accuracy are apart
    on average, over 15 bins of confidence (Guo et al., 2017).

    Args:
        network: maps images (B, C, H, W) in [0, 1] to logits (B, classes); it tells its ``classes``.
        lr: Adam's learning rate.
        schedule: of the rate over the run's steps; constant when not given.

    Attributes:
        features: which pretrained weights the network started from; part of every score's record.

    Raises:
        UserError: a rate that is not above 0; a network that does not tell its ``classes``.
    """

    features: str = "none"

    def __init__(self, network: nn.Module, lr: float = 1e-3, schedule: Schedule | None = None) -> None:
        super().__init__()
        self.save_hyperparameters(logger=False)
        check_rates(lr=lr)
        self.network = network
        self.lr = lr
        self.schedule = schedule or Constant()
        if not isinstance(getattr(network, "classes", None), int):
            raise UserError(f"{type(network).__name__} does not tell how many classes it knows: give it self.classes.")
        classes = int(network.classes)  # type: ignore[arg-type]
        metrics = MetricCollection(
            {
                "accuracy": MulticlassAccuracy(classes, average="micro"),
                "ece": _CalibrationError(classes),
            }
        )
        self.metrics = nn.ModuleDict({split: metrics.clone(prefix=f"{split}/") for split in ("val", "test")})

    def setup(self, stage: str) -> None:
        data: LabelledSource = self.trainer.datamodule  # type: ignore[attr-defined]
        given, made_for = len(getattr(data, "classes", ())), self.network.classes
        if given != made_for:
            raise UserError(
                f"{type(self.network).__name__} was made for classes={made_for} and the data have {given}: "
                f"set classes={given}."
                if given
                else f"{type(data).__name__} has no labels, which a classifier needs: give LabelledData."
            )
        if stage == "fit" and isinstance(self.network, ResNet18) and self.network.pretrained:
            self._load_features(self.network)

    def forward(self, image: Tensor) -> Tensor:
        logits = apply(self.network, image)
        if not isinstance(logits, Tensor) or logits.shape != (len(image), self.network.classes):
            name, classes = type(self.network).__name__, self.network.classes
            raise UserError(
                f"{name} must return logits (images, classes), here {len(image)}x{classes}, and nothing else."
            )
        return logits

    def training_step(self, batch: LabelledBatch, batch_idx: int) -> Tensor:
        logits = self(batch["image"])
        loss = F.cross_entropy(logits, batch["label"])
        self.log("train/loss", loss, batch_size=len(logits))
        return loss

    def validation_step(self, batch: LabelledBatch, batch_idx: int) -> Classified:
        return self._evaluate(batch, "val")

    def test_step(self, batch: LabelledBatch, batch_idx: int) -> Classified:
        return self._evaluate(batch, "test")

    def predict_step(self, batch: LabelledBatch, batch_idx: int) -> Classified:
        return classify(self(batch["image"]))

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return scheduled(Adam(self.network.parameters(), lr=self.lr), self.schedule, self.trainer)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["features"] = self.features
        only_plain(checkpoint)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.features = checkpoint.get("features", "unknown")
        prepare_precision(self)

    def _evaluate(self, batch: LabelledBatch, split: str) -> Classified:
        logits, label = self(batch["image"]).float(), batch["label"]
        metrics = self.metrics[split]
        assert isinstance(metrics, MetricCollection)
        metrics.update(logits.softmax(dim=1), label)
        self.log_dict(metrics, batch_size=len(label))
        loss = F.cross_entropy(logits, label)
        self.log(f"{split}/loss", loss, sync_dist=True, batch_size=batch_weight(label))
        return classify(logits)

    def _load_features(self, network: ResNet18) -> None:
        if network.load():
            self.features = network.name
            return
        self.features = f"{network.name} missing"
        rank_zero_warn(
            f"Training starts from scratch: {network.weights_file().name} is not on this machine. "
            f"To have it next time: {network.cure}"
        )


@torch.no_grad()
def classify(logits: Tensor) -> Classified:
    """The likeliest class of each row of ``logits``, (B, classes), and its probability."""
    confidence, label = logits.float().softmax(dim=1).max(dim=1)
    return {"label": label, "confidence": confidence}
