"""From scores to verdicts on claims, to tables and to a page of pictures; plain Python and numpy."""
