"""Draws a claim as a small picture for the ledger's page: interval, range and claimed figure on one line."""

from deblur_lightning.ledger.rows import Row

WIDTH, HEIGHT, MARGIN = 120, 20, 8


def interval_picture(row: Row) -> str:
    """An SVG of the measured interval (line) and mean (dot), the range to hold (band) and the claimed figure (rhombus).

    The scale is linear, from the least of these to the greatest; a range without an end goes to the edge. Empty where
    nothing was measured.
    """
    texts = {name: getattr(row, name) for name in ("mean", "low", "high", "at_least", "at_most", "figure")}
    numbers = {name: float(text) for name, text in texts.items() if text}
    if "mean" not in numbers:
        return ""
    least, most = min(numbers.values()), max(numbers.values())
    scale = (WIDTH - 2 * MARGIN) / (most - least or 1.0)
    x = {name: round(MARGIN + (number - least) * scale, 1) for name, number in numbers.items()}
    middle = HEIGHT / 2
    left, right = x.get("at_least", 0.0), x.get("at_most", float(WIDTH))
    low, high = x.get("low", x["mean"]), x.get("high", x["mean"])
    parts = [
        f'<rect class="range" x="{left}" width="{max(right - left, 1.5):.1f}" height="{HEIGHT}"/>',
        f'<path class="interval" d="M{low} {middle}H{high}"/>',
        f'<circle cx="{x["mean"]}" cy="{middle}" r="3"/>',
    ]
    if "figure" in x:
        parts.append(f'<path class="claimed" d="M{x["figure"]} {middle - 6}l4 6l-4 6l-4 -6z"/>')
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return f'<svg {size} aria-hidden="true">{"".join(parts)}</svg>'
