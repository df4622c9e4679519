"""W&B holds up no run and loses none: without key, network or room it starts and ends, and what is kept is right."""

import csv
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import wandb
from wandb.proto.wandb_internal_pb2 import Record

from deblur_lightning.commands.experiment import loggers
from deblur_lightning.files.images import read_rgb
from tests.conftest import REPOSITORY
from tests.helpers.command import CLASSIFIER, GAN, SRCNN, TWO_BLURS, fresh, photographs_of, write_tiny_labels

Deblur = Callable[..., tuple[int, str, str]]

WANDB = ["--trainer.logger=WandbLogger", "--trainer.logger.project=p", "--trainer.max_epochs=2"]
BLOCK, WHOLE, FIRST, LAST = 32768, 1, 2, 4


@pytest.fixture(autouse=True)
def _no_key(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("WANDB_MODE", "WANDB_API_KEY", "WANDB_BASE_URL"):
        monkeypatch.setenv(name, "")  # so that it is as before in the end, whatever the run sets
        monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", str(workplace / "none"))
    yield
    wandb.finish()


def records(folder: Path) -> Iterator[Record]:
    """What a run kept on disk: protocol buffers in a log of LevelDB's form, behind a header of seven bytes."""
    (path,) = folder.glob("*.wandb")
    content, place, parts = path.read_bytes(), 7, b""
    while place + 7 <= len(content):
        if BLOCK - place % BLOCK < 7:
            place += BLOCK - place % BLOCK
            continue
        length, kind = int.from_bytes(content[place + 4 : place + 6], "little"), content[place + 6]
        part = content[place + 7 : place + 7 + length]
        parts = part if kind in (WHOLE, FIRST) else parts + part
        if kind in (WHOLE, LAST):
            yield Record.FromString(parts)
        place += 7 + length


def read_back(folder: Path) -> tuple[dict[str, Any], dict[tuple[str, int], Any]]:
    """The configuration, and the history by key and batch."""
    config: dict[str, Any] = {}
    history: dict[tuple[str, int], Any] = {}
    for record in records(folder):
        for item in (*record.run.config.update, *record.config.update):
            config[item.key or item.nested_key[0]] = json.loads(item.value_json)
        row = {".".join(item.nested_key or [item.key]): json.loads(item.value_json) for item in record.history.item}
        history |= {(key, row["trainer/global_step"]): value for key, value in row.items() if row}
    return config, history


def test_what_is_kept_without_a_key_is_what_the_run_has(
    workplace: Path, photographs: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the folder holds a run of last time; in a process of its own, at whose end all of it is written."""
    command = ["fit", *SRCNN, *photographs_of(photographs), *WANDB]
    with pytest.warns(UserWarning, match="W&B has no key here"):
        assert deblur(*command, "--run=last_time")[0] == 0
    for name in ("WANDB_MODE", "WANDB_SERVICE"):  # the process beside this one writes late, and would serve the next
        monkeypatch.delenv(name, raising=False)
    output = workplace / "output.txt"
    with output.open("w") as file, fresh([*command, "--run=run"], workplace, file) as process:
        assert process.wait(timeout=180) == 0, output.read_text()
    kept = sorted((workplace / "wandb").glob("offline-run-*"))
    assert len(kept) == 2
    config, history = read_back(kept[-1])
    assert config["data"]["init_args"]["batch_size"] == 2
    assert config["model"]["class_path"].endswith(".SRCNNRestorer")
    assert config["seed_everything"] == 0
    logged = 0
    for row in csv.DictReader((workplace / "run/metrics.csv").open()):
        for name, value in row.items():
            if value and name not in ("step", "epoch"):
                assert history[name, int(row["step"])] == pytest.approx(float(value), rel=1e-12), name
                logged += 1
    assert logged > 12
    for step in (3, 6):
        picture = kept[-1] / "files" / history["pictures/val.filenames", step][0]
        assert torch.equal(read_rgb(picture), read_rgb(workplace / f"run/pictures/val_{step:06d}.png"))


def scalars_of(folder: Path) -> Any:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = accumulator.EventAccumulator(str(folder), size_guidance={"images": 0, "scalars": 0})
    return events.Reload()


def test_tensorboard_has_the_curves_and_pictures_of_the_run(workplace: Path, photographs: Path, deblur: Deblur) -> None:
    flag = ["--trainer.logger=TensorBoard", "--trainer.max_epochs=2", "--run=run"]
    code, _, complained = deblur("fit", *SRCNN, *photographs_of(photographs), *flag)
    assert code == 0, complained
    events = scalars_of(workplace / "run/tensorboard")
    history = {(tag, event.step): event.value for tag in events.Tags()["scalars"] for event in events.Scalars(tag)}
    logged = 0
    for row in csv.DictReader((workplace / "run/metrics.csv").open()):
        for name, value in row.items():
            if value and name not in ("step", "epoch"):
                assert history[name, int(row["step"])] == pytest.approx(float(value), rel=1e-6), name
                logged += 1
    assert logged > 12
    for picture in events.Images("pictures/val"):
        (workplace / "seen.png").write_bytes(picture.encoded_image_string)
        kept = read_rgb(workplace / f"run/pictures/val_{picture.step:06d}.png")
        assert torch.equal(read_rgb(workplace / "seen.png"), kept)
    assert [picture.step for picture in events.Images("pictures/val")] == [3, 6]


DECONV = ["--config", "experiments/deconv_inverse.yaml", "--config", "tiny.yaml"]
DECONV += ["--trainer.max_steps=2", "--trainer.callbacks+=FilterPictures"]


@pytest.mark.slow
def test_the_board_of_wandb_shows_what_runs_log(workplace: Path, photographs: Path, deblur: Deblur) -> None:
    """Each curve and picture of the template is one that some method logs under that name."""
    pytest.importorskip("wandb_workspaces")
    board = pytest.importorskip("tools.wandb_workspace").workspace("entity", "project", "name")
    write_tiny_labels(workplace)
    blurs = [*SRCNN, "--model.last_lr=1e-4", TWO_BLURS]
    logged: set[str] = set()
    for name, command in {"srcnn": blurs, "gan": GAN, "deconv": DECONV, "classifier": CLASSIFIER}.items():
        files = [] if name == "classifier" else photographs_of(photographs)
        flags = ["--trainer.logger=TensorBoard", f"--run={name}", "--trainer.log_every_n_steps=1"]
        code, _, complained = deblur("fit", *command, *files, *flags)
        assert code == 0, complained
        tags = scalars_of(workplace / name / "tensorboard").Tags()
        logged |= {*tags["scalars"], *tags["images"]}
    shown = {key for section in board.sections for panel in section.panels for key in getattr(panel, "y", [])}
    pictures = {
        key for section in board.sections for panel in section.panels for key in getattr(panel, "media_keys", [])
    }
    patterns = {
        pattern
        for section in board.sections
        for panel in section.panels
        if (pattern := getattr(panel, "metric_regex", 0))
    }
    assert {key for pattern in patterns for key in logged if re.fullmatch(pattern, key)} == {
        "val/psnr_gain/CameraShake",
        "val/psnr_gain/MotionBlur",
    }
    assert len(shown) > 15
    assert (shown | pictures) - logged <= {"train/refine_lr"}


@pytest.mark.parametrize("host", ["refuses", "is silent", "is unknown"])
def test_a_run_with_a_key_does_not_wait_for_a_host_that_does_not_answer(
    host: str, workplace: Path, photographs: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loggers, "PATIENCE", 0.5)
    monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = 9 if host == "refuses" else server.getsockname()[1]
        name = "no-such-host.invalid" if host == "is unknown" else "127.0.0.1"
        monkeypatch.setenv("WANDB_BASE_URL", f"http://{name}:{port}")
        with pytest.warns(UserWarning, match=f"W&B does not answer at http://{name}:{port}: this run stays on disk"):
            code, _, complained = deblur("fit", *SRCNN, *photographs_of(photographs), *WANDB, "--run=run")
    assert code == 0, complained
    assert list((workplace / "wandb").glob("offline-run-*"))


def test_a_run_does_not_wait_long() -> None:
    """Fifteen seconds are promised."""
    assert loggers.PATIENCE <= 5


@pytest.mark.slow
@pytest.mark.parametrize("room", ["16k", "64k"])
def test_a_full_disk_ends_w_and_b_and_not_the_run(room: str, workplace: Path, photographs: Path) -> None:
    """Full from the start, or on the way."""
    (workplace / "small").mkdir()
    mount = f"mount -t tmpfs -o size={room} tmpfs small"
    if subprocess.run(["sh", "-c", f"unshare -rm sh -c '{mount}'"], cwd=workplace, check=False).returncode:
        pytest.skip("a small disk wants unshare and the right to mount in a namespace of its own")
    fill = "dd if=/dev/zero of=small/x bs=1k count=100; " if room == "16k" else ""
    command = ["fit", *SRCNN, *photographs_of(photographs), *WANDB, "--trainer.logger.save_dir=small", "--run=run"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    shell = ["unshare", "-rm", "sh", "-c", f'{mount}; {fill}exec "$@"', "sh"]
    answer = subprocess.run(
        [*shell, sys.executable, "-m", "deblur_lightning", *command],
        cwd=workplace, env=environment, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert "Training goes on without W&B: " in answer.stderr
    assert torch.load(workplace / "run/checkpoints/last.ckpt", weights_only=True)["global_step"] == 6
    assert (workplace / "run/metrics.csv").is_file()
