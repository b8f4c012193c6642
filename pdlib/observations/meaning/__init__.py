"""What a column means, held against what it holds: totals among the units, codes, directions, shapes, ids."""
