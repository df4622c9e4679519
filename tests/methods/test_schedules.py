"""Learning rate schedules: where they start, where they end and what lies between."""

import pytest

from deblur_lightning.errors import UserError
from deblur_lightning.methods.schedules import Constant, Cosine, OneCycle


@pytest.mark.parametrize("final", [0.0, 0.1, 1.0])
def test_cosine_falls_from_one_to_its_final_factor(final: float) -> None:
    factors = [Cosine(final).factor(step / 10) for step in range(11)]
    assert factors[0] == 1
    assert factors[5] == pytest.approx((1 + final) / 2)
    assert factors[10] == pytest.approx(final)
    assert factors == sorted(factors, reverse=True)
    assert Cosine(final).factor(1.5) == pytest.approx(final)


def test_constant_stays() -> None:
    assert {Constant().factor(step / 10) for step in range(11)} == {1.0}


@pytest.mark.parametrize("final", [-0.1, 1.1, float("nan")])
def test_an_end_beyond_zero_and_one_is_refused(final: float) -> None:
    with pytest.raises(UserError, match=r"Cosine final=.*: give a factor from 0 to 1\.$"):
        Cosine(final)


@pytest.mark.parametrize(("rise", "start"), [(0.3, 0.04), (0.5, 0.0)])
def test_one_cycle_rises_to_one_and_falls_to_zero(rise: float, start: float) -> None:
    factors = [OneCycle(rise, start).factor(step / 20) for step in range(21)]
    top = round(20 * rise)
    assert factors[0] == pytest.approx(start)
    assert factors[top] == pytest.approx(1)
    assert factors[20] == pytest.approx(0)
    assert factors[: top + 1] == sorted(factors[: top + 1])
    assert factors[top:] == sorted(factors[top:], reverse=True)


@pytest.mark.parametrize("wrong", [{"rise": 0.0}, {"rise": 1.0}, {"start": -0.1}, {"start": 2.0}])
def test_a_cycle_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UserError, match=f"OneCycle {next(iter(wrong))}="):
        OneCycle(**wrong)
