"""Several accounts in one run."""
