"""deblur experiments: a list, and one of them."""

import pytest

from deblur_lightning.files.experiments import experiment_names, experiments_folder
from tests.helpers.settings import Deblur


def test_all_are_listed_with_a_line_each(deblur: Deblur, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, printed, _ = deblur("experiments")
    assert code == 0
    lines = printed.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == experiment_names()
    assert max(map(len, lines)) <= 80
    assert any("DeblurGAN as in report E" in line for line in lines)


def test_one_is_shown_as_it_is(deblur: Deblur) -> None:
    code, printed, _ = deblur("experiments", "show", "deblurgan")
    assert (code, printed) == (0, (experiments_folder() / "deblurgan.yaml").read_text())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["show", "deblurgam"], "did you mean deblurgan?"),
        (["deblurgan"], "deblur experiments deblurgan: give nothing for the list, or show NAME."),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], told: str, deblur: Deblur) -> None:
    code, _, complained = deblur("experiments", *arguments)
    assert code == 2
    assert told in complained
