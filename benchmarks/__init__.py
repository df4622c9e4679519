"""Measurements of this package against others; not installed with it."""
