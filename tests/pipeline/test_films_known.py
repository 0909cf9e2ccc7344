"""Films of phantoms and data sets in one form, and masks brought to any patch grid."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.errors import DataSetError
from explorer.grounding.geometry import fit_frame
from explorer.pipeline.films_known import few_of_each, known_films
from explorer.pipeline.head_data import labels_of, mask_to_grid
from tests.corpora.test_phantom_shards import study
from tests.pipeline.films import film, made_films


def test_phantoms_are_known_whole_and_every_fifth_is_held_out(tmp_path: Path) -> None:
    from explorer.phantom.shards import write_shard

    studies = [study(k, rows=(slice(20, 40),) if k % 2 else ()) for k in range(12)]
    write_shard(tmp_path / "phantoms-00000.npz", studies)
    found = known_films(phantoms=tmp_path)  # without a finding they are lateral here
    assert len(found) == 6
    assert [f.split for f in found] == ["train"] * 4 + ["val", "train"]
    assert found[0].findings == {"mass"}
    assert found[0].placed[0].phrases == ("mass", "right mass")
    assert found[0].words == {"mass": "mass"}
    assert found[0].load().shape == (160, 160)


def data_folder(folder: Path) -> Path:
    for k in range(3):
        Image.fromarray(np.full((100, 50), 40 * k, np.uint8)).save(folder / f"{k}.png")
    (folder / "radiographs.csv").write_text(
        "path,split,source,patient,view,findings,width,height\n"
        "0.png,train,nih,p0,PA,Mass|Odd,50,100\n"
        "1.png,val,nih,p0,AP,No Finding,50,100\n"
        "2.png,val,nih,p1,lateral,Mass,50,100\n"
    )
    (folder / "boxes.csv").write_text("path,label,x,y,w,h,reader\n0.png,Mass,0,50,25,50,NIH\n")
    return folder


def test_a_data_set_gives_frontal_films_with_boxes_as_masks(tmp_path: Path) -> None:
    found = known_films(data=data_folder(tmp_path))
    assert [(f.id, f.split, f.patient) for f in found] == [
        ("0.png", "train", "nih/p0"),
        ("1.png", "val", "nih/p0"),
    ]
    first, second = found
    assert first.findings == {"Mass", "Odd"}
    assert second.findings == frozenset()
    assert first.words == {"Mass": "mass"}  # no phrase is known for the other label
    (mass,) = first.placed
    assert mass.phrases == ("mass", "right lower lung mass")
    expected = np.zeros((80, 80))
    expected[40:, :40] = 1
    assert np.array_equal(mass.mask, expected)


def test_one_source_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match="either phantoms"):
        known_films()
    with pytest.raises(DataSetError, match="either phantoms"):
        known_films(phantoms=tmp_path, data=tmp_path)


def test_few_films_keep_the_share_of_the_splits_and_their_order() -> None:
    films = made_films(36)
    few = few_of_each(films, 12)
    assert [f.split for f in few].count("val") == 4
    assert len(few) == 12
    places = [films.index(f) for f in few]
    assert places == sorted(places)
    assert few_of_each(films, None) == films
    assert few_of_each(films, 99) == films


def test_labels_say_what_is_not_known() -> None:
    films = [film(0, findings=frozenset({"mass"})), film(1, findings=None)]
    labels = labels_of(films, ("mass", "nodule"))
    assert labels[0].tolist() == [1.0, 0.0]
    assert np.isnan(labels[1]).all()


def test_a_mask_follows_the_letterbox_of_the_model_frame() -> None:
    """A film twice as high as wide fills the middle half of the columns."""
    frame = fit_frame((100, 50), input_shape=(64, 64), grid_shape=(8, 8), mode="letterbox")
    mask = np.zeros((80, 80), np.float32)
    mask[40:, :40] = 1.0  # lower left quarter of the film
    share = mask_to_grid(mask, frame)
    inside = np.zeros((8, 8))
    inside[4:, 2:4] = 1.0
    assert np.abs(share - inside).max() < 0.3  # edges are resampled
    assert share[5:, 2:4] == pytest.approx(1.0, abs=0.15)
    assert share[:3].max() == pytest.approx(0.0, abs=1e-6)
