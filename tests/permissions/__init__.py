"""Which AWS actions the code calls, derived from its source, and the policies held to exactly those."""
