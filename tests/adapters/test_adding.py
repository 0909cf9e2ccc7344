"""Taking published folders over: whole, from a folder or the hub, and never the code in them."""

import json
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file

from explorer import cli, pipeline
from explorer.adapters._licences import licence_of
from explorer.encoders.files import sha256_of
from explorer.errors import CheckpointError

from .makers import biovil
from .test_biovil import PHRASE

REVISION = "0123456789abcdef0123456789abcdef01234567"
NAME = "someone/biovil"


def write_published(folder: Path, *, licence: str = "mit") -> Path:
    """A tiny repository as BioViL's makers publish it: pickled weights, a vocabulary, code."""
    folder.mkdir(parents=True)
    biovil.make(folder)
    (folder / "card.json").unlink()
    for new, old in (
        ("image_model.safetensors", "biovil_image_resnet50_proj_size_128.pt"),
        ("model.safetensors", "pytorch_model.bin"),
    ):
        torch.save(load_file(folder / new), folder / old)
        (folder / new).unlink()
    words = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("\n".join(sorted(words, key=words.__getitem__)))
    (folder / "modeling_cxrbert.py").write_text("raise SystemExit('the code of a folder was run')")
    (folder / "README.md").write_text(f"---\nlanguage: en\nlicense: {licence}\n---\n# A model\n")
    return folder


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return write_published(tmp_path / "published")


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EXPLORER_CHECKPOINTS", str(tmp_path / "shelf"))
    return tmp_path / "shelf"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the hub that holds one repository, with the network switched off."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub._snapshot_download.constants.HF_HUB_OFFLINE", True)
    repository = tmp_path / "hub" / "models--someone--biovil"
    write_published(repository / "snapshots" / REVISION)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(REVISION)
    return repository


def refusal(*arguments: str, **options: str) -> str:
    with pytest.raises(CheckpointError) as raised:
        pipeline.add_checkpoint(*arguments, **options)  # type: ignore[arg-type]
    return str(raised.value)


def test_a_published_folder_is_taken_over_whole(published: Path, shelf: Path) -> None:
    card = pipeline.add_checkpoint(str(published), name="mine")
    assert sorted(f.name for f in (shelf / "mine").iterdir()) == [
        "card.json",
        "config.json",
        "image_model.safetensors",
        "model.safetensors",
        "tokenizer.json",
    ]
    assert (card.family, card.licence, card.dimension) == ("biovil", "mit", 12)
    assert (card.input_size, card.grid_size, card.resize) == ((480, 480), (15, 15), 512)
    assert card.extra["files"]["model.safetensors"] == sha256_of(shelf / "mine/model.safetensors")
    assert card.parameters > 1000
    engine = pipeline.open_engine("mine", device="cpu", precision="float32")
    plain_folder = shelf.parent / "plain"
    plain_folder.mkdir()
    biovil.make(plain_folder)
    plain = pipeline.open_engine(str(plain_folder), device="cpu", precision="float32")
    assert (engine.embed_text([PHRASE]) == plain.embed_text([PHRASE])).all()
    assert "mine" in [c.name for c in pipeline.list_checkpoints()]


def test_the_command_says_what_was_added(
    published: Path, shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main(["checkpoints", "add", str(published), "--name", "mine"])
    assert "Added mine (biovil, mit)" in " ".join(capsys.readouterr().err.split())
    assert (shelf / "mine" / "card.json").exists()


def test_a_repository_comes_from_the_cache_without_a_network(cache: Path, shelf: Path) -> None:
    card = pipeline.add_checkpoint(f"hf:{NAME}")
    assert (card.name, card.source, card.revision) == ("biovil", f"hf:{NAME}", REVISION)
    pinned = pipeline.add_checkpoint(NAME, revision=REVISION, name="pinned")
    assert pinned.sha256 == card.sha256


def test_a_repository_that_is_not_here_is_one_sentence(cache: Path, shelf: Path) -> None:
    assert "not in the local cache and HF_HUB_OFFLINE is set" in refusal("hf:nobody/nothing")
    assert not shelf.exists()


def test_a_hub_out_of_reach_is_one_sentence(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))

    def unreachable(*_: object, **__: object) -> str:
        raise ConnectionError("no route to host")

    monkeypatch.setattr("huggingface_hub.snapshot_download", unreachable)
    message = refusal(f"hf:{NAME}", revision="v1.1")
    assert message.startswith("'someone/biovil' at 'v1.1' could not be fetched from the hub")
    assert not shelf.exists()


def test_what_is_no_source_is_told(shelf: Path, tmp_path: Path) -> None:
    assert "A source is a folder or a repository" in refusal("no such thing")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("x")
    message = refusal(str(tmp_path / "empty"))
    assert "is not laid out as any of biovil, biovil_t" in message
    assert "it holds notes.txt" in message
    assert "A revision belongs to a repository" in refusal(str(tmp_path), revision="main")


def test_a_folder_that_does_not_open_leaves_nothing(published: Path, shelf: Path) -> None:
    state = torch.load(published / "pytorch_model.bin", weights_only=True)
    del state["bert.encoder.layer.1.output.dense.weight"]
    torch.save(state, published / "pytorch_model.bin")
    assert "1 missing: bert.encoder.layer.1.output.dense.weight" in refusal(str(published))
    assert list(shelf.iterdir()) == []


def test_a_truncated_pickle_leaves_nothing(published: Path, shelf: Path) -> None:
    data = (published / "pytorch_model.bin").read_bytes()
    (published / "pytorch_model.bin").write_bytes(data[: len(data) // 2])
    assert "cannot be read as tensors" in refusal(str(published))
    assert list(shelf.iterdir()) == []


def test_a_name_is_taken_once(published: Path, shelf: Path) -> None:
    pipeline.add_checkpoint(str(published), name="mine")
    assert "'mine', which is taken" in refusal(str(published), name="mine")
    assert "A checkpoint needs a name of its own" in refusal(str(published), name="../mine")


def test_a_restricting_licence_is_accepted_first(tmp_path: Path, shelf: Path) -> None:
    source = write_published(tmp_path / "bound", licence="cc-by-nc-4.0")
    message = refusal(str(source))
    assert "No commercial use" in message
    assert "--accept-licence" in message
    assert list(shelf.iterdir()) == []
    card = pipeline.add_checkpoint(str(source), accept_licence=True)
    assert card.licence_accepted
    assert card.restricted


def test_accepting_later_opens_a_folder(tmp_path: Path, shelf: Path) -> None:
    source = write_published(tmp_path / "bound", licence="cc-by-nc-4.0")
    pipeline.add_checkpoint(str(source), accept_licence=True)
    path = shelf / "bound" / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(card | {"licence_accepted": False}), encoding="utf-8")
    with pytest.raises(CheckpointError, match="explorer checkpoints accept bound"):
        pipeline.open_engine("bound")
    pipeline.accept_licence("bound")
    assert pipeline.open_engine("bound", device="cpu").card.licence == "cc-by-nc-4.0"


def test_a_folder_with_a_card_is_copied_as_it_is(tiny_checkpoint: Path, shelf: Path) -> None:
    card = pipeline.add_checkpoint(str(tiny_checkpoint), name="copy")
    assert (card.family, card.licence) == ("local_alignment", "Apache-2.0")


@pytest.mark.parametrize(
    ("text", "restricts"),
    [
        ("MIT", False),
        ("Apache 2.0", False),
        ("CC BY 4.0", False),
        ("cc-by-nc-sa-4.0", True),
        ("", True),
        ("other", True),
        ("Research only", True),
        ("Health AI Developer Foundations Terms", True),
        ("my own words", False),
    ],
)
def test_what_a_licence_allows(text: str, restricts: bool) -> None:
    assert licence_of(text).restricts == restricts
    assert licence_of(text).allows
