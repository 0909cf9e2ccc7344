"""Published folders are known by the family they belong to, and taken over as they are."""

import importlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from explorer import adapters
from explorer.adapters._hub import Fetched
from explorer.adapters._import import take_over
from explorer.adapters._layouts import learned_temperature, tensor_names
from explorer.registry import module_names

from . import battery
from .makers import clip, dino, open_clip, siglip

OURS = (
    "clip", "convirt", "cxr_clip", "cxr_clip swin", "dino", "dino sharded", "gloria", "lovt",
    "mgca", "open_clip", "siglip", "siglip spiece", "siglip gemma", "siglip_naflex",
)  # fmt: skip


def published(tmp_path: Path, family: str, **options: object) -> Path:
    """A folder as its makers publish it: without our card."""
    folder = tmp_path / "published"
    folder.mkdir()
    importlib.import_module(f"tests.adapters.makers.{family}").make(folder, **options)
    (folder / "card.json").unlink()
    return folder


@pytest.mark.parametrize("layout", OURS)
def test_a_published_folder_is_known_by_one_family(tmp_path: Path, layout: str) -> None:
    family, _, variant = layout.partition(" ")
    maker = importlib.import_module(f"tests.adapters.makers.{family}")
    folder = published(tmp_path, family, **(maker.VARIANTS[variant] if variant else {}))
    modules = {n: importlib.import_module(f"explorer.adapters.{n}") for n in module_names(adapters)}
    layouts = {n: m.layout(folder) for n, m in modules.items() if hasattr(m, "layout")}
    assert [name for name, found in layouts.items() if found is not None] == [family]
    found = layouts[family]
    assert found.entries["weights"][0] in found.files
    assert set(modules[family].FILES) >= set(found.files) - set(found.entries["weights"])


@pytest.mark.parametrize("family", ["clip", "siglip", "dino"])
def test_a_folder_of_the_hub_is_taken_over_and_gives_the_same(tmp_path: Path, family: str) -> None:
    folder = published(tmp_path, family)
    (folder / "modeling_own.py").write_text("raise SystemExit", encoding="utf-8")
    reference = tmp_path / "reference"
    reference.mkdir()
    {"clip": clip, "siglip": siglip, "dino": dino}[family].make(reference)
    card = take_over(
        Fetched(folder, "hf:owner/name", "abc"), tmp_path / "shelf", name="taken", licence="MIT"
    )
    assert (card.family, card.source, card.revision) == (family, "hf:owner/name", "abc")
    assert not (card.folder / "modeling_own.py").exists()
    said = json.loads((card.folder / "card.json").read_text(encoding="utf-8"))
    assert set(said["normalisation"]) == {"mean", "std"}
    pixels = battery.film((90, 70))
    engines = [battery.open_tiny(card.folder), battery.open_tiny(reference)]
    (ours,), (theirs,) = (battery.encode(engine, [pixels]) for engine in engines)
    np.testing.assert_array_equal(ours.grid.values, theirs.grid.values)


def test_own_towers_of_open_clip_are_taken_over(tmp_path: Path) -> None:
    folder = published(tmp_path, "open_clip", own=True)
    card = take_over(Fetched(folder, "folder", ""), tmp_path / "shelf", name="own", licence="MIT")
    assert card.family == "open_clip"
    assert card.frame_mode == "squash"
    assert card.extra["temperature"] == pytest.approx(np.exp(-1), abs=1e-6)


def test_names_of_tensors_are_read_without_loading(tmp_path: Path) -> None:
    path = tmp_path / "weights.ckpt"
    torch.save({"state_dict": {"gloria.img_encoder.x": torch.ones(2)}}, path)
    assert "gloria.img_encoder.x" in tensor_names(path)
    (tmp_path / "other.bin").write_bytes(b"no archive")
    assert tensor_names(tmp_path / "other.bin") == frozenset()
    assert tensor_names(tmp_path / "absent.pt") == frozenset()


def test_a_learned_temperature_is_read_from_the_weights(tmp_path: Path) -> None:
    path = tmp_path / "r50_mcc.tar"
    torch.save({"model": {"logit_scale": torch.tensor(np.log(1 / 0.07))}}, path)
    assert learned_temperature(path) == pytest.approx(0.07, abs=1e-6)


@pytest.mark.parametrize(
    ("family", "sizes"), [("gloria", (224, 19, 768)), ("cxr_clip", (224, 7, 512))]
)
def test_clinical_cards_have_the_published_sizes(
    tmp_path: Path, family: str, sizes: tuple[int, int, int]
) -> None:
    module = importlib.import_module(f"explorer.adapters.{family}")
    entries = module.layout(published(tmp_path, family)).entries
    found = (entries["input_size"][0], entries["grid_size"][0], entries["dimension"])
    assert found == sizes


def test_swin_has_a_deviation_of_its_own(tmp_path: Path) -> None:
    module = importlib.import_module("explorer.adapters.cxr_clip")
    entries = module.layout(published(tmp_path, "cxr_clip", swin=True)).entries
    assert entries["normalisation"] == {"mean": [0.5] * 3, "std": [0.5] * 3}
    assert entries["architecture"] == {"image": "swin_tiny"}
    assert (entries["input_size"], entries["grid_size"]) == ([224, 224], [7, 7])


def test_a_folder_without_weights_is_nobody_s(tmp_path: Path) -> None:
    folder = published(tmp_path, "clip")
    shutil.copytree(folder, tmp_path / "empty")
    (tmp_path / "empty" / "model.safetensors").unlink()
    assert importlib.import_module("explorer.adapters.clip").layout(tmp_path / "empty") is None


def test_open_clip_is_written_under_the_name_it_reads(tmp_path: Path) -> None:
    folder = published(tmp_path, "open_clip")
    found = importlib.import_module("explorer.adapters.open_clip").layout(folder)
    assert found.entries["weights"] == ["open_clip_model.safetensors"]
    assert found.files["open_clip_model.safetensors"].name == "open_clip_pytorch_model.bin"
    assert open_clip.BIOMED["model_cfg"]["embed_dim"] == found.entries["dimension"]
