"""A checkpoint's image check may lie beside its weights, and may be older than a kind."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from explorer.encoders.alignment import IMAGE_CHECK_LAYER, IMAGE_KINDS
from explorer.encoders.files import IMAGE_CHECK_FILE, WEIGHTS_FILE, sha256_of, verify_hashes
from explorer.encoders.stored import open_stored, with_every_kind
from explorer.errors import CheckpointError


@pytest.fixture
def folder(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_checkpoint, tmp_path / "copy"))


def _head(folder: Path, *, fill: float) -> dict[str, torch.Tensor]:
    state = load_file(folder / WEIGHTS_FILE)
    own = {k: v for k, v in state.items() if k.startswith("image_check.")}
    return {k: torch.full_like(v, fill) if v.is_floating_point() else v for k, v in own.items()}


def test_a_check_beside_the_weights_takes_the_place_of_the_one_inside(folder: Path) -> None:
    inside, _ = open_stored(folder)
    save_file(_head(folder, fill=0.5), folder / IMAGE_CHECK_FILE)
    beside, _ = open_stored(folder)
    assert set(beside.state_dict()["image_check.1.weight"].flatten().tolist()) == {0.5}
    for (name, a), b in zip(inside.state_dict().items(), beside.state_dict().values(), strict=True):
        assert torch.equal(a, b) != name.startswith(("image_check.1", "image_check.0.running"))


def test_a_check_that_the_card_does_not_name_is_refused(folder: Path) -> None:
    files = json.loads((folder / "card.json").read_text())["files"]
    verify_hashes(folder, files=files)
    save_file(_head(folder, fill=0.5), folder / IMAGE_CHECK_FILE)
    with pytest.raises(CheckpointError, match=IMAGE_CHECK_FILE):
        verify_hashes(folder, files=files)
    verify_hashes(folder, files=files | {IMAGE_CHECK_FILE: sha256_of(folder / IMAGE_CHECK_FILE)})


def test_a_check_of_other_tensors_is_refused(folder: Path) -> None:
    save_file({"something": torch.zeros(3)}, folder / IMAGE_CHECK_FILE)
    with pytest.raises(CheckpointError, match="1 extra: something"):
        open_stored(folder)


def test_a_check_from_before_inverted_films_never_says_inverted() -> None:
    rows = len(IMAGE_KINDS) - 1
    weight = torch.arange(rows * 2, dtype=torch.float16).reshape(rows, 2)
    state = {
        f"{IMAGE_CHECK_LAYER}.weight": weight,
        f"{IMAGE_CHECK_LAYER}.bias": torch.zeros(rows, dtype=torch.float16),
    }
    whole = with_every_kind(state)
    logits = torch.ones(1, 2) @ whole[f"{IMAGE_CHECK_LAYER}.weight"].T
    logits = logits + whole[f"{IMAGE_CHECK_LAYER}.bias"]
    place = IMAGE_KINDS.index("inverted")
    assert float(torch.softmax(logits, -1)[0, place]) == 0.0
    kept = [i for i in range(len(IMAGE_KINDS)) if i != place]
    assert logits[0, kept].tolist() == weight.float().sum(1).tolist()
