"""Pure decisions: facts in, a frozen plan out. No I/O, no clock."""
