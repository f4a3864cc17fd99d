"""docs/runbook.md is run: the test of an entry makes what the entry tells of, runs its blocks, and sees that it worked.

The name of a test is that of its entry. It fails if a block of the entry was not run (conftest.py).
"""
