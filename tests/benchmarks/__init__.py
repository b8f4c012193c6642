"""How fast the steps are, and how much memory they take."""
