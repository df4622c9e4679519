"""The documentation: what extending.md and data.md show is run as it stands; commands parse; pages are reached."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.__main__ import scripts
from deblur_lightning.cli import HELP
from deblur_lightning.records import read_scores
from tests.conftest import EXPERIMENTS, REPOSITORY, write_image
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


OVERLAYS = re.findall(r"```yaml\n(.*?)```", (REPOSITORY / "docs" / "data.md").read_text(), flags=re.DOTALL)
SMALL = ["--config=tiny.yaml", "--run=run", "--model.network.widths=[4,4]", "--trainer.accelerator=cpu"]


def test_joined_pairs_train_and_validate_on_the_first(workplace: Path, deblur: Deblur) -> None:
    (overlay,) = (text for text in OVERLAYS if "ConcatTraining" in text)
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


def test_pairs_in_one_image_each_are_trained_on(workplace: Path, deblur: Deblur) -> None:
    (overlay,) = (text for text in OVERLAYS if "SideBySide" in text)
    (workplace / "pairs.yaml").write_text(overlay)
    for seed, split in enumerate(("train", "val", "test")):
        (workplace / "data/joined" / split).mkdir(parents=True)
        write_image(workplace / "data/joined" / split / "1.png", 72, 160, seed=seed)
    files = ["--config=experiments/deblurgan.yaml", "--config=pairs.yaml"]
    code, _, complained = deblur("fit", *files, *SMALL, "--model.discriminator.widths=[4,8]", "--data.epoch_length=2")
    assert code == 0, complained


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


def test_the_blur_of_the_gallery_blurs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (REPOSITORY / "docs" / "degradations.md").read_text(), flags=re.DOTALL)
    found: dict[str, Any] = {}
    exec(code, found)
    blurred, psf = found["Ghost"](distance=(2, 4))(torch.rand(5, 3, 20, 20), seed=0)
    assert blurred.shape == (5, 3, 20, 20)
    assert psf.sum(dim=(1, 2)).tolist() == [1] * 5


PAGES = {path.name: path.read_text() for path in (REPOSITORY / "docs").glob("*.md")}
FRONT = {name: (REPOSITORY / name).read_text() for name in ("README.md", "CONTRIBUTING.md")}
TEXTS = PAGES | FRONT


def _commands(start: str) -> list[str]:
    """The commands in blocks and between backticks that begin with ``start``, without it and without comments."""
    found = set()
    for name in TEXTS.keys() - {"ledger.md", "changelog.md"}:
        text = TEXTS[name].replace("\\\n", " ")
        blocks = re.findall(rf"^    {start}\b(.*)$", text, flags=re.MULTILINE)
        found |= {" ".join(command.split()) for command in [*blocks, *re.findall(rf"`{start}\b([^`]*)`", text)]}
    return sorted(found)


def _starts_from_an_experiment(command: str) -> bool:
    return bool(re.match(r"(fit|validate|test|predict) --config (experiments|runs)/", command))


def _long_ones_slow(command: str) -> Any:
    return pytest.param(command, marks=pytest.mark.slow) if "nafnet_photographs" in command else command


@pytest.mark.parametrize("command", map(_long_ones_slow, filter(_starts_from_an_experiment, _commands("deblur"))))
def test_a_command_over_an_experiment_parses(
    command: str, workplace: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run's configuration is replaced by its experiment, which has the same keys."""
    monkeypatch.syspath_prepend(str(workplace))
    for name, text, _ in FILES:
        (workplace / name).write_text(text)
    (workplace / "mixture.yaml").write_text(re.findall(r"```yaml\n(.*?)```", PAGES["degradations.md"], re.DOTALL)[0])
    typed = re.sub(r"--config runs/(\w+)/\S+", r"--config experiments/\1.yaml", command).replace(
        "/large.", "/deblurgan."
    )
    arguments = re.sub(r"--ckpt_path \S+", "", typed)
    code, _, complained = deblur(*shlex.split(arguments, comments=True), "--print_config")
    assert code == 0, complained


@pytest.mark.parametrize("command", _commands("deblur"))
def test_a_subcommand_has_the_options_that_are_shown(command: str, deblur: Deblur) -> None:
    words = shlex.split(command, comments=True)
    if not words or words[0].startswith("-"):
        return
    code, helped, complained = deblur(words[0].partition("|")[0], "--help")
    assert code == 0, complained
    for option in re.findall(r"(?<= )--\w+(?![.\w])", " ".join(words)):
        assert option in helped, f"{option} of deblur {command}"


def test_benchmarks_and_targets_of_make_that_are_shown_exist() -> None:
    benchmarks = {command.split()[0] for command in _commands("python -m benchmarks") if command[:1].isalpha()}
    assert "oracle" in benchmarks
    assert benchmarks <= scripts().keys()
    targets = {command.split()[0] for command in _commands("make") if command[:1].isalpha()}
    assert {"demo", "docs"} <= targets
    makefile = (REPOSITORY / "Makefile").read_text()
    assert targets <= set(re.findall(r"^([\w-]+):", makefile, flags=re.MULTILINE))


def test_every_page_is_reached_from_the_index() -> None:
    entries = re.findall(
        r"^(?:.*<)?([\w/]+)>?$", "".join(re.findall(r"```{toctree}(.*?)```", PAGES["index.md"], re.DOTALL)), re.M
    )
    assert {*entries} - {"api/modules"} == {name.removesuffix(".md") for name in PAGES} - {"index"}
    reached = set(re.findall(r"\(docs/(\w+\.md)", FRONT["README.md"]))
    for _ in range(3):
        reached |= {link for name in reached for link in re.findall(r"\((\w+\.md)", PAGES[name])}
    assert PAGES.keys() - reached == {"index.md", "contributing.md", "changelog.md"}


def test_every_link_leads_to_a_file_and_a_heading() -> None:
    for name, text in TEXTS.items():
        folder = REPOSITORY if name in FRONT else REPOSITORY / "docs"
        for target, _, heading in re.findall(r"\]\(([^)#:]*)(#([^)]*))?\)", text):
            path = folder / target if target else folder / name
            assert path.is_file(), f"{name}: {target}"
            if heading:
                titles = re.findall(r"^#+ (.*)$", path.read_text(), flags=re.MULTILINE)
                assert heading in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, heading


def test_no_placeholder_stands_for_the_folder_of_a_run() -> None:
    texts = TEXTS | {path.name: path.read_text() for path in EXPERIMENTS.glob("*.yaml")}
    assert [name for name, text in texts.items() if re.search(r"\bRUN\b", text)] == []
    assert "RUN" not in HELP
