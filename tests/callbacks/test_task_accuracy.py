"""The task-aware score: a classifier's verdict on sharp, blurred and restored images, recorded with the others."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from deblur_lightning.callbacks.task_accuracy import TaskAccuracy
from deblur_lightning.errors import UserError
from deblur_lightning.networks.classifiers import MLPClassifier
from deblur_lightning.records import mean_score, read_scores
from tests.helpers.command import FEW

Deblur = Callable[..., tuple[int, str, str]]


@pytest.fixture
def judge(workplace: Path, deblur: Deblur) -> Path:
    """A classifier that has learned to tell a few drawn digits."""
    few = [
        *FEW,
        "--trainer.max_epochs=10",
        "--data.epoch_length=400",
        "--data.source.length=400",
        "--data.batch_size=20",
    ]
    code, _, complained = deblur("fit", "--config", "experiments/mnist_mlp.yaml", *few, "--run=judge")
    assert code == 0, complained
    return workplace / "judge" / "checkpoints" / "last.ckpt"


@pytest.fixture
def restorer(workplace: Path, deblur: Deblur) -> list[str]:
    """A restorer of digits that does nothing yet, and how to test it."""
    digits = ["--data.source=SyntheticDigits", "--data.source.length=200", "--data.crop_size=28", "--data.batch_size=4"]
    digits += ["--data.epoch_length=4", "--data.num_workers=0", "--trainer.accelerator=cpu", "--trainer.max_epochs=1"]
    digits += [
        "--model.network.residual=true",
        "--data.degradation.sigma=[4,4]",
        "--data.degradation.kernel_size=[15,15]",
    ]
    code, _, complained = deblur(
        "fit", "--config", "experiments/srcnn_915.yaml", *digits, "--trainer.limit_val_batches=1", "--run=run"
    )
    assert code == 0, complained
    return ["test", "--config", "run/config.yaml", "--ckpt_path", "run/checkpoints/last.ckpt"]


def test_accuracies_are_recorded_image_by_image(
    judge: Path, restorer: list[str], workplace: Path, deblur: Deblur
) -> None:
    code, printed, complained = deblur(
        *restorer, "--trainer.callbacks+=TaskAccuracy", f"--trainer.callbacks.classifier={judge}"
    )
    assert code == 0, complained
    records = read_scores(workplace / "run" / "scores.csv")
    sharp, blurred, restored = (mean_score(records, f"task_{name}") for name in ("sharp", "blurred", "restored"))
    assert sharp > 0.6
    assert blurred < sharp
    assert f"a classifier's accuracy: sharp {100 * sharp:.2f} %, blurred {100 * blurred:.2f} %" in printed
    assert f"restored {100 * restored:.2f} %" in printed


def test_what_cannot_judge_is_told_in_one_line(judge: Path, restorer: list[str], deblur: Deblur) -> None:
    for checkpoint, told in {
        "nowhere.ckpt": "TaskAccuracy classifier=nowhere.ckpt does not exist: give a checkpoint of deblur fit.",
        "tiny.yaml": "TaskAccuracy: tiny.yaml cannot be read as a checkpoint: give one that deblur fit has written.",
        "run/checkpoints/last.ckpt": "TaskAccuracy: run/checkpoints/last.ckpt is no classifier's",
    }.items():
        callback = ["--trainer.callbacks+=TaskAccuracy", f"--trainer.callbacks.classifier={checkpoint}"]
        code, _, complained = deblur(*restorer, *callback)
        assert code == 2
        assert complained.splitlines()[-1].startswith(f"deblur: error: {told}")
    judged = ["--trainer.callbacks+=TaskAccuracy", f"--trainer.callbacks.classifier={judge}"]
    code, _, complained = deblur(*restorer, "--data.source=Photos", *judged)
    assert code == 2
    assert "TaskAccuracy needs images with labels" in complained


def test_a_classifier_s_file_is_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "payload.py").write_text("raise SystemExit(77)\n")
    state = {f"network.{name}": value for name, value in MLPClassifier().state_dict().items()}
    path = tmp_path / "judge.ckpt"
    for settings in (
        {"class_path": "payload.Net"},
        {
            "class_path": "deblur_lightning.networks.resnet.ResNet18",
            "init_args": {"stem": {"class_path": "payload.Net"}},
        },
    ):
        hyper_parameters = {"network": settings, "_class_path": "payload.Net", "_instantiator": "payload.make"}
        torch.save({"state_dict": state, "hyper_parameters": hyper_parameters}, path)
        with pytest.raises(UserError, match=r"TaskAccuracy: .* names the network payload\.Net.*--trust=payload\.$"):
            TaskAccuracy(str(path))
    ours = {"class_path": "deblur_lightning.networks.classifiers.MLPClassifier"}
    torch.save({"state_dict": state, "hyper_parameters": hyper_parameters | {"network": ours}}, path)
    TaskAccuracy(str(path))
    torch.save({"state_dict": 5, "hyper_parameters": hyper_parameters}, path)
    with pytest.raises(UserError, match=r"TaskAccuracy: .* is damaged"):
        TaskAccuracy(str(path))
