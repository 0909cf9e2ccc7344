"""Every checkpoint family holds to the contract; a new one is tested with no new test."""

import importlib
import json
import shutil
from pathlib import Path

import pytest

from explorer import adapters, pipeline
from explorer.adapters import Engine
from explorer.entities import NOT_CHECKED
from explorer.errors import PhraseError
from explorer.registry import module_names

from . import battery


def layouts() -> list[str]:
    """Every family, and the further layouts of it that its maker knows ("siglip sharded")."""
    found = []
    for family in module_names(adapters):
        found.append(family)
        try:
            maker = importlib.import_module(f"tests.adapters.makers.{family}")
        except ModuleNotFoundError:
            continue  # the family itself fails below
        found += [f"{family} {name}" for name in getattr(maker, "VARIANTS", {})]
    return found


@pytest.fixture(scope="module", params=layouts())
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny folder of each layout; copy it before you change it."""
    family, _, variant = request.param.partition(" ")
    try:
        maker = importlib.import_module(f"tests.adapters.makers.{family}")
    except ModuleNotFoundError as error:
        pytest.fail(f"A family needs tests/adapters/makers/{family}.py ({error}).")
    folder: Path = tmp_path_factory.mktemp("families") / f"tiny-{request.param.replace(' ', '-')}"
    folder.mkdir()
    maker.make(folder, **(maker.VARIANTS[variant] if variant else {}))
    return folder


@pytest.fixture(scope="module")
def engine(made: Path) -> Engine:
    return battery.open_tiny(made)


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A folder to break."""
    return Path(shutil.copytree(made, tmp_path / made.name))


def test_shapes_and_norms(engine: Engine) -> None:
    battery.check_shapes_and_norms(engine)


def test_what_the_network_sees(engine: Engine) -> None:
    battery.check_network_input(engine)


def test_phrases(engine: Engine) -> None:
    battery.check_text(engine)


def test_explanations(engine: Engine) -> None:
    if not engine.reads_text:
        pytest.skip("An image-only family has no phrases to explain.")
    battery.check_explanations(engine)


def test_determinism_and_batches(engine: Engine, made: Path) -> None:
    battery.check_determinism_and_batches(engine, made)


def test_the_last_stage_runs_for_a_film(engine: Engine) -> None:
    battery.check_last_stage(engine)


def test_frame_round_trip(engine: Engine) -> None:
    battery.check_frame_round_trip(engine)


def test_the_grid_is_neither_flipped_nor_transposed(engine: Engine) -> None:
    battery.check_grid_orientation(engine)


@pytest.mark.parametrize(
    "check",
    [battery.check_missing_keys, battery.check_extra_keys, battery.check_other_shapes],
)
def test_weights_are_exactly_those_of_the_family(check, folder: Path) -> None:
    for name in battery.tensors_of(folder):
        copy = Path(shutil.copytree(folder, folder.parent / f"{folder.name}-{name}"))
        check(copy, name)


def test_damaged_weights_open_nothing(folder: Path) -> None:
    for name in battery.weights_of(folder):
        copy = Path(shutil.copytree(folder, folder.parent / f"{folder.name}-{name}"))
        battery.check_damage(copy, name)


def test_a_licence_that_forbids_use_is_accepted_by_a_person(folder: Path) -> None:
    battery.check_licence(folder)


def test_the_pipeline_needs_no_special_case(engine: Engine) -> None:
    """Encode, check, ground and write as JSON: the same calls for every family."""
    study, _ = pipeline.load_bundled_study(pipeline.list_bundled_studies()[0].name)
    radiograph = study.radiographs[0]
    embeddings = pipeline.embed(engine, radiograph)
    assert embeddings.check is not NOT_CHECKED
    if not engine.reads_text:
        with pytest.raises(PhraseError, match="learned from images alone"):
            pipeline.ground(engine, embeddings, ["left effusion"])
        return
    (found,) = pipeline.ground(engine, embeddings, ["left effusion"])
    assert found.score_calibrated == (engine.scoring is not None)
    assert found.controls.calibrated == found.score_calibrated
    if engine.card.calibration is None:
        assert found.threshold_rule == "otsu"
        assert "Not calibrated" in found.standing.reason
    document = pipeline.grounding_document(engine, radiograph, embeddings, [found])
    (phrase,) = json.loads(json.dumps(document))["phrases"]
    assert phrase["map"]["calibrated"] == (engine.scoring is not None)


@pytest.mark.weights
def test_real_weights_open_and_ground(weights_folder: Path) -> None:
    """What a person has on disk: run with `--run-weights FOLDER`."""
    engine = adapters.open_checkpoint(weights_folder)
    study, _ = pipeline.load_bundled_study("effusion-and-large-heart")
    embeddings = pipeline.embed(engine, study.radiographs[0])
    assert embeddings.grid.values.shape == (*engine.card.grid_size, engine.card.dimension)
    if engine.reads_text:
        maps = pipeline.maps_of(engine, embeddings, ["left effusion", "a bowl of soup"])
        assert maps[0].cosine.std() > 1e-4
        assert (maps[0].cosine != maps[1].cosine).any()
