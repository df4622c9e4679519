"""All that an accelerator is needed for, in one run of so many minutes: tests, agreement, resuming, speed, a training.

python -m benchmarks accelerator --minutes 25 --out FOLDER [--device cuda] [--data STL10 | --shipped PHOTOGRAPHS]
[--quick]

Each part is a process of its own, with what time is left at most; one that fails does not end the others. FOLDER holds
what each printed (NAME.txt) and measured (NAME.json), and tables.md, which is written anew after each part. The last
part trains for all the time that is left: experiments/deblurgan.yaml on STL-10 (the embedded photographs without
--data), or, with --shipped, the weights that ship.
"""

import os
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reporting import script_parser

PYTHON = (sys.executable, "-m")
FOR_SCORES = 90
"""Seconds kept for the test after the training."""
TINY = ("--data.crop_size=32", "--data.batch_size=2", "--data.num_workers=0")
STARTING = 20
"""Seconds that a training takes beside its steps."""


@dataclass
class Part:
    """A part of the run.

    Attributes:
        name: of its files.
        command: what to start.
        seconds: that it took; None before.
        code: that it ended with; None if its time was up.
        printed: its table, or the last lines that it printed.
    """

    name: str
    command: Sequence[str]
    seconds: float | None = None
    code: int | None = None
    printed: str = ""


def measurements(options: Namespace) -> list[Part]:
    """The parts before the training."""
    common = [f"--device={options.device}", *(["--quick"] if options.quick else [])]
    scripts = {"device_agreement": common, "device_resume": common, "precisions": common}
    scripts["overhead"] = [f"--device={options.device}", "--only", "deblurgan", "nafnet_blind", "srcnn_915"]
    if options.quick:
        scripts["device_resume"] = [*common, "--only", "deblurgan", "--steps=6"]
        scripts["precisions"] = [*common, "--only", "srcnn_2048", "--variants", "fp32", "bf16", "--steps=1"]
        scripts["overhead"] = ["--only", "srcnn_915", "--rounds=1", "--steps=1", "--", *TINY]
    tests = Part("tests", [*PYTHON, "pytest", "-m", "gpu", "-rs"])
    return [tests, *(Part(name, [*PYTHON, "benchmarks", name, *more]) for name, more in scripts.items())]


def training(options: Namespace, seconds: float) -> list[Part]:
    """A training of so many seconds, and its test."""
    run = options.out / "run"
    accelerator = [f"--trainer.accelerator={'gpu' if options.device == 'cuda' else 'cpu'}", "--trainer.devices=1"]
    fit = [*PYTHON, "deblur_lightning", "fit", *experiment(options), *accelerator, f"--run={run}"]
    fit += ["--trainer.enable_progress_bar=false", "--trainer.max_epochs=-1"]
    minutes, rest = divmod(max(1, round(seconds - FOR_SCORES - STARTING)), 60)
    fit.append(f"--trainer.max_time=00:{minutes // 60:02}:{minutes % 60:02}:{rest:02}")
    if options.quick:
        fit += ["--trainer.max_steps=4", "--trainer.limit_val_batches=1"]
    test = [*PYTHON, "deblur_lightning", "test", f"--config={run}/config.yaml", *accelerator]
    return [Part("fit", fit), Part("test", [*test, f"--ckpt_path={run}/checkpoints/last.ckpt"])]


def experiment(options: Namespace) -> list[str]:
    """What the last part trains, and on what."""
    if options.shipped:
        extra = "--data.source.base.base.extra.base"
        settings = [
            "--config=experiments/nafnet_photographs.yaml",
            f"{extra}=Folder",
            f"{extra}.root={options.shipped}",
        ]
        settings.append("--trainer.precision=bf16-mixed")
        network = ["--model.network.width=4"]
        full = ["--data.batch_size=256", f"--data.num_workers={max(1, (os.cpu_count() or 1) - 3)}"]
    else:
        settings = ["--config=experiments/deblurgan.yaml"]
        settings += ["--config=experiments/data/stl10.yaml", f"--data.source.root={options.data}"] * bool(options.data)
        network, full = ["--model.network.widths=[4,8]", "--model.discriminator.widths=[4,8]"], []
    return [*settings, *((*network, *TINY) if options.quick else full)]


def carry_out(part: Part, options: Namespace, seconds: float) -> None:
    """Run a part for so many seconds at most, and keep what it printed."""
    path = options.out / f"{part.name}.txt"
    measured = [f"--json={options.out / part.name}.json"] if part.command[2] == "benchmarks" else []
    command = [*part.command[:4], *measured, *part.command[4:]]
    shown = {} if options.device == "cpu" else {"CUDA_VISIBLE_DEVICES": os.environ.get("CUDA_VISIBLE_DEVICES", "0")}
    start = time.monotonic()
    with (
        path.open("w") as file,
        subprocess.Popen(
            command, stdout=file, stderr=subprocess.STDOUT, env=os.environ | shown, start_new_session=True
        ) as process,
    ):
        try:
            part.code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # with what it has started
    part.seconds = time.monotonic() - start
    lines = path.read_text(errors="replace").splitlines()
    table = [line for line in lines if line.startswith("|")]
    part.printed = "\n".join(table or [f"    {line}" for line in lines[-20:]])


def write_tables(parts: Sequence[Part], path: Path) -> None:
    """What has been done so far, as Markdown."""
    text = ["# On an accelerator\n"]
    for part in parts:
        how = "not begun" if part.seconds is None else f"{part.seconds:.0f} s, "
        how += "" if part.seconds is None else "its time was up" if part.code is None else f"exit code {part.code}"
        text += [f"## {part.name}\n", f"    {' '.join(part.command[2:])}\n", f"{how}\n", f"{part.printed}\n"]
    path.write_text("\n".join(text))


def main(arguments: Sequence[str] | None = None) -> list[Part]:
    """Carry out all parts and say where their figures are."""
    parser: ArgumentParser = script_parser(__doc__, "--quick", device="cuda")
    parser.add_argument("--minutes", type=float, required=True, help="that the device is there for")
    parser.add_argument("--out", type=Path, required=True, help="a new folder")
    training_on = parser.add_mutually_exclusive_group()
    training_on.add_argument("--data", type=Path, help="folder of STL-10")
    training_on.add_argument("--shipped", type=Path, help="folder of the photographs of weights/photographs.tsv")
    options = parser.parse_args(arguments)
    end = time.monotonic() + 60 * options.minutes
    options.out.mkdir(parents=True)
    options.out = options.out.resolve()
    parts = measurements(options)
    for part in parts:
        carry_out(part, options, end - time.monotonic() - FOR_SCORES)
        write_tables(parts, options.out / "tables.md")
    last = training(options, end - time.monotonic())
    for part in last:
        parts.append(part)
        carry_out(part, options, end - time.monotonic() + STARTING)
        write_tables(parts, options.out / "tables.md")
    print((options.out / "tables.md").read_text())
    return parts
