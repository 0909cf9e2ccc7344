"""A report on BioViL's networks: one image encode for all phrases, beside one for each phrase.

Networks of the published sizes with random weights. The published way follows the steps of the
code of microsoft/hi-ml for one phrase after another: file, 8 bits, resize, crop, image network,
phrase network, cosines, Gaussian, map at the size of the film.
"""

import io
import statistics
import tempfile
from pathlib import Path

import numpy as np
import torch
from _report import alternate, write_report
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from tokenizers import BertWordPieceTokenizer
from torch.nn import functional
from transformers import BertConfig

from explorer import pipeline
from explorer.adapters import AdapterCard
from explorer.adapters._biovil import PUBLISHED, ImageModel
from explorer.adapters._cxr_bert import CxrBert, Words
from explorer.adapters.biovil import BioVilEngine
from explorer.entities import Float32
from explorer.grounding.hi_ml import published_map
from explorer.grounding.similarity import cosines
from explorer.retrieval.vocabulary import SIGNATURE

PHRASES, ROUNDS, SEED = SIGNATURE[:20], 2, 0
RESIZE, CROP = 512, 480
Maps = list[NDArray[np.floating]]


def main() -> None:
    """Measure and write the result file."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    study, _ = pipeline.load_bundled_study("effusion-and-large-heart")
    levels = (study.radiographs[0].pixels * 255).astype(np.uint8)
    image, text = ImageModel(PUBLISHED).eval(), CxrBert(BertConfig(), projection_size=128).eval()
    with tempfile.TemporaryDirectory() as place:
        read = _words(Path(place))
        engine = BioVilEngine(_card(Path(place)), image, text, device="cpu", precision="float32")
    file, pixels = _as_png(levels), (levels / 255).astype(np.float32)
    inside = engine.model_input(pixels, frame=engine.frame_of(*pixels.shape))
    tensor, (ids, mask) = torch.from_numpy(engine.network_input([inside])), read(PHRASES)

    def published() -> Maps:
        return [_one_phrase(image, text, read, file, phrase) for phrase in PHRASES]

    def ours() -> Maps:
        return _all_phrases(engine, pixels)

    def bare() -> None:
        with torch.inference_mode():
            image(tensor)
            text(ids, mask)

    gap = max(float(np.nanmax(abs(a - b))) for a, b in zip(published(), ours(), strict=True))
    slow, quick, least = (
        statistics.median(t) for t in alternate(published, ours, bare, rounds=ROUNDS)
    )
    write_report(
        "biovil_report",
        protocol=f"{len(PHRASES)} phrases on one film of {levels.shape[0]} x {levels.shape[1]} px, "
        "networks of BioViL's published sizes with random weights, float32, one thread, medians of "
        f"{ROUNDS} rounds in turn after one to warm up. Published way = all steps once a phrase; "
        "ours = one image encode, one text batch and a map at the size of the film for each "
        "phrase; bare = the two network calls alone.",
        seed=SEED,
        results={
            "phrases": len(PHRASES),
            "published_ms": round(slow, 1),
            "ours_ms": round(quick, 1),
            "bare_ms": round(least, 1),
            "published_over_ours": round(slow / quick, 2),
            "ours_over_bare": round(quick / least, 3),
            "largest_difference_of_maps": gap,
        },
    )


def _as_png(levels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(levels).save(file, "PNG")
    return file.getvalue()


def _words(folder: Path) -> Words:
    """A tokenizer of the words of the vocabulary, written to a folder."""
    words = sorted({piece for phrase in SIGNATURE for piece in phrase.lower().split()})
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words]))
    tokenizer = BertWordPieceTokenizer(str(folder / "vocab.txt"))
    tokenizer.save(str(folder / "tokenizer.json"))
    return Words(folder, most=512)


def _card(folder: Path) -> AdapterCard:
    return AdapterCard(
        name="random",
        title="BioViL, random weights",
        family="biovil",
        licence="-",
        training_data="nothing",
        input_size=(CROP, CROP),
        grid_size=(CROP // 32, CROP // 32),
        dimension=128,
        parameters=1,
        frame_mode="center crop",
        pooling="mean",
        sha256="0" * 64,
        size_bytes=1,
        calibration=None,
        folder=folder,
        resize=RESIZE,
        smoothing=1.5,
    )


def _all_phrases(engine: BioVilEngine, pixels: Float32) -> Maps:
    """All phrases by one image encode and one text batch."""
    frame = engine.frame_of(*pixels.shape)
    film = engine.embed_image(engine.model_input(pixels, frame=frame), frame=frame)
    similarity = cosines(film.grid, engine.embed_text(PHRASES))
    return [
        published_map(m, frame.image_shape, resize=RESIZE, crop=CROP, interpolation="linear")
        for m in similarity
    ]


def _one_phrase(
    image: ImageModel, text: CxrBert, read: Words, file: bytes, phrase: str
) -> NDArray[np.floating]:
    """All steps for one phrase, from the bytes of the film."""
    values = np.array(Image.open(io.BytesIO(file))).astype(float)
    values -= values.min()
    values /= values.max()
    picture = Image.fromarray((values * 255).astype(np.uint8)).convert("L")
    width, height = picture.size
    shorter = min(width, height)
    size = (int(RESIZE * width / shorter), int(RESIZE * height / shorter))
    picture = picture.resize(size, Image.Resampling.BILINEAR)
    left, top = (round((side - CROP) / 2) for side in size)
    cut = np.array(picture.crop((left, top, left + CROP, top + CROP)), dtype=np.float32)
    with torch.inference_mode():
        patches = functional.normalize(
            image(torch.from_numpy(cut / 255).expand(1, 3, CROP, CROP)), dim=-1
        )
        vector = functional.normalize(text(*read([phrase])), dim=1)
        similarity = (patches[0] @ vector[0]).numpy()
        smoothed = torch.from_numpy(gaussian_filter(similarity, sigma=1.5))[None, None]
        side = int(CROP * shorter / RESIZE)
        spread = functional.interpolate(
            smoothed, size=(side, side), mode="bilinear", align_corners=False
        )[0, 0]
    x, y = width - side, height - side
    margins = (x // 2, x - x // 2, y // 2, y - y // 2)
    found: Float32 = functional.pad(spread, margins, value=float("nan")).numpy()
    return found


if __name__ == "__main__":
    main()
