"""Jars are fetched once, verified, and never half."""

import hashlib
from pathlib import Path

import pytest

from deploy.embedded import jars
from deploy.embedded.jars import Jar, JarError

CONTENT = b"a jar"


def jar(content: bytes = CONTENT, artifact: str = "thing") -> Jar:
    return Jar(
        group="org.example",
        artifact=artifact,
        version="1.0",
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        used_by="kafka",
    )


def serve(monkeypatch: pytest.MonkeyPatch, *answers: bytes | Exception) -> list[str]:
    """Each download takes the next answer; returns the log of who was asked."""
    asked: list[str] = []
    left = list(answers)

    def download(name: str) -> object:
        def take(_jar: Jar, target: Path) -> None:
            asked.append(name)
            answer = left.pop(0)
            if isinstance(answer, Exception):
                raise answer
            target.write_bytes(answer)

        return take

    monkeypatch.setattr(jars, "_by_maven_artifact", download("maven-artifact"))
    monkeypatch.setattr(jars, "_by_maven", download("mvn"))
    return asked


def test_lock_names_the_broker_and_the_connector() -> None:
    locked = jars.read_lock()
    assert {"kafka_2.13", "log4j-slf4j-impl"} <= {each.artifact for each in locked if each.used_by == "kafka"}
    assert [each.artifact for each in locked if each.used_by == "flink"] == ["flink-sql-connector-kafka"]
    assert all(len(each.sha256) == 64 and each.size_bytes > 0 for each in locked)


def test_lock_names_no_host() -> None:
    assert "://" not in jars.LOCK_FILE.read_text()


def test_fetched_jar_is_in_place_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, CONTENT)
    jars.fetch(jar(), tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["thing-1.0.jar"]


def test_broken_downloads_are_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = serve(monkeypatch, OSError("reset"), b"something else", CONTENT)
    jars.fetch(jar(), tmp_path)
    assert asked == ["maven-artifact"] * 3
    assert not jars.missing([jar()], tmp_path, thorough=True)


def test_maven_is_the_last_resort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = serve(monkeypatch, *[OSError("no route")] * 3, CONTENT)
    jars.fetch(jar(), tmp_path)
    assert asked[-1] == "mvn"


def test_wrong_content_is_never_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, *[b"evil!"] * 4)
    with pytest.raises(JarError, match=r"org\.example:thing:1\.0.*make install"):
        jars.fetch(jar(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_changed_jar_of_the_same_size_is_missing_when_looked_at_thoroughly(tmp_path: Path) -> None:
    (tmp_path / jar().file_name).write_bytes(b"b jar")
    assert jars.missing([jar()], tmp_path) == []
    assert jars.missing([jar()], tmp_path, thorough=True) == [jar()]


def test_one_failure_ends_the_whole_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, *[OSError("down")] * 8)
    with pytest.raises(JarError):
        jars.fetch_all([jar(artifact="one"), jar(artifact="two")], tmp_path, lambda _: None)


def test_cache_honours_xdg() -> None:
    assert jars.cache_folder({"XDG_CACHE_HOME": "/c", "HOME": "/h"}) == Path("/c/faregate/jars")
    assert jars.cache_folder({"HOME": "/h"}) == Path("/h/.cache/faregate/jars")
