"""What would have to change: a learned prompt asked about one film, in the terminal as well."""

import json
from pathlib import Path
from typing import Any

import pytest

from explorer import cli, pipeline
from explorer.errors import CheckpointError


@pytest.fixture(scope="module")
def head(engine: Any, index_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prompt")
    data, _ = pipeline.heads.head_data(pipeline.HeadSources(index=index_uri), engine)
    known = [n for k, n in enumerate(data.names) if (data.labels[:, k] == 1).sum() > 1]
    options = {"finding": known[0], "shots": 2, "steps": 5}
    sources = pipeline.HeadSources(index=index_uri)
    pipeline.train_head(
        "counterfactual_prompts", sources, engine=engine, out=folder, options=options
    )
    return folder


def test_a_film_is_asked_and_its_answer_can_be_turned(
    engine: Any, corpus: Path, head: Path
) -> None:
    radiograph = pipeline.read_study([(corpus / "s00" / "image.png").read_bytes()]).radiographs[0]
    found = pipeline.what_if(engine, pipeline.embed(engine, radiograph), head)
    assert found.finding != found.similar
    assert 0 < found.probability < 1
    assert 0 <= found.changes <= found.dimension == engine.card.dimension
    assert found.row < radiograph.shape[0]
    assert found.column < radiograph.shape[1]


def test_a_head_of_another_kind_is_refused(
    engine: Any, index_uri: str, corpus: Path, tmp_path: Path
) -> None:
    sources = pipeline.HeadSources(index=index_uri)
    options = {"bits": 16, "steps": 2, "batch": 8}
    pipeline.train_head("cmimh", sources, engine=engine, out=tmp_path, options=options)
    radiograph = pipeline.read_study([(corpus / "s00" / "image.png").read_bytes()]).radiographs[0]
    with pytest.raises(CheckpointError, match="counterfactual_prompts"):
        pipeline.what_if(engine, pipeline.embed(engine, radiograph), tmp_path)


def test_the_command_says_it_in_words_and_as_json(
    engine: Any,
    corpus: Path,
    head: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(pipeline, "open_engine", lambda *_, **__: engine)
    image, written = str(corpus / "s00" / "image.png"), tmp_path / "found.json"
    with pytest.raises(SystemExit) as stopped:
        cli.main(["what-if", image, "--head", str(head), "--json", str(written)])
    assert not stopped.value.code
    found = json.loads(written.read_text())
    assert f"{found['finding']}: {found['probability']:.2f}" in capsys.readouterr().out
