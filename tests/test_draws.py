"""Draws are pure functions of their counters, uniform over their range, and never change between versions."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare
from torch import Tensor

from deblur_lightning.draws import Draws, mix64

EXTREMES = [0, 1, 2, -1, -2, 2**31, 2**32 - 1, -(2**32), 2**62, 2**63 - 1, -(2**63), -(2**63) + 1]
INT64 = st.integers(-(2**63), 2**63 - 1)


def finaliser(z: int) -> int:
    """splitmix64's finaliser in plain Python, from and to a signed 64-bit integer."""
    mask = 2**64 - 1
    z &= mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    z ^= z >> 31
    return z - 2**64 if z >= 2**63 else z


def over_indices(count: int = 10_000, **counters: int | str) -> Draws:
    index = torch.arange(count)
    return Draws(**({"seed": 0, "split": "train", "visit": torch.zeros_like(index), "index": index} | counters))  # type: ignore[arg-type]


def over_visits(count: int = 10_000) -> Draws:
    visit = torch.arange(count)
    return Draws(seed=0, split="train", visit=visit, index=torch.full_like(visit, 5))


def assert_uniform(counts: np.ndarray) -> None:
    assert chisquare(counts.ravel()).pvalue > 1e-3


def extreme_draws() -> Draws:
    """Draws of the largest bits that a hash can give, then of the smallest."""

    class Forged(Draws):
        def bits(self, stream: str) -> Tensor:
            return torch.tensor([-1, 0])

    return Forged(seed=0, split="train", visit=torch.zeros(2), index=torch.zeros(2))


@pytest.mark.parametrize("z", EXTREMES)
def test_mix64_at_the_extremes(z: int) -> None:
    assert mix64(torch.tensor([z])).tolist() == [finaliser(z)]


@given(st.lists(INT64, min_size=1, max_size=20))
def test_mix64_is_the_finaliser_of_splitmix64(values: list[int]) -> None:
    assert mix64(torch.tensor(values)).tolist() == [finaliser(z) for z in values]


def test_pinned_draws() -> None:
    """These values decide every published figure: a change of the hash must not pass unseen."""
    draws = Draws(seed=7, split="train", visit=torch.tensor([0, 0, 1, 3]), index=torch.tensor([0, 1, 0, 123456]))
    assert draws.bits("s").tolist() == [
        -2271661757386763680,
        -2947003102321005494,
        232985269911237095,
        -1754723994300897294,
    ]
    assert draws.substream("chain").bits("s").tolist() == [
        5859505565713328498,
        -5293354792237450988,
        -6760700846516451511,
        9095958270613737597,
    ]
    assert draws.uniform("s", -2, 6).tolist() == [
        5.0148234367370605,
        4.721940994262695,
        -1.8989591598510742,
        5.239009380340576,
    ]
    assert draws.integers("s", 3, 9).tolist() == [9, 8, 3, 9]


@pytest.mark.parametrize("draws", [over_indices(), over_visits(), over_indices(split="val", seed=3)])
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (7.0, 15.0), (-3.0, -2.0), (0.0, 180.0)])
def test_uniform_fills_its_range_evenly(draws: Draws, low: float, high: float) -> None:
    values = draws.uniform("s", low, high)
    assert values.dtype == torch.float32
    assert low <= values.min() < low + 1e-3 * (high - low)
    assert high - 1e-3 * (high - low) < values.max() < high
    assert_uniform(np.histogram(values.numpy(), bins=50, range=(low, high))[0])


def test_neighbours_and_streams_are_independent() -> None:
    draws = over_indices()
    one, other = draws.uniform("a").numpy(), draws.uniform("b").numpy()
    later = replace(draws, visit=draws.visit + 1).uniform("a").numpy()
    for x, y in ((one[:-1], one[1:]), (one, other), (one, later)):
        assert_uniform(np.histogram2d(x, y, bins=10, range=((0, 1), (0, 1)))[0])


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (7.0, 15.0), (1.0, 2.0), (-5.0, -4.0), (0.0, 180.0)])
def test_uniform_stays_within_its_ends(low: float, high: float) -> None:
    largest, smallest = extreme_draws().uniform("s", low, high).tolist()
    assert smallest == low
    assert high - 1e-5 * (high - low) < largest <= high


@pytest.mark.parametrize("draws", [over_indices(), over_visits()])
@pytest.mark.parametrize(("low", "high"), [(0, 1), (1, 6), (-4, 5)])
def test_integers_are_uniform_and_include_both_ends(draws: Draws, low: int, high: int) -> None:
    values = draws.integers("s", low, high)
    assert values.dtype == torch.int64
    assert values.unique().tolist() == list(range(low, high + 1))
    assert_uniform(torch.bincount(values - low).numpy())


def test_integers_of_a_single_value() -> None:
    assert over_indices(100).integers("s", 4, 4).unique().tolist() == [4]


@pytest.mark.parametrize(("low", "high"), [(0, 2**31 - 1), (-(2**30), 2**30), (0, 6)])
def test_integers_of_extreme_bits(low: int, high: int) -> None:
    largest, smallest = extreme_draws().integers("s", low, high).tolist()
    assert smallest == low
    assert high - (high - low) / 2**31 <= largest <= high


def test_a_sample_draws_alike_in_any_company() -> None:
    generator = torch.Generator().manual_seed(0)
    index = torch.randint(0, 10**6, (64,), generator=generator)
    visit = torch.randint(0, 100, (64,), generator=generator)
    whole = Draws(seed=1, split="train", visit=visit, index=index)
    wanted, wanted_integers = whole.uniform("s", 2, 9), whole.integers("s", 2, 9)
    order = torch.randperm(64, generator=generator)
    shuffled = replace(whole, visit=visit[order], index=index[order])
    assert torch.equal(shuffled.uniform("s", 2, 9), wanted[order])
    for size in (1, 7):
        parts = [replace(whole, visit=v, index=i) for v, i in zip(visit.split(size), index.split(size), strict=True)]
        assert torch.equal(torch.cat([part.uniform("s", 2, 9) for part in parts]), wanted)
        assert torch.equal(torch.cat([part.integers("s", 2, 9) for part in parts]), wanted_integers)


def test_drawing_leaves_no_trace() -> None:
    draws = over_indices(10)
    state = torch.get_rng_state()
    first = draws.bits("s")
    draws.uniform("other")
    assert torch.equal(draws.bits("s"), first)
    assert torch.equal(torch.get_rng_state(), state)


def test_every_counter_changes_the_draws() -> None:
    draws = over_indices(1000)
    variants = [
        draws.bits("s"),
        draws.bits("t"),
        replace(draws, seed=1).bits("s"),
        replace(draws, seed=-1).bits("s"),
        replace(draws, split="val").bits("s"),
        replace(draws, split="test").bits("s"),
        replace(draws, visit=draws.visit + 1).bits("s"),
        replace(draws, index=draws.index + 1000).bits("s"),
        draws.substream("one").bits("s"),
        draws.substream("two").bits("s"),
        draws.substream("one").substream("one").bits("s"),
    ]
    assert torch.cat(variants).unique().numel() == 1000 * len(variants)


def test_visit_and_index_are_not_exchangeable() -> None:
    visit, index = torch.meshgrid(torch.arange(200), torch.arange(200), indexing="ij")
    draws = Draws(seed=0, split="train", visit=visit.flatten(), index=index.flatten())
    assert draws.bits("s").unique().numel() == 200 * 200


def test_a_scope_is_a_copy() -> None:
    draws = over_indices(10)
    before = draws.bits("s")
    draws.substream("one")
    assert torch.equal(draws.bits("s"), before)


def test_picked_draws_are_those_of_the_chosen_samples() -> None:
    draws = Draws(3, "train", torch.arange(8), torch.arange(10, 18), scope="a/")
    rows = torch.tensor([5, 1, 1])
    picked = draws.select(rows)
    assert torch.equal(picked.uniform("x"), draws.uniform("x")[rows])
    assert (picked.seed, picked.split, picked.scope) == (3, "train", "a/")


def test_a_record_holds_what_was_drawn_under_its_full_name() -> None:
    record: dict[str, dict[int, float]] = {}
    draws = Draws(0, "train", torch.zeros(3, dtype=torch.int64), torch.tensor([4, 9, 2]), record=record)
    lengths = draws.substream("1").uniform("length", 7, 15)
    choices = draws.select(torch.tensor([2])).integers("choice", 0, 5)
    assert record == {
        "1/length": dict(zip([4, 9, 2], lengths.tolist(), strict=True)),
        "choice": {2: int(choices[0])},
    }
    assert torch.equal(Draws(0, "train", draws.visit, draws.index).substream("1").uniform("length", 7, 15), lengths)
