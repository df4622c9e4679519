"""Serves the page on this computer alone, behind its guard."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from deblur_lightning.errors import UserError
from deblur_lightning.restoring.guard import LARGEST, OwnOnly

HOST = "127.0.0.1"
PATIENCE = 1
"""Seconds that open connections are waited for in the end; a page that is open somewhere keeps one."""


def guard(blocks: gr.Blocks, port: int = 7860) -> ASGIApp:
    """The page as an ASGI application. The guard stands before all that Gradio answers by itself, CORS included."""
    outer = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    blocks.has_launched = True  # else Gradio takes any file of this computer for an upload
    mounted = gr.mount_gradio_app(
        outer,
        blocks,
        path="/",
        server_name=HOST,
        server_port=port,
        footer_links=[],
        run_history=False,  # it would keep photos in the browser
        max_file_size=LARGEST,
        ssr_mode=False,
        enable_monitoring=False,
        mcp_server=False,
    )
    return OwnOnly(mounted)


@contextmanager
def serve(blocks: gr.Blocks, port: int) -> Iterator[str]:
    """Serve the page in the background, and yield its address.

    Raises:
        UserError: the port is taken.
    """
    with socket.socket() as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            own.bind((HOST, port))
        except OSError as error:
            raise UserError(f"--port={port} is taken: give another.") from error
        settings = uvicorn.Config(guard(blocks, port), log_level="critical", timeout_graceful_shutdown=PATIENCE)
        server = uvicorn.Server(settings)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [own]})
        thread.start()
        while thread.is_alive() and not server.started:
            time.sleep(0.01)
        try:
            yield f"http://{HOST}:{port}"
        finally:
            blocks.close(verbose=False)
            server.should_exit = True
            thread.join()
