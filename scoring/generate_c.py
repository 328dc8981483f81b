"""Writes a treelite checkpoint's trees as C: `python -m scoring.generate_c CHECKPOINT FOLDER UNITS QUANTISE`.

A process of its own, because tl2cgen's older treelite writes a version notice straight to stderr.
"""

import re
import sys
import warnings
from pathlib import Path

_LEAF_TYPE = re.compile(r"(get_leaf_output_type\(void\) \{\s*return \")float32")
_ENTRY = """\
#include "header.h"

/* Vectors are float32 with NaN where missing; the trees want the whole number -1 there. */
double faregate_margin(const float* vector) {{
  union Entry entries[{features}];
  {result} margin[1] = {{0}};
  for (int i = 0; i < {features}; ++i) {{
    entries[i].fvalue = vector[i];
    if (vector[i] != vector[i]) entries[i].missing = -1;
  }}
  predict(entries, 1, margin);
  return margin[0];
}}

void faregate_margins(const float* rows, size_t count, double* margins) {{
  for (size_t row = 0; row < count; ++row) margins[row] = faregate_margin(rows + row * {features});
}}

int faregate_features(void) {{
  return get_num_feature();
}}
"""


def main(checkpoint: str, folder: str, units: str, quantise: str) -> None:
    import tl2cgen
    import treelite

    chosen = {"parallel_comp": int(units), "quantize": int(quantise)}
    with warnings.catch_warnings():
        # Later releases give the notice as a warning; verification compares the answers themselves.
        warnings.filterwarnings("ignore", message=r"(?s).*newer Treelite version")
        trees = treelite.Model.deserialize(checkpoint)
        tl2cgen.generate_c_code(trees, Path(folder), chosen)
    add_up_in_double(Path(folder))
    write_entry(Path(folder), trees.num_feature)


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


def write_entry(folder: Path, features: int) -> None:
    """The functions that the scorer calls: from our vectors to the margin in one step."""
    result = "double" if "double* result" in (folder / "header.h").read_text() else "float"
    (folder / "entry.c").write_text(_ENTRY.format(features=features, result=result))


if __name__ == "__main__":
    main(*sys.argv[1:])
