"""Pictures of what deconvolution layers have learned."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from deblur_lightning.callbacks.filters import FilterPictures
from deblur_lightning.datamodules.synthetic import SyntheticBlur
from deblur_lightning.degradations.gaussian import GaussianBlur
from deblur_lightning.errors import UserError
from deblur_lightning.methods.deconv import DeconvRestorer
from deblur_lightning.networks.deconv import FourierDeconv2d
from deblur_lightning.networks.regularised import MultiDeconv, RegularisedDeconv
from deblur_lightning.networks.srcnn import SRCNN
from deblur_lightning.sources.photos import Photos
from deblur_lightning.sources.preprocessed import Preprocessed
from tests.helpers.small import trainer


@pytest.mark.parametrize(
    ("network", "rows"),
    [
        (FourierDeconv2d(), 1),
        (RegularisedDeconv(psf_size=5), 1),
        (RegularisedDeconv(psf_size=None), 1),
        (MultiDeconv(3, 5, width=4, depth=2), 3),
        (SRCNN(kernels=[3], widths=[], channels=1), 0),
    ],
)
def test_a_row_for_each_filter(network: torch.nn.Module, rows: int, tmp_path: Path) -> None:
    data = SyntheticBlur(
        Preprocessed(Photos(), grey=True, side=64),
        GaussianBlur((1, 1), (5, 5)),
        crop_size=48,
        batch_size=4,
        num_workers=0,
    )
    model = DeconvRestorer(network, loss_border=4)
    runner = trainer(tmp_path, max_steps=2, callbacks=[FilterPictures(side=32)])
    runner.fit(model, data)
    written = sorted((tmp_path / "pictures").glob("*.png"))
    assert [path.name for path in written] == (["filters_000002.png"] if rows else [])
    if rows:
        assert Image.open(written[0]).height == rows * 32
    assert ("val/weakest" in runner.callback_metrics) == isinstance(network, FourierDeconv2d)


def test_a_picture_needs_room() -> None:
    with pytest.raises(UserError, match="FilterPictures side=8"):
        FilterPictures(side=8)
