"""Learning rate schedules: where they start, where they end and what lies between."""

import pytest

from deblur_lightning.errors import UserError
from deblur_lightning.methods.schedules import Constant, Cosine


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
