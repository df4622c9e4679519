"""The file of claims is complete, and mistakes in it are named."""

from pathlib import Path

import pytest
import yaml

from deblur_lightning.errors import UserError
from deblur_lightning.ledger.claims import read_claims
from deblur_lightning.ledger.runs import list_runs
from tests.conftest import EXPERIMENTS
from tests.helpers.pretended import plan_runs

CLAIMS = EXPERIMENTS / "claims.yaml"


def test_every_report_is_there_and_the_quick_budget_is_three_quarters_of_an_hour() -> None:
    claims = read_claims(CLAIMS)
    assert {claim.report for claim in claims.claims} == set("ABCDE")
    assert len(claims.claims) >= 25
    runs = plan_runs(claims, Path("runs"))
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
    claims = read_claims(CLAIMS)
    for runs in list_runs(claims, Path("runs")).values():
        for run in runs:
            for argument in run.arguments:
                if argument.startswith("--config="):
                    assert (EXPERIMENTS.parent / argument.removeprefix("--config=")).is_file()
    assert {name for claim in claims.claims for name in claim.trainings} == set(claims.trainings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metric": "beauty"}, "no metric 'beauty'"),
        ({"runs": ["nothing"]}, "no run 'nothing'"),
        ({"at_most": None}, "at_least or at_most"),
        ({"runs": []}, "say in unrun"),
        ({"color": 1}, "unknown color"),
    ],
)
def test_a_mistake_in_it_is_named(change: dict[str, object], message: str, tmp_path: Path) -> None:
    content = yaml.safe_load(CLAIMS.read_text())
    content["claims"][0] |= change
    (tmp_path / "claims.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(UserError, match=message):
        read_claims(tmp_path / "claims.yaml")


def test_claims_are_selected_by_id_and_by_report() -> None:
    claims = read_claims(CLAIMS)
    assert [claim.id for claim in claims.select(("B", "e-mlp"))] == ["b-deblurs", "e-mlp"]
    with pytest.raises(UserError, match="no claim 'z'"):
        claims.select(("z",))
