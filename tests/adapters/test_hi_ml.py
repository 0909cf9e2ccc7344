"""The preset hi-ml: maps and scores of the published pipeline, from Python and the command."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from explorer import cli, pipeline
from explorer.errors import CheckpointError, PhraseError
from explorer.grounding.hi_ml import published_map

from . import battery
from .makers import biovil, clip, dino
from .test_biovil import published_text

PROMPTS = ["left lung mass", "mass", "there is a mass in the left lung"]
STUDY = "right-upper-mass"
STUDIES = Path(__file__).parents[2] / "assets" / "studies"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("hi-ml") / "tiny"
    made.mkdir()
    biovil.make(made)
    return made


@pytest.fixture(scope="module")
def engine(folder: Path) -> Any:
    return battery.open_tiny(folder)


def test_prompts_are_averaged_before_they_are_brought_to_unit_norm(
    engine: Any, folder: Path
) -> None:
    raw = [published_text(folder, prompt)[0].detach().numpy() for prompt in PROMPTS]
    mean = np.mean(raw, axis=0)
    found = engine.ensemble_vector(PROMPTS)
    np.testing.assert_allclose(found, mean / np.linalg.norm(mean), atol=1e-5)
    after = engine.embed_text(PROMPTS).mean(0)
    assert abs(found - after / np.linalg.norm(after)).max() > 1e-4


def test_one_prompt_is_its_own_ensemble(engine: Any) -> None:
    one = engine.ensemble_vector(PROMPTS[:1])
    np.testing.assert_allclose(one, engine.embed_text(PROMPTS[:1])[0], atol=1e-6)


def test_the_command_writes_published_maps_and_scores(
    engine: Any, folder: Path, tmp_path: Path
) -> None:
    image = STUDIES / STUDY / "image.dcm"
    phrases = [word for prompt in PROMPTS for word in ("--phrase", prompt)]
    options = ["--out", str(tmp_path), "--checkpoint", str(folder), "--device", "cpu"]
    options += ["--dtype", "float32"]
    with pytest.raises(SystemExit) as done:
        cli.main(["ground", str(image), *phrases, *options, "--preset", "hi-ml-notebook"])
    assert not done.value.code
    film = pipeline.load_bundled_study(STUDY)[0].radiographs[0]
    embeddings = pipeline.embed(engine, film)
    kept = np.load(tmp_path / "hi_ml.npz")
    assert kept["phrases"].tolist() == PROMPTS
    assert kept["maps"].shape == (len(PROMPTS), *film.shape)
    cosine = engine.similarity(embeddings, PROMPTS[1:2])[0]
    expected = published_map(cosine, film.shape, resize=220, crop=192, interpolation="linear")
    np.testing.assert_allclose(kept["maps"][1], expected, atol=1e-5)
    document = json.loads((tmp_path / "hi_ml.json").read_text(encoding="utf-8"))
    scores = [entry["score"] for entry in document["phrases"]]
    np.testing.assert_allclose(scores, engine.embed_text(PROMPTS) @ embeddings.whole, atol=1e-5)
    ensemble = float(engine.ensemble_vector(PROMPTS) @ embeddings.whole)
    assert document["ensemble_score"] == pytest.approx(ensemble, abs=1e-5)
    assert (tmp_path / "grounding.json").exists()


@pytest.mark.parametrize("maker", [clip, dino])
def test_another_family_is_refused_by_name(tmp_path: Path, maker: Any) -> None:
    maker.make(tmp_path)
    other = battery.open_tiny(tmp_path)
    (found,) = battery.encode(other, [battery.film((90, 70))])
    with pytest.raises(CheckpointError, match="published pipeline of BioViL"):
        pipeline.ground_as_hi_ml(other, found, PROMPTS)


def test_an_image_only_checkpoint_has_no_ensemble(tmp_path: Path) -> None:
    dino.make(tmp_path)
    with pytest.raises(PhraseError, match="learned from images alone"):
        battery.open_tiny(tmp_path).ensemble_vector(PROMPTS)
