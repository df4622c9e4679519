"""These tests change the process that they run in: ``tests/test_accelerator.py`` runs them in one of their own."""

import os

collect_ignore_glob = [] if os.environ.get("PRETENDED_ACCELERATOR") else ["test_*.py"]
