"""The day's transform, clickctl against five peers. See benchmarks/README.md."""
