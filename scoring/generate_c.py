"""Writes a treelite checkpoint's trees as C: `python -m scoring.generate_c CHECKPOINT FOLDER UNITS`.

A process of its own, because tl2cgen's older treelite writes a version notice straight to stderr.
"""

import sys
import warnings
from pathlib import Path


def main(checkpoint: str, folder: str, units: str) -> None:
    import tl2cgen
    import treelite

    with warnings.catch_warnings():
        # Later releases give the notice as a warning; verification compares the answers themselves.
        warnings.filterwarnings("ignore", message=r"(?s).*newer Treelite version")
        trees = treelite.Model.deserialize(checkpoint)
        tl2cgen.generate_c_code(trees, Path(folder), {"parallel_comp": int(units)})


if __name__ == "__main__":
    main(*sys.argv[1:])
