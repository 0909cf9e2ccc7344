"""Starting from a checkpoint: its weights and nothing else, or a sentence that says why not."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from explorer.encoders.text import tokenize
from explorer.errors import CheckpointError
from explorer.training.checkpoint import load_start
from explorer.training.config import TrainingConfig

from .. import tiny_model  # noqa: TID252 - "tests" may be another package elsewhere

SETTINGS = TrainingConfig(width=16, dimension=12, image_size=96)


@pytest.fixture
def folder(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_checkpoint, tmp_path / "tiny"))


def test_a_start_has_the_weights_and_the_tokenizer_of_the_checkpoint(folder: Path) -> None:
    model, tokenizer = load_start(folder)
    written = tiny_model.model().state_dict()  # stored as it is: made from half precision
    assert all(torch.equal(v, written[k]) for k, v in model.state_dict().items())
    assert all(p.requires_grad for p in model.image_encoder.parameters())
    assert not any(p.requires_grad for p in model.text_encoder.parameters())
    ids, _ = tokenize(tokenizer, ["left lung mass"])
    assert torch.equal(ids, tokenize(tiny_model.tokenizer(), ["left lung mass"])[0])


def test_a_start_takes_the_image_size_of_the_settings(folder: Path) -> None:
    assert load_start(folder, config=SETTINGS)[0].config.grid_size == 12


def test_another_width_is_refused(folder: Path) -> None:
    with pytest.raises(CheckpointError, match=r'ask for 32\. Set "width" to 16'):
        load_start(folder, config=replace(SETTINGS, width=32))


def test_a_changed_file_is_named(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"tokenizer\.json of .* has sha256"):
        load_start(folder)


def test_a_card_that_leaves_out_the_weights_is_refused(folder: Path) -> None:
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    tiny_model.rewrite_card(
        folder, files={k: v for k, v in card["files"].items() if k != "model.safetensors"}
    )
    with pytest.raises(CheckpointError, match=r"got none for 'model\.safetensors'"):
        load_start(folder)


def test_a_folder_without_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="A training starts from a whole local_align"):
        load_start(tmp_path)
