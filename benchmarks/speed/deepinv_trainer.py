"""The training that a user of deepinv would write: its ``Trainer`` with the same network, loss, blur and loader."""

import contextlib
import io
import warnings
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor
from torch.optim import Adam
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from deblur_lightning.datamodules.crops import RandomCrops
from deblur_lightning.datamodules.synthetic import SyntheticBlur
from deblur_lightning.methods.base import Restorer


class _SharpCrops(Dataset[Tensor]):
    """Our loader's windows as deepinv takes them: float32 images, blurred to their own size later."""

    def __init__(self, windows: RandomCrops) -> None:
        self._windows = windows

    def __len__(self) -> int:
        return len(self._windows)

    def __getitem__(self, key: int) -> Tensor:
        visit, index = divmod(key, len(self._windows))
        return self._windows[visit, index]["sharp"].float() / 255


def by_deepinv(model: Restorer, data: SyntheticBlur, psf: Tensor, loss: torch.nn.Module) -> Iterator[Any] | None:
    """A generator that trains on one batch at every ``next``; None where deepinv is not installed.

    Args:
        model: whose network is copied and trained, by Adam.
        data: whose images, crops and batches are used.
        psf: (B, 1, K, K), the blur of every batch; drawing it costs deepinv nothing here.
        loss: a module, of the restored and the sharp images.
    """
    try:
        import deepinv
    except ImportError:
        return None

    class ReadyPSFs(deepinv.physics.generator.PhysicsGenerator):  # type: ignore[misc]
        def step(self, batch_size: int = 1, seed: int | None = None, **_: Any) -> dict[str, Tensor]:
            return {"filter": psf[:batch_size]}

    network = deepcopy(model.network)
    windows = RandomCrops(data.images["train"], side=data.crop_size, flips=data.flips, seed=data.seed)
    keys = range(10**9)
    loader = DataLoader(_SharpCrops(windows), data.batch_size, sampler=keys, num_workers=data.num_workers)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        trainer = deepinv.Trainer(
            model=_Blind(network),
            physics=deepinv.physics.Blur(filter=psf[:1], padding="reflect", device=psf.device),
            physics_generator=ReadyPSFs(device=psf.device),
            optimizer=Adam(network.parameters(), lr=1e-4),
            train_dataloader=loader,
            losses=deepinv.loss.SupLoss(metric=loss),
            metrics=None,
            online_measurements=True,
            compute_train_metrics=False,
            save_path=None,
            device=psf.device,
            epochs=1,
        )
        trainer.setup_train()
    return _steps(trainer, loader)


class _Blind(torch.nn.Module):
    """Leaves the physics that deepinv tells aside."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, y: Tensor, physics: Any, **_: Any) -> Tensor:
        restored: Tensor = self.network(y)
        return restored


def _steps(trainer: Any, loader: DataLoader[Tensor]) -> Iterator[None]:
    """What ``Trainer.train`` does with each batch, its progress bar included."""
    trainer.current_train_iterators = [iter(loader)]
    with tqdm(file=io.StringIO()) as bar:
        while True:
            trainer.step(0, bar, train=True, update_progress_bar=True)
            bar.update()
            yield
