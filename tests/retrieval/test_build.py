"""Building an index: what is kept and what not, duplicates, updates, kills, other checkpoints."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from explorer import pipeline
from explorer.errors import DataSetError, RetrievalError
from explorer.retrieval.store import TABLES, open_tables
from explorer.retrieval.vocabulary import SIGNATURE

from .conftest import REPORTS, FrontalEngine, write_study


def numbers(uri: Path | str) -> tuple[int, int]:
    info = pipeline.index_info(str(uri))
    return info.studies, info.sentences


def everything_stored(uri: str) -> str:
    tables = open_tables(uri)
    rows = [getattr(tables, name).search().limit(1000).to_list() for name in TABLES]
    return json.dumps(rows, default=repr)


def test_an_index_holds_what_the_corpus_has(index_uri: str, index: Any) -> None:
    info = pipeline.index_info(index_uri)
    # Two sentences in reports 1 and 3 (the third sentence of 3 names nobody's film), one in 2, 4.
    assert (info.studies, info.films) == (24, 24)
    assert info.space.checkpoint == "tiny"
    assert info.sources == {"study folders": 24}
    assert info.findings["pleural effusion"] == 6
    assert info.regions >= 24
    assert set(index.regions.columns["source"]) <= {"sentence", "vocabulary", "segment"}
    said = json.loads(json.dumps(info.as_json()))
    assert {"studies", "regions", "sentences", "checkpoint"} <= set(said)


def test_no_name_date_or_path_is_kept(index_uri: str, corpus: Path) -> None:
    stored = everything_stored(index_uri)
    for secret in ("Roe", "3/4/2019", "image.png", corpus.name, "s02"):
        assert secret not in stored


def test_paths_are_kept_when_asked(engine: Any, tmp_path: Path) -> None:
    write_study(tmp_path / "corpus" / "a", seed=1, report=REPORTS[0])
    pipeline.build_index(tmp_path / "corpus", str(tmp_path / "i"), engine=engine, keep_paths=True)
    index = pipeline.open_index(tmp_path / "i", engine=engine)
    assert index.films.columns["path"] == ["a/image.png"]


def test_again_changes_nothing_and_a_copy_is_a_duplicate(engine: Any, tmp_path: Path) -> None:
    corpus, uri = tmp_path / "corpus", str(tmp_path / "index")
    write_study(corpus / "a", seed=1, report=REPORTS[0])
    write_study(corpus / "b", seed=1, report=REPORTS[0])
    write_study(corpus / "c", seed=1, report=REPORTS[1])  # the film of a, another report
    report = pipeline.build_index(corpus, uri, engine=engine)
    assert (report.added, report.duplicates, report.left_out) == (1, 2, [])
    again = pipeline.build_index(corpus, uri, engine=engine)
    assert (again.added, again.unchanged, again.duplicates) == (0, 1, 2)
    assert numbers(uri) == (1, 2)


def test_studies_that_begin_together_embed_the_vocabulary_once(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = pipeline.open_engine(str(tiny_checkpoint), device="cpu")
    asked: list[str] = []
    embed = engine.embed_text

    def slowly(phrases: Sequence[str]) -> Any:
        asked.extend(phrases)
        time.sleep(0.05)
        return embed(phrases)

    monkeypatch.setattr(engine, "embed_text", slowly)
    for seed in range(4):
        write_study(tmp_path / "corpus" / f"{seed}", seed=seed)
    pipeline.build_index(tmp_path / "corpus", str(tmp_path / "i"), engine=FrontalEngine(engine))
    assert {asked.count(phrase) for phrase in SIGNATURE} == {1}


def test_add_update_prune_and_remove(engine: Any, tmp_path: Path) -> None:
    corpus, more, uri = tmp_path / "corpus", tmp_path / "more", str(tmp_path / "index")
    write_study(corpus / "a", seed=1, report=REPORTS[0])
    write_study(corpus / "b", seed=2, report=REPORTS[1])
    write_study(more / "c", seed=3, report=REPORTS[3])
    pipeline.build_index(corpus, uri, engine=engine)
    assert pipeline.build_index(more, uri, engine=engine, mode="add").added == 1
    assert numbers(uri) == (3, 4)

    (corpus / "b" / "report.txt").write_text(REPORTS[0])
    assert pipeline.build_index(corpus, uri, engine=engine, mode="add").duplicates == 1
    updated = pipeline.build_index(corpus, uri, engine=engine, mode="update")
    assert (updated.replaced, updated.unchanged, updated.added) == (1, 1, 0)
    assert numbers(uri) == (3, 5)

    shutil.rmtree(corpus / "a")
    pruned = pipeline.build_index(corpus, uri, engine=engine, mode="update", prune=True)
    assert pruned.removed == 2  # a, and c, which is of another corpus
    assert numbers(uri) == (1, 2)

    (study,) = pipeline.open_index(uri).study_ids
    with pytest.raises(RetrievalError, match="has no study 'x'"):
        pipeline.remove_studies(uri, study_ids=["x"])
    assert pipeline.remove_studies(uri, study_ids=[study]) == 1
    assert numbers(uri) == (0, 0)


def test_files_that_cannot_be_used_are_listed_and_skipped(engine: Any, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    write_study(corpus / "good", seed=1)
    write_study(corpus / "broken", seed=2)
    (corpus / "broken" / "image.png").write_bytes(b"no picture")
    write_study(corpus / "black", seed=3)
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(corpus / "black" / "image.png")
    report = pipeline.build_index(corpus, str(tmp_path / "index"), engine=engine)
    assert report.added == 1
    assert [path for path, _ in report.left_out] == ["black/image.png", "broken/image.png"]
    assert report.left_out[0][1] == "This is no chest."
    assert report.left_out[1][1]


def test_a_corpus_of_nothing_makes_no_index(engine: Any, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    with pytest.raises(DataSetError, match="at least one image"):
        pipeline.build_index(tmp_path / "corpus", str(tmp_path / "index"), engine=engine)
    assert not (tmp_path / "index").exists()
    write_study(tmp_path / "corpus" / "a", seed=1)
    with pytest.raises(RetrievalError, match="there is none that is complete"):
        pipeline.build_index(tmp_path / "corpus", str(tmp_path / "i"), engine=engine, mode="add")


@pytest.mark.parametrize("name", ["x" * 3000, "~nobody-of-that-name/films", "a\0b"])
def test_what_no_folder_can_be_called_is_no_index(name: str) -> None:
    with pytest.raises(RetrievalError, match="there is none that is complete") as refused:
        open_tables(name)
    assert len(str(refused.value)) < 400


KILLED = """
import os, signal, sys
sys.path.insert(0, {root!r})
from explorer import pipeline
from tests.retrieval.conftest import FrontalEngine
from pathlib import Path
engine = FrontalEngine(pipeline.open_engine({checkpoint!r}, device="cpu"))
def tell(done, total):
    print(done, flush=True)
pipeline.build_index(Path({corpus!r}), {uri!r}, engine=engine, batch=2, progress=tell)
"""


@pytest.mark.slow
def test_a_build_that_is_killed_twice_ends_with_the_exact_count(
    engine: Any, corpus: Path, index_uri: str, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    root = str(Path(__file__).parents[2])
    script = KILLED.format(
        root=root, checkpoint=str(tiny_checkpoint), corpus=str(corpus), uri=str(tmp_path)
    )
    counts = []
    for stop_at in ("5", "13"):
        with subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=root
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if line.strip() == stop_at:
                    break
            os.kill(process.pid, signal.SIGKILL)
        counts.append(numbers(tmp_path)[0])
    assert 0 < counts[0] < counts[1] < 24
    report = pipeline.build_index(corpus, str(tmp_path), engine=engine)
    assert (report.added, report.unchanged) == (24 - counts[1], counts[1])
    assert numbers(tmp_path) == numbers(index_uri)


def test_another_checkpoint_is_refused(engine: Any, index_uri: str, corpus: Path) -> None:
    other = FrontalEngine(engine)
    other.card = replace(engine.card, name="other", sha256="0" * 64)
    with pytest.raises(RetrievalError, match=r"is of 'tiny' .* asked for was 'other'"):
        pipeline.open_index(index_uri, engine=other)
    with pytest.raises(RetrievalError, match="build another index"):
        pipeline.build_index(corpus, index_uri, engine=other)
