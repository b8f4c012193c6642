"""Measure whether the defaults are right: ``python -m tests.validation [find|moving|practices|null|all]``."""

import os

# Two workers share the cores; this must stand before NumPy loads, here and in the workers that inherit it.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

if __name__ == "__main__":
    from tests.validation.command import main

    main()
