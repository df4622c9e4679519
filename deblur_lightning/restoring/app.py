"""The page of ``deblur app``: drop a photo, compare before and after, download the result."""

from typing import Any

import gradio as gr

from deblur_lightning.restoring.app_state import AppState, Shown

TITLE = "Restore a blurred photo"


def page(state: AppState) -> gr.Blocks:
    """The page, with the first of its models chosen."""
    gr.set_static_paths(state.answers)  # else Gradio copies each answer to where nobody removes it

    def dropped(path: str | None, name: str, request: gr.Request, progress: gr.Progress = gr.Progress()) -> Shown:  # noqa: B008
        return state.restore(path, name, str(request.session_hash), progress)

    def chosen(name: str, request: gr.Request, progress: gr.Progress = gr.Progress()) -> Shown:  # noqa: B008
        return state.again(name, str(request.session_hash), progress)

    def closed(request: gr.Request) -> None:
        state.clear(str(request.session_hash))

    blocks = gr.Blocks(title=TITLE, analytics_enabled=False)
    with blocks:
        gr.Markdown(f"# {TITLE}\nNothing leaves this computer. Of animated files the first frame is taken.")
        with gr.Row():
            photo = gr.File(label="Photo: JPEG, PNG, WebP, TIFF, BMP and others", type="filepath", elem_id="photo")
            model = gr.Dropdown(list(state.models), value=next(iter(state.models)), label="Model", elem_id="model")
        told = gr.Markdown(elem_id="told")
        slider = gr.ImageSlider(label="Before, after", buttons=["fullscreen"], elem_id="slider")
        result = gr.File(label="Restored photo", interactive=False, elem_id="result")
        one_by_one: dict[str, Any] = {"api_visibility": "private", "concurrency_id": "state", "concurrency_limit": 1}
        photo.change(dropped, [photo, model], [slider, told, result], **one_by_one)
        model.change(chosen, [model], [slider, told, result], **one_by_one)
        blocks.unload(closed)
    return blocks
