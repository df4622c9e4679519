"""The documentation's examples do what they say."""

import re
from pathlib import Path
from types import ModuleType

import torch
import yaml

from deblur_lightning.draws import Draws

DOCS = Path(__file__).parent.parent / "docs"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


def test_a_blur_of_ones_own() -> None:
    (code,) = blocks("degradations.md", "python")
    module = ModuleType("ghost")
    exec(code, module.__dict__)
    index = torch.arange(5)
    blurred, psf, known = module.Ghost()(torch.rand(5, 3, 20, 20), Draws(0, "train", index, index))
    assert blurred.shape == (5, 3, 20, 20)
    assert psf.shape == (5, 13, 13)
    assert known.all()


def test_a_mixture_goes_over_an_experiment(photographs: Path, workplace: Path, deblur) -> None:  # type: ignore[no-untyped-def]
    (text,) = blocks("degradations.md", "yaml")
    assert set(yaml.safe_load(text)) == {"data"}
    (workplace / "mixture.yaml").write_text(text)
    experiment = DOCS.parent / "experiments" / "srcnn_915.yaml"
    code, _, complaint = deblur(
        "fit", "--config", experiment, "--config", "mixture.yaml", "--trainer.fast_dev_run=1",
        "--trainer.accelerator=cpu",
        "--data.source=Folder", f"--data.source.root={photographs}", "--data.crop_size=24", "--data.batch_size=2",
        "--data.num_workers=0",
    )  # fmt: skip
    assert code == 0, complaint


def test_every_loss_is_on_the_page_of_the_gans() -> None:
    text = (DOCS / "adversarial.md").read_text()
    losses = Path(__file__).parent.parent / "deblur_lightning" / "losses"
    classes = {name for file in losses.glob("*.py") for name in re.findall(r"@final\nclass (\w+)\(", file.read_text())}
    assert len(classes) == 11
    assert {name for name in classes if f"`{name}`" not in text} == set()


def test_every_degradation_is_in_the_table() -> None:
    text = (DOCS / "degradations.md").read_text()
    rooms = Path(__file__).parent.parent / "deblur_lightning" / "degradations"
    classes = {
        name
        for file in rooms.glob("*.py")
        for name in re.findall(r"^class (\w+)\((?:Blur|Degradation|Selection)", file.read_text(), re.M)
    }
    assert {name for name in classes - {"Blur", "Selection"} if f"`{name}`" not in text} == set()
