"""What docs/extending.md and docs/data.md show is run as it stands."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from deblur_lightning.records import read_scores
from tests.conftest import REPOSITORY
from tests.helpers.standins import write_pairs

Deblur = Callable[..., tuple[int, str, str]]

PAGE = (REPOSITORY / "docs" / "extending.md").read_text()
FILES = re.findall(r"`(\w+\.py)`:\n\n```python\n(.*?)```\n\n    deblur (.*?)\n", PAGE, flags=re.DOTALL)


def test_the_page_has_a_network_a_blur_and_a_source() -> None:
    assert [name for name, _, _ in FILES] == ["dilated.py", "cross.py", "stripes.py"]
    for _, text, _ in FILES:
        code = [line for line in text.split('"""')[-1].splitlines() if line.strip()]
        assert len(code) <= 25


@pytest.mark.parametrize(("name", "text", "command"), FILES)
def test_what_is_added_trains(
    name: str, text: str, command: str, workplace: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(workplace))
    (workplace / name).write_text(text)
    tiny = ["--config=tiny.yaml", "--trainer.limit_val_batches=1", "--run=run", "--trainer.check_val_every_n_epoch=1"]
    code, _, complained = deblur(*shlex.split(command), *tiny)
    assert code == 0, complained
    module = name.removesuffix(".py")
    assert f"class_path: {module}." in (workplace / "run" / "config.yaml").read_text()
    assert any((workplace / "run" / "pictures").iterdir())


JOINED = re.findall(r"```yaml\n(.*?)```", (REPOSITORY / "docs" / "data.md").read_text(), flags=re.DOTALL)
SMALL = ["--config=tiny.yaml", "--run=run", "--model.network.widths=[4,4]", "--trainer.accelerator=cpu"]


def test_joined_pairs_train_and_validate_on_the_first(workplace: Path, deblur: Deblur) -> None:
    (overlay,) = JOINED
    (workplace / "joined.yaml").write_text(overlay)
    for number, root in enumerate(("gopro", "reds")):
        write_pairs(workplace / "data" / root, *(f"{split}/{number}.png" for split in ("train", "val", "test")))
    files = ["--config=experiments/deblurgan.yaml", "--config=joined.yaml"]
    code, _, complained = deblur(
        "fit", *files, *SMALL, "--model.discriminator.widths=[4,8]", "--data.epoch_length=null"
    )
    assert code == 0, complained
    kept = (workplace / "run" / "config.yaml").read_text()
    assert kept.index("data/gopro") < kept.index("data/reds")


def test_grey_pairs_are_scored_in_grey(workplace: Path, deblur: Deblur) -> None:
    write_pairs(workplace / "PAIRS", "train/1.png", "train/2.png", "val/3.png", "test/4.png")
    files = ["--config=experiments/srcnn_915.yaml", "--config=experiments/data/grey_pairs.yaml"]
    code, _, complained = deblur("fit", *files, "--data.source.base.root=PAIRS", *SMALL)
    assert code == 0, complained
    best = ["--config", "run/config.yaml", "--ckpt_path", "run/checkpoints/best.ckpt", "--trainer.accelerator=cpu"]
    code, _, complained = deblur("test", *best)
    assert code == 0, complained
    assert {(record.image, record.protocol) for record in read_scores(workplace / "run" / "scores.csv")} == {
        ("test/4.png", "grey8")
    }
