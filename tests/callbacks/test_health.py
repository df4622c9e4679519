"""A GAN's health is drawn at each validation; other methods are left alone."""

from pathlib import Path

from deblur_lightning.callbacks.health import HealthPanel
from deblur_lightning.callbacks.plots import HEALTH_PANELS
from tests.helpers.small import data, gan, srcnn, trainer


def test_each_validation_of_a_gan_leaves_its_curves(photographs: Path, tmp_path: Path) -> None:
    panel = HealthPanel()
    runner = trainer(tmp_path, max_epochs=2, num_sanity_val_steps=1, log_every_n_steps=1, callbacks=[panel])
    runner.fit(gan(), data(photographs))
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {"health.png"}
    assert set(panel._curves) == {key for keys in HEALTH_PANELS.values() for key in keys}
    assert [batch for batch, _ in panel._curves["train/loss_adversarial"]] == [3, 4, 5, 6]  # both updated from 3 on
    assert [batch for batch, _ in panel._curves["val/checkerboard"]] == [3, 6]


def test_fewer_batches_are_drawn_where_fewer_are_logged(photographs: Path, tmp_path: Path) -> None:
    panel = HealthPanel()
    trainer(tmp_path, max_epochs=2, log_every_n_steps=3, callbacks=[panel]).fit(gan(), data(photographs))
    assert [batch for batch, _ in panel._curves["train/d_real"]] == [3, 6]


def test_methods_without_a_discriminator_draw_nothing(photographs: Path, tmp_path: Path) -> None:
    trainer(tmp_path, log_every_n_steps=1, callbacks=[HealthPanel()]).fit(srcnn(), data(photographs))
    assert not (tmp_path / "pictures").exists()
