"""The kernel: raw lines in, deduplicated Parquet out. No AWS, no Spark, no command line."""
