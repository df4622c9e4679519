"""The time left of a run."""

from types import SimpleNamespace
from typing import Any

import pytest
from lightning.pytorch.callbacks import ModelCheckpoint

from deblur_lightning.callbacks.progress import RunProgress, time_left
from tests.helpers.small import data, gan, trainer


@pytest.mark.parametrize(
    ("elapsed", "done", "total", "shown"),
    [
        (10.0, 5, 20, "0:00:30"),
        (3600.0, 1, 3, "2:00:00"),
        (5.0, 5, 5, "0:00:00"),
        (5.0, 0, 5, "?"),
        (5.0, 1, float("inf"), "?"),
    ],
)
def test_time_left(elapsed: float, done: int, total: float, shown: str) -> None:
    assert time_left(elapsed, done, total) == shown


def test_the_bar_counts_down_the_whole_run(photographs: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(10_000))
    monkeypatch.setattr("deblur_lightning.callbacks.progress.time.monotonic", lambda: float(next(clock)))
    shown: list[str] = []

    class Shown(RunProgress):
        def on_train_batch_end(self, trainer: Any, pl_module: Any, *arguments: Any) -> None:
            super().on_train_batch_end(trainer, pl_module, *arguments)
            shown.append(self.get_metrics(trainer, pl_module)["left"])

    runner = trainer(tmp_path, max_epochs=2, limit_val_batches=0, enable_progress_bar=True, callbacks=[Shown()])
    runner.fit(gan(), data(photographs))
    assert len(shown) == 6
    assert shown[-1] == "0:00:00"
    assert shown[0] > shown[3] > shown[-1]


def test_the_bar_shows_loss_and_score_and_is_updated_by_time(
    photographs: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("deblur_lightning.callbacks.progress.INTERVAL", float("inf"))
    asked: list[dict[str, Any]] = []

    class Shown(RunProgress):
        def get_metrics(self, trainer: Any, pl_module: Any) -> dict[str, Any]:
            asked.append(super().get_metrics(trainer, pl_module))
            return asked[-1]

    runner = trainer(tmp_path, max_epochs=2, enable_progress_bar=True, callbacks=[Shown()])
    runner.fit(gan(), data(photographs))
    assert len(asked) == 7  # the first batch; of each epoch the last, the validation and the end
    assert list(asked[0]) == ["G", "left"]
    assert list(asked[-1]) == ["G", "D", "PSNR", "left"]
    assert asked[-1]["G"] == runner.callback_metrics["train/loss_generator"].item()
    lines = capfd.readouterr().out.replace("\r", "\n").splitlines()
    assert any("PSNR=" in line and line.endswith("left=0:00:00]") for line in lines)
    assert max(map(len, lines)) <= 80 + 10 - 1  # of the bar's ten cells tqdm takes away what a terminal lacks


def test_a_continued_run_counts_from_where_it_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RunProgress, "total_train_batches", 0)
    monkeypatch.setattr("deblur_lightning.callbacks.progress.TQDMProgressBar.on_train_start", lambda *_: None)
    monkeypatch.setattr("deblur_lightning.callbacks.progress.TQDMProgressBar.get_metrics", lambda *_: {"v_num": 0})
    clock = iter([0.0, 10.0])
    monkeypatch.setattr("deblur_lightning.callbacks.progress.time.monotonic", lambda: next(clock))
    loop = SimpleNamespace(batch_progress=SimpleNamespace(current=SimpleNamespace(ready=0)))
    runner = SimpleNamespace(
        callback_metrics={},
        global_step=90,
        estimated_stepping_batches=100,
        training=True,
        fit_loop=SimpleNamespace(epoch_loop=loop),
    )
    bar: Any = RunProgress()
    bar.on_train_start(runner, None)
    runner.global_step = 95  # five batches in ten seconds, five to go
    assert bar.get_metrics(runner, None) == {"left": "0:00:10"}


def test_the_bar_of_a_continued_epoch_starts_where_the_epoch_stopped(photographs: Any, tmp_path: Any) -> None:
    shown: list[tuple[str, int, int]] = []

    class Shown(RunProgress):
        def on_train_batch_start(self, trainer: Any, *arguments: Any) -> None:
            super().on_train_batch_start(trainer, *arguments)
            bar = self.train_progress_bar
            shown.append((bar.desc, bar.n, bar.total))

    saving = ModelCheckpoint(tmp_path, filename="two", every_n_train_steps=2)
    first = trainer(tmp_path, limit_val_batches=0, enable_checkpointing=True, callbacks=[saving])
    first.fit(gan(), data(photographs))
    second = trainer(tmp_path, limit_val_batches=0, enable_progress_bar=True, callbacks=[Shown()])
    second.fit(gan(), data(photographs), ckpt_path=tmp_path / "two.ckpt")
    assert shown == [("Epoch 0: ", 2, 3)]
