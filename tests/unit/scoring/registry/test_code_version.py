from pathlib import Path

from scoring.registry.code_version import ROOT, code_version, source_hash


def test_the_version_names_release_and_sources() -> None:
    release, _, sources = code_version().partition("+")
    assert release
    assert source_hash(ROOT).startswith(sources)
    assert len(sources) == 12


def test_every_change_of_a_source_is_another_version(tmp_path: Path) -> None:
    file = tmp_path / "scoring" / "deep" / "a.py"
    file.parent.mkdir(parents=True)
    file.write_text("a = 1\n")
    before = source_hash(tmp_path)
    file.with_name("notes.txt").write_text("not a source")
    assert source_hash(tmp_path) == before
    file.write_text("a = 2\n")
    changed = source_hash(tmp_path)
    file.rename(file.with_name("b.py"))
    assert len({before, changed, source_hash(tmp_path)}) == 3
