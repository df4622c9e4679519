"""From scores to claims, verdicts, tables and one page."""
