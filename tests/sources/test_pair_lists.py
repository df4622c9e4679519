"""Pairs that text files list: RealBlur's own lists, those that a shell writes, and mistakes in them."""

import subprocess
from pathlib import Path

import pytest
import torch

from deblur_lightning.errors import UserError
from deblur_lightning.files.images import read_rgb
from deblur_lightning.sources.paired_folder import PairedFolder
from tests.conftest import REPOSITORY
from tests.helpers.splits import names_of
from tests.helpers.standins import put


def realblur(root: Path, **lists: str) -> None:
    """Scenes as RealBlur has them, and its lists, of which the names of the scenes are given."""
    for split, scenes in lists.items():
        lines = []
        for scene in scenes.split():
            for number in (1, 2):
                pair = [f"{scene}/{side}/{side}_{number}.png" for side in ("gt", "blur")]
                put(root, *pair)
                lines.append(f"{pair[0]} {pair[1]} {pair[0]}")
        (root / f"{split}.txt").write_text("\n".join(lines) + "\n\n")


def test_lists_decide_which_pairs_there_are(tmp_path: Path) -> None:
    realblur(tmp_path, train=" ".join(f"S/scene{i:03d}" for i in range(1, 13)), test="S/scene020")
    put(tmp_path, "S/scene021/gt/gt_1.png")  # of no list, and so of no pair
    source = PairedFolder(tmp_path, lists={"train": "train.txt", "test": "test.txt"})
    assert names_of(source.split("test")) == [f"S/scene020/blur/blur_{number}.png" for number in (1, 2)]
    train, val = (names_of(source.split(split)) for split in ("train", "val"))
    assert len(train) + len(val) == 24
    assert not {name.split("/")[1] for name in train} & {name.split("/")[1] for name in val}
    images = source.split("test")
    assert images.blurred is not None
    assert torch.equal(images.pixels(0), read_rgb(tmp_path / "S/scene020/gt/gt_1.png"))
    assert torch.equal(images.blurred.pixels(0), read_rgb(tmp_path / "S/scene020/blur/blur_1.png"))
    (tmp_path / "val.txt").write_text("S/scene020/gt/gt_1.png S/scene020/blur/blur_1.png\n")
    own = PairedFolder(tmp_path, lists={"train": "train.txt", "val": "val.txt"})
    assert len(names_of(own.split("train"))) == 24
    with pytest.raises(UserError, match=r"^[^\n]*has pairs for train \(24\) and val \(1\), but none for test[^\n]*$"):
        own.split("test")


@pytest.mark.parametrize(
    ("lists", "text", "told"),
    [
        ({"train": "train.txt", "dev": "train.txt"}, None, "lists: no split 'dev': choose from train, val, test."),
        ({"test": "absent.txt"}, None, "absent.txt cannot be read as text: give the path of a list, from"),
        ({"test": "given.txt"}, "\n", "given.txt is empty: give a list of pairs."),
        ({"test": "given.txt"}, "S/a/gt/gt_1.png\n", "given.txt, line 1: S/a/gt/gt_1.png stands alone"),
        ({"test": "given.txt"}, "\nS/a/gt/gt_9.png S/a/blur/blur_1.png", "line 2: .*S/a/gt/gt_9.png does not exist"),
        (
            {"train": "train.txt", "test": "given.txt"},
            "S/a/gt/gt_1.png S/a/blur/blur_1.png",
            "given.txt, line 1: S/a/gt/gt_1.png is listed already, in .*train.txt, line 1",
        ),
    ],
)
def test_a_list_that_does_not_fit_is_refused(
    tmp_path: Path, lists: dict[str, str], text: str | None, told: str
) -> None:
    realblur(tmp_path, train="S/a S/b")
    if text is not None:
        (tmp_path / "given.txt").write_text(text)
    with pytest.raises(UserError, match=f"^[^\n]*{told}[^\n]*$"):
        PairedFolder(tmp_path, lists=lists)


def test_the_lists_that_the_documentation_makes_by_a_shell_are_of_pairs(tmp_path: Path) -> None:
    lines = [line.strip() for line in (REPOSITORY / "docs/data.md").read_text().splitlines() if "> t" in line]
    hide, ordered = lines[:2], lines[2:]
    put(tmp_path, *(f"GT/{name}.png" for name in "abcd"), "train/a.png", "test/close/b.png", "test/long-shot/c.png")
    put(tmp_path, "source/5.png", "source/7.png", "target/6.png", "target/8.png")
    for line in hide:
        subprocess.run(["bash", "-c", line], cwd=tmp_path, check=True)
    images = PairedFolder(tmp_path, lists={"train": "train.txt", "test": "test.txt"}).split("test")
    assert names_of(images) == ["test/close/b.png", "test/long-shot/c.png"]
    for line in ordered:
        subprocess.run(["bash", "-c", line], cwd=tmp_path, check=True)
    images = PairedFolder(tmp_path, lists={"test": "test.txt"}).split("test")
    assert names_of(images) == ["source/5.png", "source/7.png"]
    assert torch.equal(images.pixels(1), read_rgb(tmp_path / "target/8.png"))
