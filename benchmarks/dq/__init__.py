"""A month's data quality, from the ledgers and by scanning. See benchmarks/README.md."""
