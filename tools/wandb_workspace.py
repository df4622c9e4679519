"""Arranges a W&B project's board: gains, training, a GAN's health, pictures. It makes a saved view of that name.

python -m tools.wandb_workspace ENTITY/PROJECT [--name NAME]

It needs a key and W&B's package for workspaces: pip install wandb-workspaces
"""

import argparse
from collections.abc import Sequence

import wandb_workspaces.reports.v2 as panels
from wandb_workspaces.workspaces import Section, Workspace

from deblur_lightning.callbacks.plots import HEALTH_PANELS, LOGARITHMIC

STEP = "trainer/global_step"
GAINS_BY_KIND = "val/psnr_gain/.*"
CURVES = {
    "Gain over the blurred input": {
        "PSNR gain in dB": ("val/psnr_gain",),
        "SSIM gain": ("val/ssim_gain",),
        "PSNR in dB, restored and blurred": ("val/psnr", "val/psnr_blurred"),
    },
    "Training": {
        "loss": ("train/loss", "train/mse"),
        "learning rates": ("train/lr", "train/last_lr", "train/refine_lr", "train/discriminator_lr"),
    },
    "Health of a GAN": HEALTH_PANELS,
    "Deconvolution layers": {"how near the inverse is to exploding": ("val/weakest",)},
    "Classifiers": {"accuracy": ("val/accuracy",), "calibration error": ("val/ece",)},
}
PICTURES = {
    "blurred, restored, sharp": "pictures/val",
    "filters and PSFs of deconvolution layers": "pictures/filters",
    "health of a GAN": "pictures/health",
}


def workspace(entity: str, project: str, name: str) -> Workspace:
    """The board, not yet saved."""
    sections = [
        Section(name=heading, is_open=True, panels=[_curve(title, keys) for title, keys in curves.items()])
        for heading, curves in CURVES.items()
    ]
    pictures = [panels.MediaBrowser(title=title, media_keys=[key]) for title, key in PICTURES.items()]
    by_kind = panels.LinePlot(title="PSNR gain in dB on each kind of blur", x=STEP, metric_regex=GAINS_BY_KIND)
    sections[0].panels.append(by_kind)
    sections.insert(1, Section(name="Pictures", is_open=True, panels=pictures))
    return Workspace(entity=entity, project=project, name=name, sections=sections)


def _curve(title: str, keys: tuple[str, ...]) -> panels.LinePlot:
    return panels.LinePlot(title=title, x=STEP, y=list(keys), log_y=title == LOGARITHMIC or None)


def main(arguments: Sequence[str] | None = None) -> None:
    """Save the board."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", metavar="ENTITY/PROJECT")
    parser.add_argument("--name", default="deblurring", help="of the saved view (default: %(default)s)")
    given = parser.parse_args(arguments)
    entity, _, project = given.project.partition("/")
    print(workspace(entity, project, given.name).save_as_new_view().url)


if __name__ == "__main__":
    main()
