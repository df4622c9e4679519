"""The page of ``deblur app``: drop photos, compare before and after, download the results."""

import base64
from html import escape
from typing import Any

import gradio as gr

from deblur_lightning.restoring.app_state import PHOTO, AppState, Item

TITLE = "Restore blurred photos"
INTRODUCTION = f"""# {TITLE}
Nothing leaves this computer. Photos wait in a queue; of animated files and of pages the first is taken."""
LABEL = "Photos: JPEG, PNG, WebP, TIFF, BMP and others"
PERIOD = 0.5  # seconds
CSS = """
#queue div.item {display: flex; flex-wrap: wrap; gap: 0 12px; align-items: center; padding: 4px 0}
#queue div.item > * {overflow-wrap: anywhere}
#queue span.name {flex: 2 1 220px} #queue span.verdict {flex: 3 1 220px}
#queue progress {flex: 1 1 100px; accent-color: var(--color-accent)}
#queue span.share {flex: 0 0 3em; text-align: right}
#told img {height: 104px; image-rendering: pixelated; margin: 8px 0}
"""

Shown = tuple[Any, ...]


def page(state: AppState) -> gr.Blocks:
    """The page, with the first of its models chosen."""
    gr.set_static_paths(state.answers)  # else Gradio copies each answer to where nobody removes it
    models = list(state.models)

    def uploaded(paths: list[str], left: str, right: str, request: gr.Request) -> tuple[None, Any]:
        state.add(paths, (right, left), _tab(request))
        return None, gr.Timer(active=True)

    def chosen(left: str, right: str, request: gr.Request) -> Any:
        state.add([], (right, left), _tab(request))
        return gr.Timer(active=True)

    def refresh(name: str | None, left: str, right: str, seen: str, request: gr.Request) -> Shown:
        """All that the page shows, and skips for what it shows already."""
        items, tab = state.items(_tab(request)), _tab(request)
        finished = state.finished(tab)
        item = next((item for item in items if item.name == name), items[0] if items else None)
        choice = gr.Radio(
            [each.name for each in items], value=None if item is None else item.name, visible=len(items) > 1
        )
        files = [str(answer.file) for each in items for answer in each.answers.values() if answer.file]
        key = repr((item and item.name, left, right, _is_done(item, left, right), files, len(items), finished))
        pictures, told, results, bundle = gr.skip(), gr.skip(), gr.skip(), gr.skip()
        if key != seen:
            pictures = None if item is None else state.pictures(tab, item, (left, right))
            told, results = "" if item is None else _told(item, left, right), files or None
            bundle = gr.DownloadButton(
                value=state.bundle(tab) if finished else None, visible=finished and len(files) > 1
            )
        return (
            _queue(items, {left, right} - {PHOTO}),
            choice,
            pictures,
            told,
            results,
            bundle,
            key,
            gr.Timer(active=not finished),
        )

    def removed(request: gr.Request) -> Any:
        state.clear(_tab(request))
        return gr.Timer(active=True)

    def closed(request: gr.Request) -> None:
        state.clear(_tab(request))

    blocks = gr.Blocks(title=TITLE, analytics_enabled=False)
    with blocks:
        gr.HTML(f"<style>{CSS}</style>", padding=False)
        gr.Markdown(INTRODUCTION)
        photos = gr.File(label=LABEL, type="filepath", file_count="multiple", elem_id="photos", height=140)
        with gr.Row():
            left = gr.Dropdown([PHOTO, *models], value=PHOTO, label="Left", elem_id="left", min_width=250)
            right = gr.Dropdown(
                models, value=models[0], label="Right: the model that restores", elem_id="model", min_width=250
            )
        queue = gr.HTML(elem_id="queue")
        photo = gr.Radio([], label="Photo that is shown", elem_id="photo", visible=False)
        told = gr.HTML(elem_id="told")
        slider = gr.ImageSlider(label="Left, right; zoom by the wheel", buttons=["fullscreen"], elem_id="slider")
        results = gr.File(label="Restored photos", file_count="multiple", interactive=False, elem_id="result")
        with gr.Row():
            bundle = gr.DownloadButton("Download all", visible=False, elem_id="bundle")
            remove = gr.Button("Remove all photos", elem_id="remove")
        seen, timer = gr.State(""), gr.Timer(PERIOD, active=False)
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        shown = [queue, photo, slider, told, results, bundle, seen, timer]
        photos.upload(uploaded, [photos, left, right], [photos, timer], **private)
        for choice in (left, right):
            choice.change(chosen, [left, right], [timer], **private)
        remove.click(removed, None, [timer], **private)
        for event in (timer.tick, photo.input):
            event(refresh, [photo, left, right, seen], shown, trigger_mode="once", **private)
        blocks.unload(closed)
    return blocks


def _tab(request: gr.Request) -> str:
    return str(request.session_hash)


def _is_done(item: Item | None, *sides: str) -> bool:
    return item is not None and all(
        side == PHOTO or (side in item.answers and item.answers[side].share == 1) for side in sides
    )


def _queue(items: list[Item], models: set[str]) -> str:
    """A row for each photo: its name, how far it is, and what was done by the chosen models."""
    rows = []
    for item in items:
        answers = [item.answers[model] for model in sorted(models & item.answers.keys())]
        share = sum(answer.share for answer in answers) / len(models)
        words = "; ".join(dict.fromkeys(answer.verdict for answer in answers if answer.verdict))
        words = words or ("restoring" if answers else "waiting")
        bar = f'<progress value="{share:.3f}" aria-label="{escape(item.name)}"></progress>'
        name, verdict = (
            f'<span class="{kind}">{escape(text)}</span>' for kind, text in (("name", item.name), ("verdict", words))
        )
        rows.append(f'<div class="item">{name}{bar}<span class="share">{share:.0%}</span>{verdict}</div>')
    return "".join(rows)


def _told(item: Item, left: str, right: str) -> str:
    """What was done to a photo by each model that is shown, with the PSF."""
    parts = []
    for side in dict.fromkeys((left, right)):
        answer = item.answers.get(side)
        if answer is None or answer.share < 1:
            continue
        of = f"{escape(side)}: " if PHOTO not in (left, right) else ""
        parts.append(f"<p>{of}<b>{escape(_sentence(answer.verdict))}</b> {escape(answer.details)}</p>")
        if answer.psf is not None:
            source = base64.b64encode(answer.psf).decode()
            parts.append(f'<img src="data:image/png;base64,{source}" alt="the blur that was taken out, as a PSF">')
    return "".join(parts)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."
