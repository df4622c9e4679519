"""From scores to claims, tables and one page of pictures; plain Python and numpy."""
