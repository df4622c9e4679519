"""The two networks are updated in the ratio asked for, evenly, and one of them on every batch."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deblur_lightning.errors import UserError
from deblur_lightning.optim.update_ratio import UpdateRatio

STEPS = st.integers(1, 20)


def totals(cadence: UpdateRatio, batches: int) -> tuple[int, int]:
    updates = [cadence.updates(batch) for batch in range(batches)]
    return sum(g for g, _ in updates), sum(d for _, d in updates)


@pytest.mark.parametrize(
    ("ratio", "wanted"), [((3, 1), (30, 10)), ((1, 1), (30, 30)), ((1, 5), (6, 30)), ((5, 2), (30, 12))]
)
def test_updates_over_thirty_batches(ratio: tuple[int, int], wanted: tuple[int, int]) -> None:
    assert totals(UpdateRatio(*ratio), 30) == wanted


@given(STEPS, STEPS, st.integers(0, 10**6))
def test_every_cycle_holds_the_ratio(generator: int, discriminator: int, cycles: int) -> None:
    cadence = UpdateRatio(generator, discriminator)
    cycle = max(generator, discriminator)
    updates = [cadence.updates(cycles * cycle + batch) for batch in range(cycle)]
    assert sum(g for g, _ in updates) == generator
    assert sum(d for _, d in updates) == discriminator


@given(STEPS, STEPS)
def test_one_of_the_two_is_updated_on_every_batch(generator: int, discriminator: int) -> None:
    cadence = UpdateRatio(generator, discriminator)
    busier = 0 if generator >= discriminator else 1
    assert all(cadence.updates(batch)[busier] for batch in range(60))


@given(STEPS, STEPS)
def test_updates_are_spread_evenly(generator: int, discriminator: int) -> None:
    cadence = UpdateRatio(generator, discriminator)
    for network in (0, 1):
        when = [batch for batch in range(100) if cadence.updates(batch)[network]]
        gaps = {later - earlier for earlier, later in pairwise(when)}
        assert max(gaps) - min(gaps) <= 1


@pytest.mark.parametrize("ratio", [(0, 1), (1, 0), (0, 0), (-1, 3), (3, -2)])
def test_less_than_one_is_refused(ratio: tuple[int, int]) -> None:
    with pytest.raises(UserError, match="1 or more") as error:
        UpdateRatio(*ratio)
    message = str(error.value)
    assert "\n" not in message
    assert f"generator_steps={ratio[0]}" in message
    assert f"discriminator_steps={ratio[1]}" in message
