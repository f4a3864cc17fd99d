"""What is talked about: hours, units, files, the ledger. Standard library only, no I/O, no clock."""
