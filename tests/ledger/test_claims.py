"""The file of claims: what it holds is complete, and mistakes in it are told."""

from pathlib import Path

import pytest
import yaml

from deblur_lightning.errors import UserError
from deblur_lightning.ledger.claims import read_book
from deblur_lightning.ledger.plan import plan, runs_of
from tests.conftest import EXPERIMENTS

CLAIMS = EXPERIMENTS / "claims.yaml"


def test_every_report_is_there_and_the_quick_budget_is_three_quarters_of_an_hour() -> None:
    book = read_book(CLAIMS)
    assert {claim.report for claim in book.claims} == set("ABCDE")
    assert len(book.claims) >= 25
    runs = plan(book.claims, "quick", book, Path("runs"), None)
    assert sum(run.seconds for run in runs) / 2 <= 40 * 60  # two at a time
    names = {run.training.name for run in runs}
    assert names >= {
        "inverse",
        "gopro",
        "box",
        "gaussian",
        "sir",
        "sir_conv",
        "30k_03",
        "30k_10",
        "30k_16",
        "mlp",
        "cnn",
    }


def test_every_experiment_overlay_and_set_of_it_exists() -> None:
    book = read_book(CLAIMS)
    for training in book.trainings.values():
        for data in (training.data, "embedded"):
            for run in runs_of(training, "full", data or "embedded", book, Path("runs")):
                for argument in run.arguments:
                    if argument.startswith("--config="):
                        assert (EXPERIMENTS.parent / argument.removeprefix("--config=")).is_file()
    assert {name for claim in book.claims for name in claim.trainings} == set(book.trainings)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"metric": "beauty"}, "no metric 'beauty'"),
        ({"runs": ["nothing"]}, "no run 'nothing'"),
        ({"at_most": None}, "at_least or at_most"),
        ({"runs": []}, "say in unrun"),
        ({"color": 1}, "unknown color"),
    ],
)
def test_a_mistake_in_it_is_told(change: dict[str, object], told: str, tmp_path: Path) -> None:
    given = yaml.safe_load(CLAIMS.read_text())
    given["claims"][0] |= change
    (tmp_path / "claims.yaml").write_text(yaml.safe_dump(given))
    with pytest.raises(UserError, match=told):
        read_book(tmp_path / "claims.yaml")


def test_claims_are_chosen_by_name_and_by_report() -> None:
    book = read_book(CLAIMS)
    assert [claim.id for claim in book.chosen(("B", "e-mlp"))] == ["b-deblurs", "e-mlp"]
    with pytest.raises(UserError, match="no claim 'z'"):
        book.chosen(("z",))
