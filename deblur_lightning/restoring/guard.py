"""Refuses requests to the local page that do not come from the page itself."""

import re

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 400_000_000
"""Bytes of an upload: a photo of 120 million pixels in 8-bit RGB, uncompressed, has 360."""

HEADERS = {
    # nothing from elsewhere, whatever a version of Gradio may ask for, and no page around this one
    b"content-security-policy": b"default-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:; frame-ancestors 'none'",
    b"cross-origin-resource-policy": b"same-origin",
}
"""What the browser is told with every answer."""

_OWN_NAMES = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?")
_FETCHES = re.compile(r"/gradio_api/(file=https?:|proxy=)", re.IGNORECASE)
"""What Gradio would fetch from elsewhere on behalf of whoever asks."""


class OwnOnly:
    """Refuses requests of other sites, and requests that are too large, before Gradio sees them.

    A site can point its name to 127.0.0.1 (DNS rebinding). Its requests then carry that name as their host. Any page
    can send a request to 127.0.0.1 without reading the answer. The browser then names the page's origin or site.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # Gradio has none
            return

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(b"cache-control", b"no-store")] if "/file=" in scope["path"] else []  # photos, by the browser
                message["headers"] = [*message["headers"], *HEADERS.items(), *kept]
            await send(message)

        refused = refusal(scope["method"], scope["path"], Headers(scope=scope)) if scope["type"] == "http" else None
        answer = self._app if refused is None else PlainTextResponse(f"{refused[1]}\n", refused[0])
        await answer(scope, receive, tell)


def refusal(method: str, path: str, headers: Headers) -> tuple[int, str] | None:
    """Status and line for a request that is refused."""
    host, origins = (headers.get("host") or "").lower(), headers.getlist("origin")
    if len(headers.getlist("host")) != 1 or not _OWN_NAMES.fullmatch(host):
        return 403, "This page is for this computer alone: ask for 127.0.0.1 or localhost."
    reads = method in ("GET", "HEAD")
    if any(origin != f"http://{host}" for origin in origins) or not (origins or reads):
        return 403, "Only the page itself may ask for this, not another site's."
    opened = path == "/" and headers.get("sec-fetch-mode") == "navigate"  # by a link, wherever that was
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and not (reads and opened):
        return 403, "Only the page itself may ask for this, not another site's."
    if _FETCHES.match(path):
        return 403, "This page fetches nothing from elsewhere."
    return None if reads else _size_refusal(headers)


def _size_refusal(headers: Headers) -> tuple[int, str] | None:
    length = headers.get("content-length", "")
    if "transfer-encoding" in headers or not length.isdecimal():
        return 411, "Say how long this is: Content-Length is missing."
    if int(length) > LARGEST:
        return 413, f"This is larger than {LARGEST // 1_000_000} MB, the most that the page takes: use deblur restore."
    return None
