"""Checkpoint folders: opened strictly, or refused with rule, value and remedy."""

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from explorer.adapters import broken_checkpoints, list_checkpoints, open_checkpoint
from explorer.adapters._shelf import read_card
from explorer.encoders.files import sha256_of
from explorer.errors import CheckpointError

from .. import tiny_model  # noqa: TID252 - "tests" may be another package elsewhere

WEIGHTS = "model.safetensors"


@pytest.fixture
def folder(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    """A checkpoint to break."""
    return Path(shutil.copytree(tiny_checkpoint, tmp_path / "tiny"))


def sign(folder: Path) -> None:
    """Make the card agree with the files again, as a careful attacker would."""
    names = [f.name for f in folder.iterdir() if f.name != "card.json"]
    tiny_model.rewrite_card(folder, files={name: sha256_of(folder / name) for name in names})


def refusal(folder: Path, **options: str) -> str:
    with pytest.raises(CheckpointError) as raised:
        open_checkpoint(folder, **options)
    return str(raised.value)


def test_a_whole_folder_opens_with_what_its_card_says(tiny_checkpoint: Path) -> None:
    engine = open_checkpoint(tiny_checkpoint, device="cpu", precision="float32")
    card = engine.card
    assert (card.name, card.title, card.family) == (
        "tiny",
        "Tiny model (untrained)",
        "local_alignment",
    )
    assert (card.input_size, card.grid_size, card.dimension) == ((64, 64), (8, 8), 12)
    assert card.sha256 == sha256_of(tiny_checkpoint / WEIGHTS)
    assert card.size_bytes == sum(f.stat().st_size for f in tiny_checkpoint.iterdir())
    assert card.parameters == sum(p.numel() for p in tiny_model.model().parameters())
    assert (engine.device, engine.precision) == ("cpu", "float32")


def test_the_shelf_shows_the_default_first_then_by_name(folder: Path) -> None:
    for name in ("b", "a"):
        shutil.copytree(folder, folder.parent / name)
    tiny_model.rewrite_card(folder, default=True)
    (folder.parent / "notes").mkdir()  # a folder without a card is no checkpoint
    assert [card.name for card in list_checkpoints(folder.parent)] == ["tiny", "a", "b"]


def test_one_broken_folder_does_not_hide_the_others(folder: Path) -> None:
    broken = Path(shutil.copytree(folder, folder.parent / "broken"))
    (broken / "card.json").write_text("{")
    (folder.parent / "pickled").mkdir()
    (folder.parent / "pickled" / "model.bin").write_bytes(b"x")
    assert [card.name for card in list_checkpoints(folder.parent)] == ["tiny"]
    first, second = broken_checkpoints(folder.parent)
    assert "'broken' is not complete" in str(first)
    assert "a pickle can run code and is not opened" in str(second)


@pytest.mark.parametrize("name", [WEIGHTS, "config.json", "tokenizer.json", "training.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    message = refusal(folder)
    assert f"'tiny' lacks '{name}'" in message
    assert "Copy the whole folder again." in message


def test_a_folder_without_card_and_a_file_in_its_place(folder: Path) -> None:
    assert "needs card.json; 'config.json' has none" in refusal(folder / "config.json") or (
        "card.json of checkpoint" in refusal(folder / "config.json")
    )
    (folder / "card.json").unlink()
    assert "needs card.json; 'tiny' has none" in refusal(folder)


@pytest.mark.parametrize("name", [WEIGHTS, "config.json", "tokenizer.json"])
def test_a_truncated_file_fails_its_hash(folder: Path, name: str) -> None:
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: len(data) // 2])
    message = refusal(folder)
    assert message.startswith(f"{name} of checkpoint 'tiny' has sha256 ")
    assert "damaged or swapped" in message


def test_one_flipped_bit_fails_the_hash(folder: Path) -> None:
    data = bytearray((folder / WEIGHTS).read_bytes())
    data[-1] ^= 1
    (folder / WEIGHTS).write_bytes(bytes(data))
    assert "damaged or swapped" in refusal(folder)


def test_swapped_files_fail_their_hashes(folder: Path) -> None:
    config, tokenizer = folder / "config.json", folder / "tokenizer.json"
    first, second = config.read_bytes(), tokenizer.read_bytes()
    config.write_bytes(second)
    tokenizer.write_bytes(first)
    assert "config.json of checkpoint 'tiny' has sha256" in refusal(folder)


def extra_tensor(state: dict[str, torch.Tensor]) -> None:
    state["surprise"] = torch.zeros(1)


def missing_tensor(state: dict[str, torch.Tensor]) -> None:
    del state["phrase_projection.layers.3.weight"]


def other_shape(state: dict[str, torch.Tensor]) -> None:
    state["bias"] = torch.zeros(2)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (extra_tensor, "1 extra: surprise"),
        (missing_tensor, "1 missing: phrase_projection.layers.3.weight"),
        (other_shape, "1 of another shape: bias (2,) instead of ()"),
    ],
)
def test_tensors_must_be_exactly_those_of_the_model(
    folder: Path, change: Callable[[dict[str, torch.Tensor]], None], told: str
) -> None:
    state = load_file(folder / WEIGHTS)
    change(state)
    save_file(state, folder / WEIGHTS)
    sign(folder)
    assert told in refusal(folder)


@pytest.mark.parametrize("name", [WEIGHTS, "config.json", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"[1, 2]", b"{}", b"\xff\xfe\x00", b'{"width": "wide"}'])
def test_signed_nonsense_is_still_no_model(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    sign(folder)
    message = refusal(folder)
    assert "does not hold the model its card describes" in message or "are not those" in message


def test_a_card_of_another_model_does_not_fit(folder: Path) -> None:
    tiny_model.rewrite_card(folder, input_size=320, grid_size=40)
    message = refusal(folder)
    assert "((64, 64), (8, 8), 12), the card says ((320, 320), (40, 40), 12)" in message


class Trap:
    """Unpickling this writes a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.target,)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.ckpt", "model.pkl"])
def test_a_pickle_in_place_of_safetensors_is_refused_unopened(folder: Path, name: str) -> None:
    sprung = folder.parent / "sprung"
    (folder / WEIGHTS).unlink()
    (folder / name).write_bytes(pickle.dumps(Trap(sprung)))
    message = refusal(folder)
    assert f"Weights must be {WEIGHTS}, got '{name}'" in message
    assert "Convert it with `explorer checkpoints add`." in message
    assert not sprung.exists()


def test_a_pickle_named_safetensors_is_refused_unopened(folder: Path) -> None:
    sprung = folder.parent / "sprung"
    (folder / WEIGHTS).write_bytes(pickle.dumps(Trap(sprung)))
    sign(folder)
    assert "does not hold the model" in refusal(folder)
    assert not sprung.exists()


@pytest.mark.parametrize("name", ["../outside.json", "/etc/hostname", "..", "sub/file.json", ""])
def test_the_card_cannot_name_files_outside_its_folder(folder: Path, name: str) -> None:
    (folder.parent / "outside.json").write_text("{}", encoding="utf-8")
    (folder / "sub").mkdir()
    (folder / "sub" / "file.json").write_text("{}", encoding="utf-8")
    files = json.loads((folder / "card.json").read_text(encoding="utf-8"))["files"]
    tiny_model.rewrite_card(folder, files=files | {name: "0" * 64})
    assert f"lacks {name!r}" in refusal(folder)


def test_a_loaded_file_without_hash_is_refused(folder: Path) -> None:
    files = json.loads((folder / "card.json").read_text(encoding="utf-8"))["files"]
    del files["tokenizer.json"]
    tiny_model.rewrite_card(folder, files=files)
    assert "got none for 'tokenizer.json'" in refusal(folder)


@pytest.mark.parametrize("family", ["resnet", "_shelf", "../local_alignment", "os", ""])
def test_an_unknown_family_is_refused_with_those_known(folder: Path, family: str) -> None:
    tiny_model.rewrite_card(folder, family=family)
    message = refusal(folder)
    assert f"Unknown checkpoint family {family!r} in 'tiny'" in message
    assert "Available: " in message
    assert "local_alignment" in message


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_card_that_is_no_json_object_is_refused(folder: Path, content: bytes) -> None:
    (folder / "card.json").write_bytes(content)
    message = refusal(folder)
    assert "card.json of checkpoint 'tiny' is not complete" in message
    assert "docs/checkpoints.md" in message


@pytest.mark.parametrize(
    "entry", ["title", "licence", "training_data", "files", "dimension", "input_size", "pooling"]
)
def test_a_card_needs_every_entry(folder: Path, entry: str) -> None:
    tiny_model.rewrite_card(folder, **{entry: None})
    assert f"is not complete ('{entry}')" in refusal(folder)


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("input_size", "64"),
        ("input_size", 0),
        ("grid_size", 8.5),
        ("grid_size", [8, 8, 8]),
        ("frame_mode", "letter box"),
        ("pooling", "median"),
        ("resize", 0),
        ("smoothing", -1),
        ("smoothing", "wide"),
        ("cosine_range", [0.3, 0.1]),
        ("cosine_range", [0, 17]),
        ("source", 5),
        ("metrics", []),
        ("weights", "model.safetensors"),
        ("weights", ["other.safetensors"]),
        ("calibration", {"threshold": 1.7}),
        ("parameters", True),
        ("title", 5),
        ("files", ["model.safetensors"]),
        ("files", {"model.safetensors": 5}),
        ("calibration", {"cut": 0.5}),
        ("calibration", {"threshold": "high"}),
        ("calibration", {"threshold": float("nan")}),
    ],
)
def test_entries_of_the_wrong_kind_are_refused(folder: Path, entry: str, value: object) -> None:
    tiny_model.rewrite_card(folder, **{entry: value})
    with pytest.raises(CheckpointError, match="is not complete"):
        read_card(folder)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "abacus"}, "Unknown device 'abacus'. Available: auto, cpu, cuda, mps."),
        ({"precision": "int4"}, "Unknown precision 'int4'. Available: auto, float32,"),
    ],
)
def test_unknown_devices_and_precisions_are_named(
    tiny_checkpoint: Path, options: dict[str, str], message: str
) -> None:
    assert message in refusal(tiny_checkpoint, **options)


def test_an_absent_device_says_what_to_use(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert refusal(tiny_checkpoint, device="cuda") == (
        "This machine has no cuda device. Use --device auto or cpu."
    )
