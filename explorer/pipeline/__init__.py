"""The use cases: all that pages and commands call. Records in, records out; no tensor leaves."""

from explorer.adapters import AdapterCard, Engine
from explorer.corpora.bundled import BundledStudy, ReferenceBox
from explorer.exchange.grounding_json import to_json_text
from explorer.grounding.attribution import attribute_words
from explorer.pipeline._assets import APP_FILE
from explorer.pipeline.benchmark import evaluate_grounding
from explorer.pipeline.checkpoints import broken_checkpoints, list_checkpoints, open_engine
from explorer.pipeline.exports import describe_engine, grounding_document, grounding_figure
from explorer.pipeline.grounding import (
    check_image,
    embed,
    embed_pixels,
    ground,
    ground_report,
    maps_of,
)
from explorer.pipeline.phantom_benchmark import evaluate_phantoms
from explorer.pipeline.phantoms import build_bundled_studies, render_phantoms
from explorer.pipeline.studies import (
    list_bundled_studies,
    load_bundled_study,
    read_report_file,
    read_study,
)
from explorer.pipeline.training import TrainingSources, train
from explorer.reading import invert, make_study, read_files, suggests_inversion, warm_up
from explorer.text import NULL_PHRASES, phrase_assertion, read_report

__all__ = [
    "APP_FILE",
    "NULL_PHRASES",
    "AdapterCard",
    "BundledStudy",
    "Engine",
    "ReferenceBox",
    "TrainingSources",
    "attribute_words",
    "broken_checkpoints",
    "build_bundled_studies",
    "check_image",
    "describe_engine",
    "embed",
    "embed_pixels",
    "evaluate_grounding",
    "evaluate_phantoms",
    "ground",
    "ground_report",
    "grounding_document",
    "grounding_figure",
    "invert",
    "list_bundled_studies",
    "list_checkpoints",
    "load_bundled_study",
    "make_study",
    "maps_of",
    "open_engine",
    "phrase_assertion",
    "read_files",
    "read_report",
    "read_report_file",
    "read_study",
    "render_phantoms",
    "suggests_inversion",
    "to_json_text",
    "train",
    "warm_up",
]
