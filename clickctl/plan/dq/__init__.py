"""Data quality: what the ledgers say of a range, judged by limits. Pure."""
