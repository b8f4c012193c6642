"""Are the defaults right? Simulated studies with known truth, measured on a grid with replicates.

``python -m tests.validation all`` writes ``figures.csv`` (tidy) and ``FIGURES.md`` (to read) beside this file.
A design is a function that takes ``seed`` and returns a simulated study with its truth: another one is measured by
adding its cells in ``designs``.
"""
