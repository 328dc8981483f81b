"""`python -m deploy.bench.model.plain_library CHECKPOINT LIBRARY`: tl2cgen's own library, unchanged.

A process of its own, because tl2cgen writes to stderr by itself.
"""

import sys
import warnings


def main(checkpoint: str, library: str) -> None:
    import tl2cgen
    import treelite

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trees = treelite.Model.deserialize(checkpoint)
        tl2cgen.export_lib(trees, toolchain="gcc", libpath=library, params={})


if __name__ == "__main__":
    main(*sys.argv[1:])
