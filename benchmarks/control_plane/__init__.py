"""Calls and seconds against an imitation of AWS. See benchmarks/README.md."""
