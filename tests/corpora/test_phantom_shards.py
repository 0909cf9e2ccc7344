"""Shards of phantoms, written by the renderer's own writer and read back."""

from pathlib import Path

import numpy as np
import pytest

from explorer.corpora import phantom_shards
from explorer.errors import DataSetError
from explorer.phantom.shards import MASK_SIZE, write_shard
from explorer.phantom.study import PhantomFinding, PhantomStudy

SIDE = 160


def study(seed: int, *, rows: tuple[slice, ...]) -> PhantomStudy:
    findings = []
    for place in rows:
        mask = np.zeros((SIDE, SIDE), bool)
        mask[place, 40:60] = True
        findings.append(
            PhantomFinding(
                finding="mass",
                name="mass",
                kind="finding",
                labels=("Mass",),
                mask=mask,
                side="right",
                zone="mid",
                lobe=None,
                severity="mild",
                size_mm=12.0,
                phrases={"plain": ("mass",), "sided": ("right mass",)},
            )
        )
    return PhantomStudy(
        seed=seed,
        image=np.full((SIDE, SIDE), seed << 8, np.uint16),
        view="PA" if rows else "lateral",
        pixel_mm=1.0,
        findings=tuple(findings),
        sentences=(),
        report=f"Report {seed}.",
        absent=(("effusion", "No effusion."),),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    top, bottom = slice(20, 40), slice(100, 140)
    write_shard(tmp_path / "phantoms-00001.npz", [study(9, rows=())])
    write_shard(
        tmp_path / "phantoms-00000.npz", [study(7, rows=(top, bottom)), study(8, rows=(top,))]
    )
    return tmp_path


def test_studies_come_in_order_of_their_shards(folder: Path) -> None:
    found = list(phantom_shards.read(folder))
    assert [int(p.pixels[0, 0]) for p in found] == [7, 8, 9]
    assert [p.view for p in found] == ["PA", "PA", "lateral"]
    assert [len(p.findings) for p in found] == [2, 1, 0]
    assert found[0].report == "Report 7."
    assert found[0].denials == ("No effusion.",)


def test_masks_and_words_stay_with_their_finding(folder: Path) -> None:
    """Rows 20-40 and 100-140 of 160 are rows 10-20 and 50-70 of 80."""
    first, second, _ = phantom_shards.read(folder)
    for finding, rows in zip(
        (*first.findings, *second.findings),
        (slice(10, 20), slice(50, 70), slice(10, 20)),
        strict=True,
    ):
        expected = np.zeros((MASK_SIZE, MASK_SIZE), bool)
        expected[rows, 20:30] = True
        np.testing.assert_array_equal(finding.mask, expected)
        assert finding.phrases == {"plain": ["mass"], "sided": ["right mass"]}
        assert (finding.side, finding.zone) == ("right", "mid")


def test_a_folder_without_shards_says_how_to_make_some(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match="explorer phantom render --out DIR"):
        list(phantom_shards.read(tmp_path))


def test_a_broken_shard_is_named(folder: Path) -> None:
    path = folder / "phantoms-00001.npz"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataSetError, match=r"phantoms-00001\.npz"):
        list(phantom_shards.read(folder))
