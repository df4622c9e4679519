"""The thin end of the command line: help and version without waiting, and a misspelt subcommand."""

import os
import subprocess
import sys

import pytest

from deblur_lightning import __version__
from deblur_lightning.cli import OWN, SUBCOMMANDS, main


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["--version"]])
def test_help_and_version_name_every_subcommand(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main(arguments)
    printed = capsys.readouterr().out
    assert all(name in printed for name in SUBCOMMANDS)
    assert (__version__ in printed) == (arguments == ["--version"])


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], *([name, "--help"] for name in OWN)])
def test_help_and_version_import_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys; from deblur_lightning.cli import main; main(sys.argv[1:]); "
        "print([name for name in ('torch', 'lightning', 'kornia', 'numpy') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "[]"


def test_a_misspelt_subcommand_is_named_with_the_choice(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["fti"])
    assert stop.value.code == 2
    assert capsys.readouterr().err == (f"deblur: error: no subcommand 'fti': choose from {', '.join(SUBCOMMANDS)}.\n")


def test_the_module_runs_as_the_command_does() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "deblur_lightning", "--version"], capture_output=True, text=True, check=True
    )
    assert answer.stdout.startswith(f"deblur {__version__}")


@pytest.mark.parametrize("argument", ["experiments", "--help"])
def test_output_that_nobody_reads_any_more_is_no_error(argument: str) -> None:
    """As of ``deblur experiments | head -1``."""
    command = [sys.executable, "-m", "deblur_lightning", argument]
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as output:
        done = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (141, "")
