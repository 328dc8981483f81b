from pathlib import Path

from feast.repo_operations import get_repo_files

import feature_repo


def test_feast_reads_the_definitions_and_nothing_else() -> None:
    folder = Path(feature_repo.__file__).parent
    assert [file.name for file in get_repo_files(folder)] == ["definitions.py"]
