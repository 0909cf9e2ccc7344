"""Settings: written and read back, unknown keys refused by name."""

from pathlib import Path

import pytest

from explorer.errors import DataSetError
from explorer.training.config import TrainingConfig


def test_settings_come_back_as_they_were_written(tmp_path: Path) -> None:
    settings = TrainingConfig(name="x", steps=7, text_layers=(1, 2), extra={"licence": "MIT"})
    (tmp_path / "config.json").write_text(settings.to_json(), encoding="utf-8")
    assert TrainingConfig.read(tmp_path / "config.json") == settings


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"epochs": 3}', "epochs"),
        (b'{"precision": "int8"}', "bfloat16, float16, float32, got 'int8'"),
        (b'{"accumulate": 0}', "accumulate must be a whole number at least 1, got 0"),
        (b'{"warm_up": 0}', "warm_up must be a whole number at least 1, got 0"),
        (b'{"steps": "many"}', "steps must be a whole number, got 'many'"),
        (b'{"ema": 3}', "ema must be a number from 0 to 0.99999, got 3.0"),
        (b'{"image_size": 300}', "image_size must be a multiple of 32, got 300"),
        (b'{"rate": NaN}', "rate must be a number from 0 to 1, got nan"),
        (b'{"method": "magic"}', "Unknown method 'magic'. Available: "),
        (b'{"options": {"cnr": -1}}', "cnr must be a number at least 0, got -1.0"),
        (b'{"options": {"magic": 1}}', "dense_grounding has no option 'magic'. It has: superv"),
        (b'{"options": [1]}', "must be objects of names and values"),
        (b"{", "config.json"),
        (b"[1]", "config.json"),
        (b"\xff", ""),
    ],
)
def test_what_is_no_configuration_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(DataSetError, match="does not hold the settings") as raised:
        TrainingConfig.read(path)
    assert said in str(raised.value)


def test_settings_of_older_runs_are_still_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"lesson": 8}', encoding="utf-8")
    assert TrainingConfig.read(tmp_path / "config.json").statements == 8
    (tmp_path / "config.json").write_text('{"supervision": 0.5}', encoding="utf-8")
    assert TrainingConfig.read(tmp_path / "config.json").options == {"supervision": 0.5}


def test_the_digest_is_of_what_decides_the_weights() -> None:
    usual = TrainingConfig()
    same = TrainingConfig(title="Another", save_every=7, options={"cnr": 0.6})
    assert same.digest() == usual.digest()
    others = [TrainingConfig(seed=1), TrainingConfig(options={"cnr": 0.5})]
    assert len({usual.digest(), *(other.digest() for other in others)}) == 3


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match=r"'absent\.json' does not hold the settings"):
        TrainingConfig.read(tmp_path / "absent.json")
