"""Learning rate schedules: where they start, where they end and what lies between."""

import pytest

from deblur_lightning.errors import UserError
from deblur_lightning.optim.schedules import Constant, Cosine, OneCycle, WarmUp


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


def test_a_warm_up_rises_and_hands_over() -> None:
    factors = [WarmUp(0.2, Cosine()).factor(step / 10) for step in range(11)]
    assert factors[:3] == pytest.approx([0, 0.5, 1])
    assert factors[6] == pytest.approx(0.5)
    assert factors[10] == pytest.approx(0)
    assert [WarmUp(0.5).factor(done) for done in (0.25, 0.5, 1.0)] == [0.5, 1, 1]
    assert WarmUp(0).factor(0.0) == 1


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(UserError, match=f"WarmUp share={share}: give a part of the run"):
        WarmUp(share)
