"""Writes a treelite checkpoint's trees as C: `python -m scoring.generate_c CHECKPOINT FOLDER UNITS`.

A process of its own, because tl2cgen's older treelite writes a version notice straight to stderr.
"""

import re
import sys
import warnings
from pathlib import Path

_LEAF_TYPE = re.compile(r"(get_leaf_output_type\(void\) \{\s*return \")float32")


def main(checkpoint: str, folder: str, units: str) -> None:
    import tl2cgen
    import treelite

    with warnings.catch_warnings():
        # Later releases give the notice as a warning; verification compares the answers themselves.
        warnings.filterwarnings("ignore", message=r"(?s).*newer Treelite version")
        trees = treelite.Model.deserialize(checkpoint)
        tl2cgen.generate_c_code(trees, Path(folder), {"parallel_comp": int(units)})
    add_up_in_double(Path(folder))


def add_up_in_double(folder: Path) -> None:
    """Sums of a hundred leaves in float32 are up to 7e-6 off, most of what contributions may differ by.

    The library says so itself, where it is asked for the type of its leaves.
    """
    files = {file: file.read_text() for file in (*folder.glob("*.c"), *folder.glob("*.h"))}
    written = "".join(files.values())
    if "float* result" not in written or not _LEAF_TYPE.search(written):
        return  # another tl2cgen, whose code must not be changed by halves
    for file, text in files.items():
        file.write_text(_LEAF_TYPE.sub(r"\g<1>float64", text.replace("float* result", "double* result")))


if __name__ == "__main__":
    main(*sys.argv[1:])
