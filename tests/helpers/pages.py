"""What an HTML page holds."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """Collects what a page refers to, and the text of its data."""

    def __init__(self) -> None:
        super().__init__()
        self.references: list[str] = []
        self.tags: list[str] = []
        self.data = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]

    def handle_data(self, data: str) -> None:
        if '"runs"' in data[:10]:
            self.data = data
