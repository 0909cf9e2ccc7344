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
        (b'{"accumulate": 0}', "accumulate must be 1 or more, got 0"),
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


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match=r"'absent\.json' does not hold the settings"):
        TrainingConfig.read(tmp_path / "absent.json")
