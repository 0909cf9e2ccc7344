"""The tables and their commit: whole batches, kills, two writers, full disks, lost files."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from explorer import pipeline
from explorer.errors import RetrievalError
from explorer.retrieval import store
from explorer.retrieval.lock import Lease
from explorer.retrieval.records import Space
from explorer.retrieval.store import Tables, open_tables, writer

from .made import SPACE, study


def counts(uri: Path) -> tuple[int, int, int]:
    opened = open_tables(str(uri))
    return opened.films.count_rows(), opened.regions.count_rows(), opened.sentences.count_rows()


def ids(tables: Tables, name: str) -> set[str]:
    rows = getattr(tables, name).search().select(["study_id"]).limit(1000).to_list()
    return {row["study_id"] for row in rows}


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    with writer(str(tmp_path / "index"), SPACE) as index:
        index.write([study("a"), study("b", sentences=3)])
        assert index.known()[0] == {"key-a": "a", "key-b": "b"}
    assert counts(tmp_path / "index") == (2, 4, 4)
    assert open_tables(str(tmp_path / "index")).commit.space == SPACE


def test_a_reader_sees_no_study_that_came_later_and_none_by_half(tmp_path: Path) -> None:
    uri = str(tmp_path)
    with writer(uri, SPACE) as index:
        index.write([study("a")])
        before = open_tables(uri)
        index.table("regions").add(
            store.regions_table(study("b").regions, study("b").films, dimension=4)
        )
        during = open_tables(uri)  # regions of b are written, their study is not
        index.write([study("c")])
        index.remove(["a"])
    for reader in (before, during):
        assert [ids(reader, name) for name in store.TABLES] == [{"a"}] * 3
    assert ids(open_tables(uri), "films") == {"c"}


def test_a_study_is_replaced_in_one_step(tmp_path: Path) -> None:
    uri = str(tmp_path)
    with writer(uri, SPACE) as index:
        index.write([study("a"), study("b")])
        index.write([study("a2", regions=5)], replaced=["a"])
    assert [ids(open_tables(uri), name) for name in store.TABLES] == [{"a2", "b"}] * 3
    assert counts(tmp_path) == (2, 7, 2)


def test_what_a_killed_writer_left_is_taken_back(tmp_path: Path) -> None:
    uri = str(tmp_path)
    with writer(uri, SPACE) as index:
        index.write([study("a")])
        left = study("b")
        index.table("regions").add(store.regions_table(left.regions, left.films, dimension=4))
    with writer(uri, SPACE) as index:
        index.write([study("b")])
    assert counts(tmp_path) == (2, 4, 2)


KILLED = """
import os, signal, sys
sys.path.insert(0, {root!r})
from explorer.retrieval.store import writer
from tests.retrieval.made import SPACE, study
names = [f"s{{n:03d}}" for n in range(60)]
with writer({uri!r}, SPACE) as index:
    known = set(index.known()[0].values())
    todo = [n for n in names if n not in known]
    for first in range(0, len(todo), 4):
        index.write([study(n) for n in todo[first:first + 4]])
        print(first, flush=True)
"""


def test_killed_twice_the_count_is_exact(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    script = textwrap.dedent(KILLED).format(root=root, uri=str(tmp_path))
    seen = []
    for wanted in (3, 4):  # batches before each kill
        with subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=root
        ) as process:
            assert process.stdout is not None
            for _ in range(wanted):
                process.stdout.readline()
            os.kill(process.pid, signal.SIGKILL)
        films, regions, sentences = counts(tmp_path)
        assert films % 4 == 0
        assert (regions, sentences) == (2 * films, films)
        seen.append(films)
    assert 0 < seen[0] < seen[1] < 60
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, cwd=root)
    assert counts(tmp_path) == (60, 120, 60)
    assert len(ids(open_tables(str(tmp_path)), "films")) == 60


def test_a_second_writer_is_refused_in_words(tmp_path: Path) -> None:
    uri = str(tmp_path)
    with (
        writer(uri, SPACE),
        pytest.raises(RetrievalError, match="another is writing"),
        writer(uri, SPACE),
    ):
        pass
    with writer(uri, SPACE):  # free again
        pass


def test_a_lease_is_held_by_one_and_runs_out(tmp_path: Path) -> None:
    db = store.connect(str(tmp_path))
    first, second = Lease(db, "s3://x/y"), Lease(db, "s3://x/y")
    first.renew()
    with pytest.raises(RetrievalError, match=r"if it was ended, in \d+ seconds"):
        second.renew()
    first.renew()
    first.release()
    second.renew()
    with pytest.raises(RetrievalError, match="another is writing"):
        first.renew()
    third = Lease(db, "s3://x/z", seconds=-1)  # has run out as soon as it is taken
    second.release()
    third._set(until=0)
    Lease(db, "s3://x/y").renew()


def test_another_checkpoint_is_refused(tmp_path: Path) -> None:
    with writer(str(tmp_path), SPACE):
        pass
    other = Space("other", "cd" * 32, 4, (64, 64), (8, 8), "letterbox")
    with (
        pytest.raises(RetrievalError, match=r"is of 'tiny' \(sha256 abababababab\), asked for"),
        writer(str(tmp_path), other),
    ):
        pass
    renamed = Space("renamed", "ab" * 32, 4, (64, 64), (8, 8), "letterbox")
    with writer(str(tmp_path), renamed):  # the weights count, not the name
        pass


def test_another_schema_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "SCHEMA", 7)
    with writer(str(tmp_path), SPACE):
        pass
    monkeypatch.undo()
    with pytest.raises(RetrievalError, match=r"of schema 1, .* has schema 7"):
        open_tables(str(tmp_path))


@pytest.mark.parametrize("name", ["nothing", "empty"])
def test_no_index_is_said_and_nothing_is_made(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RetrievalError, match="there is none that is complete"):
        open_tables(str(tmp_path / name))
    with (
        pytest.raises(RetrievalError, match="there is none"),
        writer(str(tmp_path / name), SPACE, create=False),
    ):
        pass
    assert not (tmp_path / "nothing").exists()


def test_a_creation_that_was_killed_is_begun_again(tmp_path: Path) -> None:
    db = store.connect(str(tmp_path))
    db.create_table("films", schema=store.schema_of("films", dimension=4))
    with pytest.raises(RetrievalError, match="none that is complete"):
        open_tables(str(tmp_path))
    with writer(str(tmp_path), SPACE) as index:
        index.write([study("a")])
    assert counts(tmp_path) == (1, 2, 1)


@pytest.mark.parametrize("part", ["regions.lance", "films.lance/data"])
def test_a_lost_table_is_said(tmp_path: Path, part: str) -> None:

    with writer(str(tmp_path), SPACE) as index:
        index.write([study("a")])
    shutil.rmtree(tmp_path / part)
    said = r"build it again|has lost its table"
    with pytest.raises(RetrievalError, match=said), writer(str(tmp_path), SPACE) as index:
        index.known()


def test_an_index_that_goes_while_it_is_searched_is_said_without_words_of_programmers(
    engine: Any, index_uri: str, tmp_path: Path
) -> None:
    place = shutil.copytree(index_uri, tmp_path / "index")
    index = pipeline.open_index(place, engine=engine)
    shutil.rmtree(place)
    with pytest.raises(RetrievalError) as raised:
        pipeline.search_text(index, engine, "effusion")
    assert str(raised.value) == (
        f"Files of the index {str(place)!r} are gone: they were moved or deleted while it was in "
        "use. Put them back, or build it again."
    )


def test_a_commit_that_is_no_json_is_said(tmp_path: Path) -> None:
    with writer(str(tmp_path), SPACE):
        pass
    table = store.connect(str(tmp_path)).open_table("commit")
    table.update(values={"commit": "{"})
    with pytest.raises(RetrievalError, match="cannot be opened"):
        open_tables(str(tmp_path))


def test_a_full_disk_is_said_and_leaves_the_index_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with writer(str(tmp_path), SPACE) as index:
        index.write([study("a")])
        monkeypatch.setattr(type(index.table("films")), "add", full)
        with pytest.raises(RetrievalError, match=r"is full\. Make room"):
            index.write([study("b")], replaced=["a"])
        monkeypatch.undo()
    with writer(str(tmp_path), SPACE):
        pass
    assert ids(open_tables(str(tmp_path)), "regions") == {"a"}


def test_indices_and_compaction_keep_every_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_OPTIMIZE_EVERY", 3)
    uri = str(tmp_path)
    with writer(uri, SPACE) as index:
        index.write([study("first")])
        early = open_tables(uri)
        for n in range(8):
            index.write([study(f"s{n}")])
        index.finish(search="exact")
    assert counts(tmp_path) == (9, 18, 9)
    assert ids(early, "regions") == {"first"}
    about = open_tables(uri).commit.about
    assert about == {"search": "exact", "sentences": 9, "reports": 9}
    assert json.loads(json.dumps(open_tables(uri).commit.versions))["films"] > 9
