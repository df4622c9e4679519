"""The order of samples: complete, new for each epoch, the same for any number of ranks, and resumable."""

import pytest

from deblur_lightning.datamodules.sampler import EvaluationSampler, VisitSampler


def training(images: int = 10, length: int | None = None, seed: int = 0, rank: int = 0, ranks: int = 1) -> VisitSampler:
    return VisitSampler(range(images), length=length, seed=seed, rank=rank, world_size=ranks)


def test_an_epoch_is_each_image_once_unless_a_length_is_given() -> None:
    assert sorted(training()) == [(0, index) for index in range(10)]
    assert len(list(training(length=25))) == 25


def test_epochs_go_on_where_the_last_one_stopped() -> None:
    sampler = training(length=15)
    keys = list(sampler)
    sampler.set_epoch(1)
    keys += list(sampler)
    assert sorted(keys) == [(visit, index) for visit in range(3) for index in range(10)]


def test_each_visit_and_each_seed_has_an_order_of_its_own() -> None:
    keys = list(training(length=20))
    first, second = [index for _, index in keys[:10]], [index for _, index in keys[10:]]
    assert first != second
    assert first != list(range(10))
    assert [index for _, index in training(seed=1)] != first


@pytest.mark.parametrize("ranks", [2, 3])
def test_ranks_share_each_global_batch(ranks: int) -> None:
    alone = list(training(length=24))
    parts = [list(training(length=24, rank=rank, ranks=ranks)) for rank in range(ranks)]
    assert [key for together in zip(*parts, strict=True) for key in together] == alone


def test_ranks_have_equally_many_samples() -> None:
    assert [len(list(training(images=11, rank=rank, ranks=2))) for rank in (0, 1)] == [5, 5]


def test_resuming_passes_over_what_was_seen_in_that_epoch_only() -> None:
    whole = training(length=12)
    whole.set_epoch(3)
    resumed = training(length=12)
    resumed.resume_at(3, 5)
    resumed.set_epoch(3)  # Lightning says so again before the epoch
    assert list(resumed) == list(whole)[5:]
    resumed.set_epoch(4)
    assert len(list(resumed)) == 12


def test_evaluation_shares_out_every_image_once() -> None:
    shares = [list(EvaluationSampler(range(7), rank=rank, world_size=3)) for rank in range(3)]
    assert sorted(key for share in shares for key in share) == [(0, index) for index in range(7)]


def test_with_fewer_images_than_ranks_every_rank_takes_all() -> None:
    assert list(EvaluationSampler(range(2), rank=3, world_size=4)) == [(0, 0), (0, 1)]
