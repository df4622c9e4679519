"""Classical filters as methods: tuned on the validation images, saved, and refused where they cannot work."""

import csv
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning.pytorch.loggers import CSVLogger

from deblur_lightning.batch import RestorationBatch
from deblur_lightning.classical.richardson_lucy import RichardsonLucy
from deblur_lightning.classical.unsupervised_wiener import UnsupervisedWiener
from deblur_lightning.classical.wiener import Wiener
from deblur_lightning.datamodules.synthetic import SyntheticBlur
from deblur_lightning.degradations.chain import Chain
from deblur_lightning.degradations.linear_light import LinearLight
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.degradations.noise import SensorNoise
from deblur_lightning.errors import UserError
from deblur_lightning.methods.classical import ClassicalRestorer
from deblur_lightning.records import read_scores
from deblur_lightning.sources.folder import Folder
from tests.helpers.small import data, trainer

Deblur = Callable[..., tuple[int, str, str]]


def noisy(root: Path) -> SyntheticBlur:
    """So noisy that neither the weakest nor the strongest filter is best."""
    blur = Chain([MotionBlur((5, 5), (30, 30)), SensorNoise((6, 6))])
    return SyntheticBlur(Folder(root), blur, crop_size=32, batch_size=4, num_workers=0)


def wiener(**settings: Any) -> ClassicalRestorer:
    return ClassicalRestorer(Wiener((1e-4, 1e-3, 1e-2, 1e-1, 1.0)), **settings)


def test_the_strength_is_that_of_the_best_mean_psnr_on_the_validation_images(photographs: Path, tmp_path: Path) -> None:
    model = wiener()
    trainer(tmp_path, limit_train_batches=1).fit(model, noisy(photographs))
    found = float(model.network.strength)
    scores = {}
    for strength in model.network.filter.strengths:
        model.network.strength.fill_(strength)
        (logged,) = trainer(tmp_path).validate(model, noisy(photographs), verbose=False)
        scores[strength] = logged["val/psnr"]
    assert found == pytest.approx(max(scores, key=scores.__getitem__))
    assert sorted(scores.values())[-1] > sorted(scores.values())[-2] + 0.1
    assert found not in (model.network.filter.strengths[0], model.network.filter.strengths[-1])


def test_the_validation_of_a_fit_scores_the_tuned_filter_and_the_curve_is_logged(
    photographs: Path, tmp_path: Path
) -> None:
    model = wiener()
    logger = CSVLogger(tmp_path, name="", version="run")
    runner = trainer(tmp_path, limit_train_batches=1, logger=logger, num_sanity_val_steps=1, log_every_n_steps=1)
    runner.fit(model, noisy(photographs))
    with (tmp_path / "run" / "metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["tuning/psnr"]]
    curve = {float(row["tuning/strength"]): float(row["tuning/psnr"]) for row in rows}
    assert tuple(curve) == model.network.filter.strengths
    assert max(curve.values()) == pytest.approx(float(runner.callback_metrics["val/psnr"]), abs=1e-4)


def test_only_as_many_validation_batches_are_tuned_on_as_the_trainer_is_given(
    photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[int]] = []
    original = ClassicalRestorer._psnr

    def watched(self: ClassicalRestorer, batch: RestorationBatch) -> torch.Tensor:
        seen.append(batch["index"].tolist())
        return original(self, batch)

    monkeypatch.setattr(ClassicalRestorer, "_psnr", watched)
    trainer(tmp_path, limit_train_batches=1, limit_val_batches=2).fit(wiener(), noisy(photographs))
    assert seen == [[0], [1]]


def test_a_best_strength_at_the_end_of_the_candidates_is_told(photographs: Path, tmp_path: Path) -> None:
    model = ClassicalRestorer(RichardsonLucy((1, 2)))
    with pytest.warns(UserWarning, match="RichardsonLucy: strength 2, .* end of the candidates"):
        trainer(tmp_path, limit_train_batches=1).fit(model, data(photographs))


def test_the_strength_comes_back_with_the_checkpoint(photographs: Path, tmp_path: Path) -> None:
    model = wiener()
    runner = trainer(tmp_path, limit_train_batches=1)
    runner.fit(model, noisy(photographs))
    runner.save_checkpoint(tmp_path / "model.ckpt")
    (wanted,) = trainer(tmp_path).test(model, noisy(photographs), verbose=False)
    path = tmp_path / "model.ckpt"
    (logged,) = trainer(tmp_path).test(wiener(), noisy(photographs), ckpt_path=path, verbose=False)
    assert logged == wanted
    assert logged["test/psnr_gain"] > 0.3


def test_an_untuned_filter_refuses(photographs: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        trainer(tmp_path).test(wiener(), data(photographs), verbose=False)
    assert str(error.value) == "Wiener has measured nothing yet: run deblur fit first, and give its checkpoint."


def test_a_filter_without_a_strength_needs_no_tuning(photographs: Path, tmp_path: Path) -> None:
    model = ClassicalRestorer(UnsupervisedWiener())
    (logged,) = trainer(tmp_path).test(model, data(photographs), verbose=False)
    assert logged["test/psnr_gain"] > 3
    runner = trainer(tmp_path, limit_train_batches=1)
    runner.fit(model, data(photographs))
    assert runner.global_step == 1


def test_an_unknown_psf_is_refused_in_one_line(photographs: Path, tmp_path: Path) -> None:
    unknown = SyntheticBlur(Folder(photographs), LinearLight(MotionBlur()), crop_size=32, batch_size=4, num_workers=0)
    told = (
        "Wiener must be told the PSF, and some of these images have none that describes their blur: "
        "use a blind method, or data blurred by one PSF for each image."
    )
    with pytest.raises(UserError) as error:
        trainer(tmp_path, limit_train_batches=1).fit(wiener(), unknown)
    assert str(error.value) == told
    model = wiener()
    model.network.strength.fill_(0.1)
    with pytest.raises(UserError) as error:
        trainer(tmp_path).test(model, unknown, verbose=False)
    assert str(error.value) == told


def test_tuning_without_validation_images_is_refused(photographs: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"Wiener is tuned on validation images: give a limit_val_batches"):
        trainer(tmp_path, limit_train_batches=1, limit_val_batches=0).fit(wiener(), data(photographs))


def test_several_processes_are_refused_for_the_fit_alone() -> None:
    model = wiener()
    model._trainer = SimpleNamespace(precision="32-true", world_size=2)  # type: ignore[assignment]
    model.setup("test")
    with pytest.raises(UserError, match="Wiener has no gradients to share: set devices=1 to fit"):
        model.setup("fit")


@pytest.mark.parametrize("precision", ["64-true", "bf16-mixed"])
def test_other_precisions_give_the_same_scores(precision: Any, photographs: Path, tmp_path: Path) -> None:
    scores = []
    for chosen in ("32-true", precision):
        runner = trainer(tmp_path, limit_train_batches=1, precision=chosen)
        runner.fit(wiener(), noisy(photographs))
        scores.append(float(runner.callback_metrics["val/psnr"]))
    assert scores[0] == pytest.approx(scores[1], abs=0.01)


@pytest.fixture
def run(workplace: Path, photographs: Path, deblur: Deblur) -> list[str]:
    """A tuned filter, as the arguments that name it."""
    small = ["--data.source=Folder", f"--data.source.root={photographs}", "--run=run"]
    small += ["--data.num_workers=0", "--data.crop_size=48"]
    code, _, complained = deblur("fit", "--config", "experiments/wiener.yaml", *small, "--trainer.accelerator=cpu")
    assert code == 0, complained
    saved = torch.load("run/checkpoints/best.ckpt", weights_only=True)
    assert float(saved["state_dict"]["network.strength"]) > 0
    assert "crop_border" not in saved["hyper_parameters"]
    return ["--config", "run/config.yaml", "--ckpt_path", "run/checkpoints/best.ckpt", "--trainer.accelerator=cpu"]


def test_a_test_may_leave_out_the_edges_and_its_records_say_so(run: list[str], workplace: Path, deblur: Deblur) -> None:
    for crop in ([], ["--model.crop_border=16"]):
        code, printed, complained = deblur("test", *run, *crop)
        assert code == 0, complained
    assert "protocol rgb8-crop16;" in printed
    records = read_scores(workplace / "run" / "scores.csv")
    by_protocol = {
        name: [record.value for record in records if record.protocol == name and record.metric == "psnr"]
        for name in ("rgb8", "rgb8-crop16")
    }
    assert [len(values) for values in by_protocol.values()] == [3, 3]
    assert by_protocol["rgb8"] != by_protocol["rgb8-crop16"]


def test_an_image_too_small_for_the_crop_is_told_in_one_line(run: list[str], deblur: Deblur) -> None:
    code, _, complained = deblur("test", *run, "--model.crop_border=40")
    assert code == 2
    assert complained.splitlines()[-1] == (
        "deblur: error: An image of 72x80 pixels is too small to cut off 40 at each edge: "
        "set --model.crop_border=33 or less, or leave the image out."
    )


def test_another_filter_than_the_checkpoint_s_is_refused(run: list[str], deblur: Deblur) -> None:
    code, _, complained = deblur("test", *run, "--model.filter=RichardsonLucy")
    assert code == 2
    assert "filter.class_path" in complained.splitlines()[-1]
