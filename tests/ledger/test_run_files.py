"""Figures that are read from a run's logs."""

from pathlib import Path

import pytest

from deblur_lightning.ledger.run_files import late_change


def write_losses(path: Path, first_step: int, generator: list[float], discriminator: list[float]) -> Path:
    """As Lightning's logger leaves them: each loss in a row of its own."""
    lines = ["step,train/loss_generator,train/loss_discriminator"]
    lines += [f"{first_step + place},{value}," for place, value in enumerate(generator)]
    lines += [f"{first_step + place},,{value}" for place, value in enumerate(discriminator)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_late_change_is_of_the_last_two_quarters_and_of_the_loss_that_changes_more(tmp_path: Path) -> None:
    level = write_losses(tmp_path / "a.csv", 0, [9.0, 5.0, 4.0, 4.0], [1.0, 0.7, 0.5, 0.5])
    falling = write_losses(tmp_path / "b.csv", 0, [9.0, 5.0, 4.0, 4.0], [1.0, 0.7, 0.5, 0.4])
    rising = write_losses(tmp_path / "c.csv", 0, [9.0, 5.0, 4.0, 5.0], [1.0, 0.7, 0.5, 0.5])
    assert [late_change([path]) for path in (level, falling, rising)] == pytest.approx([0.0, 0.2, 0.25])


def test_a_continued_training_replaces_the_steps_that_it_repeats(tmp_path: Path) -> None:
    first = write_losses(tmp_path / "a.csv", 0, [9.0, 5.0, 7.0], [1.0, 1.0, 1.0])
    second = write_losses(tmp_path / "b.csv", 2, [4.0, 2.0], [1.0, 1.0])
    assert late_change([first, second]) == pytest.approx(0.5)


def test_a_training_without_both_losses_has_none(tmp_path: Path) -> None:
    few = write_losses(tmp_path / "a.csv", 0, [9.0, 5.0, 7.0], [1.0, 1.0, 1.0])
    alone = write_losses(tmp_path / "b.csv", 0, [9.0, 5.0, 7.0, 6.0], [])
    assert [late_change([path]) for path in (few, alone, tmp_path / "none.csv")] == [None, None, None]
