"""A run goes on with the settings that it had, or it is told in one line what differs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.command import SRCNN, photographs_of

Deblur = Callable[..., tuple[int, str, str]]

CHANGES = {
    "data.batch_size=2, now 3": ["--data.batch_size=3"],
    "data.crop_size=48, now 32": ["--data.crop_size=32"],
    "data.source.root={photographs}, now {here}/other": ["--data.source.root=other"],
    "data.source=Folder, now Photos": ["--data.source=Photos"],
    "data.degradation=GaussianBlur, now MotionBlur": ["--data.degradation=MotionBlur"],
    "data.seed=0, now 1; trainer.precision=None, now bf16-mixed": ["--data.seed=1", "--trainer.precision=bf16-mixed"],
    "trainer.accumulate_grad_batches=1, now 2; trainer.devices=auto, now 2; trainer.gradient_clip_val=None, now 0.5; "
    "trainer.limit_train_batches=None, now 2": [
        "--trainer.accumulate_grad_batches=2",
        "--trainer.devices=2",
        "--trainer.gradient_clip_val=0.5",
        "--trainer.limit_train_batches=2",
    ],
}


@pytest.fixture
def stopped(workplace: Path, photographs: Path, deblur: Deblur) -> list[object]:
    """The command that continues a run of one epoch, made one epoch longer."""
    code, _, complained = deblur("fit", *SRCNN, *photographs_of(photographs), "--run=first")
    assert code == 0, complained
    command = ["fit", "--config", "first/config.yaml", "--ckpt_path", "first/checkpoints/last.ckpt"]
    return [*command, "--trainer.max_epochs=2", "--run=rest"]


def test_a_run_that_would_go_on_otherwise_is_refused(
    stopped: list[object], workplace: Path, photographs: Path, deblur: Deblur
) -> None:
    for told, change in CHANGES.items():
        code, _, complained = deblur(*stopped, *change)
        assert code == 2
        changes = told.format(photographs=photographs, here=workplace)
        assert complained == (
            f"deblur: error: first/checkpoints/last.ckpt was trained with other settings ({changes}): "
            "give the run's own with --config=first/config.yaml, or mean it with --allow_changes=true.\n"
        )
        assert not (workplace / "rest").exists()


def test_a_change_that_is_meant_is_told_and_one_of_no_effect_is_not(stopped: list[object], deblur: Deblur) -> None:
    with pytest.warns(UserWarning, match="seed=0, now 1.: this run goes on from its weights, but it is no longer"):
        code, _, complained = deblur(*stopped, "--data.seed=1", "--allow_changes=true")
    assert code == 0, complained
    assert "allow_changes: false" in Path("rest/config.yaml").read_text()
    code, _, complained = deblur(*stopped, "--data.eval_batch_size=3", "--run=again")
    assert code == 0, complained
    assert "other settings" not in complained
