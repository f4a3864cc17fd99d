"""One file per verb: parse, observe, plan, execute, show."""
