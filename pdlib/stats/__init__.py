"""Arrays in, arrays out: the formulas, one citation a function."""
