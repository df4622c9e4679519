"""What the page answers."""

import os
import threading
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torch import nn

from deblur_lightning.restoring import app_state
from deblur_lightning.restoring.app_state import PHOTO, AppState, Item, Tab
from deblur_lightning.restoring.blur_shape import SHARP
from deblur_lightning.restoring.photos import read_photo
from deblur_lightning.restoring.restorer import PhotoRestorer
from tests.helpers.app import CPU, models, pixels_of, soft, wait_until
from tests.helpers.models import random_pixels


@pytest.fixture
def state(tmp_path: Path) -> Iterator[AppState]:
    state = AppState(models(), CPU, tmp_path)
    yield state
    state.close()


def uploaded(state: AppState, name: str) -> Path:
    """Where Gradio would put an upload of that name."""
    folder = state.uploads / f"{len(list(state.uploads.iterdir()))}-{name}"
    folder.mkdir()
    return folder / name


def restore(state: AppState, *paths: Path, models: tuple[str, ...] = ("small",), tab: str = "tab") -> list[Item]:
    state.add([str(path) for path in paths], models, tab)
    wait_until(lambda: state.finished(tab))
    return state.items(tab)


def test_a_photo_comes_back_as_a_file_of_its_kind(state: AppState) -> None:
    upload = soft(uploaded(state, "photo.png"))
    pixels = read_photo(upload).pixels
    (item,) = restore(state, upload)
    answer = item.answers["small"]
    wanted = PhotoRestorer(models()["small"], CPU).restore(pixels)
    assert answer.file is not None
    assert answer.file.name == "photo-restored.png"
    assert np.array_equal(pixels_of(answer.file), wanted)
    pictures = state.pictures("tab", item, (PHOTO, "small"))
    assert pictures is not None
    assert np.array_equal(pixels_of(pictures[0]), pixels)
    assert np.array_equal(pixels_of(pictures[1]), wanted)
    assert answer.share == 1
    assert answer.verdict.startswith("blur of about ")
    assert "soft as from a Gaussian of 2.0" in answer.details
    assert "the model has learned from blur 0.00 to 0.10" in answer.details
    assert "more blurred" in answer.details
    assert answer.psf is not None
    assert Image.open(BytesIO(answer.psf)).format == "PNG"


def test_several_photos_wait_in_a_queue_and_one_that_is_broken_stops_none(state: AppState, tmp_path: Path) -> None:
    first, broken, third = (uploaded(state, name) for name in ("a.png", "bad.jpg", "a.png"))
    soft(first)
    broken.write_bytes(b"no photo")
    soft(third, side=120)
    items = restore(state, first, broken, third)
    assert [item.name for item in items] == ["a.png", "bad.jpg", "a (2).png"]
    files = [item.answers["small"].file for item in items]
    assert [file and file.name for file in files] == ["a-restored.png", None, "a (2)-restored.png"]
    verdict = items[1].answers["small"].verdict
    assert "bad.jpg" in verdict
    assert str(tmp_path) not in verdict
    bundle = state.bundle("tab")
    assert bundle is not None
    with zipfile.ZipFile(bundle) as archive:
        assert sorted(archive.namelist()) == ["a (2)-restored.png", "a-restored.png"]
        assert archive.read("a-restored.png") == Path(str(files[0])).read_bytes()


def test_tabs_take_turns(state: AppState, monkeypatch: pytest.MonkeyPatch) -> None:
    """One photo of each tab, then the next: a long queue makes no other tab wait for all of it."""
    order: list[str] = []
    go = threading.Event()

    def noted(tab: Tab, item: Item, *_: object) -> None:
        assert go.wait(60)
        order.append(item.name)

    monkeypatch.setattr(state, "_restore", noted)
    state.add([str(soft(uploaded(state, f"{n}.png"))) for n in range(3)], ["small"], "many")
    state.add([str(soft(uploaded(state, "x.png")))], ["small"], "one")
    go.set()
    wait_until(lambda: state.finished("many") and state.finished("one"))
    assert order == ["0.png", "x.png", "1.png", "2.png"]


def test_another_model_needs_no_upload_and_both_can_be_compared(state: AppState) -> None:
    (item,) = restore(state, soft(uploaded(state, "photo.png")), models=("idle",))
    assert item.answers["idle"].verdict == SHARP
    assert item.answers["idle"].psf is None
    assert "the model's card gives no ranges" in item.answers["idle"].details
    assert state.bundle("tab") is None
    (item,) = restore(state, models=("small", "idle"))
    pictures = state.pictures("tab", item, ("idle", "small"))
    assert pictures is not None
    for side, picture in zip(("idle", "small"), pictures, strict=True):
        assert np.array_equal(pixels_of(picture), pixels_of(item.answers[side].file))
    bundle = state.bundle("tab")
    assert bundle is not None
    with zipfile.ZipFile(bundle) as archive:
        assert sorted(archive.namelist()) == ["idle/photo-restored.png", "small/photo-restored.png"]


def test_the_suffix_is_a_setting(tmp_path: Path) -> None:
    state = AppState(models(), CPU, tmp_path, suffix=".sharp")
    (item,) = restore(state, soft(uploaded(state, "photo.png")))
    state.close()
    assert Path(str(item.answers["small"].file)).name == "photo.sharp.png"


def test_a_tab_s_files_go_with_it(state: AppState, tmp_path: Path) -> None:
    def kept() -> set[str]:
        return {path.name for path in tmp_path.rglob("*") if path.is_file()}

    restore(state, tab="one")
    for tab in ("one", "other"):
        (item,) = restore(state, soft(uploaded(state, f"{tab}.png")), models=("idle",), tab=tab)
        assert state.pictures(tab, item, (PHOTO, "idle"))
    both = {f"{tab}{end}.png" for tab in ("one", "other") for end in ("", "-restored")}
    assert kept() == both | {"shown.png"}
    assert state.pictures("other", item, (PHOTO, "idle"))
    assert len(list(tmp_path.rglob("shown.png"))) == 4, "only those that are looked at"
    state.clear("one")
    state.clear("other")
    assert list(state.answers.iterdir()) == list(state.uploads.iterdir()) == []
    assert state.items("one") == []
    assert state.pictures("one", item, (PHOTO, "idle")) is None


def test_what_was_uploaded_and_never_asked_for_goes_with_a_later_upload(state: AppState) -> None:
    (kept,) = restore(state, soft(uploaded(state, "kept.png")), models=("idle",))
    old, young = state.uploads / "tmpold", state.uploads / "young" / "b.png"
    young.parent.mkdir()
    for path in (old, young):
        path.touch()
    for path in (old, kept.upload.parent):
        os.utime(path, (0, 0))
    restore(state, soft(uploaded(state, "photo.png")), models=("idle",))
    assert not old.exists()
    assert young.exists()
    assert kept.upload.exists()


def test_nothing_but_uploads_is_read_or_removed(state: AppState, tmp_path: Path) -> None:
    for path in (tmp_path / "mine" / "photo.png", state.uploads / "photo.png", state.answers / "photo.png"):
        path.parent.mkdir(exist_ok=True)
        assert restore(state, soft(path)) == []
        state.clear("tab")
        assert path.exists()


@pytest.mark.parametrize("end", ["close", "clear"])
def test_what_nobody_waits_for_ends_at_its_next_layer_and_is_not_written(end: str, tmp_path: Path) -> None:
    by_name = models()
    done: list[nn.Module] = []
    layers = [module for module in by_name["small"].network.modules() if not list(module.children())]
    state = AppState(by_name, CPU, tmp_path)
    begun, ended = threading.Event(), threading.Event()

    def wait(*_: Any) -> None:
        begun.set()
        ended.wait(60)

    for layer in layers:
        layer.register_forward_hook(lambda module, *_: done.append(module))
    layers[0].register_forward_hook(wait)
    state.add([str(soft(uploaded(state, "photo.png"), side=600))], ["small"], "tab")
    assert begun.wait(60)
    if end == "clear":
        state.clear("tab")
        ended.set()
        wait_until(lambda: done != layers[:1] or state.finished("tab"))
        state.close()
    else:
        closing = threading.Thread(target=state.close)
        closing.start()
        wait_until(lambda: state._closed)
        ended.set()
        closing.join()
    assert done == layers[:1]
    assert not list(state.answers.rglob("*.png"))


def test_large_photos_are_shown_in_part_and_animations_by_their_first_frame(
    state: AppState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_state, "SHOWN", 32)
    frames = [Image.fromarray(random_pixels(40, 50, 3) // n) for n in (1, 2)]
    frames[0].save(upload := uploaded(state, "moving.gif"), save_all=True, append_images=frames[1:])
    (item,) = restore(state, upload)
    pictures = state.pictures("tab", item, (PHOTO, "small"))
    assert pictures is not None
    assert [Image.open(picture).size for picture in pictures] == [(32, 32)] * 2
    answer = item.answers["small"]
    assert "Shown is the middle, 32 pixels" in answer.details
    assert Path(str(answer.file)).name == "moving-restored.gif.png"
    assert Image.open(str(answer.file)).size == (50, 40)
