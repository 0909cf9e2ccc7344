"""The use cases: all that pages and commands call. Records in, records out; no tensor leaves."""

from explorer.adapters import AdapterCard, Engine
from explorer.corpora.bundled import BundledStudy, ReferenceBox
from explorer.corpora.labelled_films import LabelledFilms, read_labelled
from explorer.corpora.placed_sets import read_placed, readers
from explorer.corpora.text_queries import TextQuery, read_queries
from explorer.exchange.grounding_json import to_json_text
from explorer.grounding.faithfulness import Curve, Faithfulness
from explorer.pipeline._assets import APP_FILE
from explorer.pipeline.benchmark import evaluate_grounding
from explorer.pipeline.beside import beside_document, maker_of, search_beside
from explorer.pipeline.checkpoints import (
    accept_licence,
    add_checkpoint,
    broken_checkpoints,
    list_checkpoints,
    open_engine,
    verify_checkpoint,
)
from explorer.pipeline.embedding import (
    check_image,
    embed,
    embed_many,
    embed_pair,
    embed_phrases,
    embed_pixels,
    embed_region,
    embed_report,
    maps_from,
    maps_of,
    summarise,
)
from explorer.pipeline.evaluation import (
    Evaluation,
    evaluate_placed,
    run_name,
    start_evaluation,
)
from explorer.pipeline.export import export_checkpoint
from explorer.pipeline.exports import describe_engine, grounding_document, grounding_figure
from explorer.pipeline.films_known import few_of_each, known_films
from explorer.pipeline.findings import ENSEMBLE, TEMPLATES, evaluate_findings, prompts_of
from explorer.pipeline.grounding import ground, ground_report
from explorer.pipeline.heads import HeadSources, open_codes, train_head
from explorer.pipeline.hi_ml import HiMlGrounding, ground_as_hi_ml
from explorer.pipeline.index_build import BuildReport, build_index, remove_studies
from explorer.pipeline.information import measure_information
from explorer.pipeline.methods import MethodRecord, find_method, list_methods, methods_table
from explorer.pipeline.phantom_benchmark import evaluate_phantoms
from explorer.pipeline.phantoms import build_bundled_studies, render_phantoms
from explorer.pipeline.preprocessing_audit import (
    AuditStep,
    PreprocessingAudit,
    audit_preprocessing,
)
from explorer.pipeline.probing import evaluate_probe
from explorer.pipeline.prototype_files import (
    prototypes_csv,
    prototypes_document,
    use_boxes,
    use_document,
)
from explorer.pipeline.prototype_maps import (
    ComparedMaps,
    MixedMap,
    compare_maps,
    mixed_map,
    moves_document,
)
from explorer.pipeline.prototypes import (
    DEFAULT_GRANULARITY,
    DEFAULT_METHOD,
    GRANULARITIES,
    build_prototypes,
    clustering_methods,
    on_a_plane,
    phrases_of_prototype,
    planes,
    points_of,
    prototypes_of_study,
    with_stability_of,
)
from explorer.pipeline.reference import make_reference
from explorer.pipeline.retrieval import (
    Index,
    WantedHits,
    bundled_index,
    film_pixels,
    index_info,
    open_index,
    open_shards,
    results_document,
    search_film,
    search_region,
    search_reports,
    search_text,
)
from explorer.pipeline.runs import (
    DEFAULT as DEFAULT_PROTOCOL,
)
from explorer.pipeline.runs import (
    Run,
    as_json,
    compare_runs,
    definitions,
    delete_run,
    describe_cards,
    evaluate_boxes,
    export_run,
    list_runs,
    most_apart,
    protocol_names,
    read_run,
    reliability,
    run_bytes,
    run_size,
    runs_root,
    summarise_run,
)
from explorer.pipeline.source_maps import (
    ATTENTION,
    SIMILARITY,
    Sanity,
    SourceMap,
    check_faithfulness,
    check_sanity,
    map_sources,
    source_calls,
    source_map,
)
from explorer.pipeline.studies import (
    bundled_folder,
    list_bundled_studies,
    load_bundled_study,
    read_report_file,
    read_study,
)
from explorer.pipeline.study_of_index import indexed_study
from explorer.pipeline.text_retrieval import evaluate_text_retrieval
from explorer.pipeline.told_otherwise import WhatIf, what_if
from explorer.pipeline.training import TrainingChoices, TrainingSources, train
from explorer.pipeline.words import WORD_WAYS, WordShares, word_shares
from explorer.prototypes.density import Density, density
from explorer.prototypes.doubt import ABOUT as ABOUT_DOUBT
from explorer.prototypes.doubt import doubts
from explorer.prototypes.edits import hide, merge, rename, split, undo
from explorer.prototypes.records import LEVELS, Clustering, Level, Points, Prototype, Use
from explorer.reading import (
    invert,
    make_study,
    read_files,
    suggests_inversion,
    turn,
    warm_up,
)
from explorer.retrieval.beside import Beside, By, Placed
from explorer.retrieval.codes import Coder
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.filters import Filter, parse_filter
from explorer.retrieval.records import Hit, IndexInfo, Part, Results
from explorer.retrieval.thumbnails import to_thumbnail
from explorer.serving.replicas import replicas as engine_replicas
from explorer.text import NULL_PHRASES, phrase_assertion, read_report, states_normal

__all__ = [
    "ABOUT_DOUBT",
    "APP_FILE",
    "ATTENTION",
    "DEFAULT_GRANULARITY",
    "DEFAULT_METHOD",
    "DEFAULT_PROTOCOL",
    "ENSEMBLE",
    "GRANULARITIES",
    "LEVELS",
    "NULL_PHRASES",
    "SIMILARITY",
    "TEMPLATES",
    "WORD_WAYS",
    "AdapterCard",
    "AuditStep",
    "Beside",
    "BuildReport",
    "BundledStudy",
    "By",
    "Clustering",
    "Coder",
    "ComparedMaps",
    "Corpus",
    "Curve",
    "Density",
    "Engine",
    "Evaluation",
    "Faithfulness",
    "Filter",
    "HeadSources",
    "HiMlGrounding",
    "Hit",
    "Index",
    "IndexInfo",
    "LabelledFilms",
    "Level",
    "MethodRecord",
    "MixedMap",
    "Part",
    "Placed",
    "Points",
    "PreprocessingAudit",
    "Prototype",
    "ReferenceBox",
    "Results",
    "Run",
    "Sanity",
    "SourceMap",
    "TextQuery",
    "TrainingChoices",
    "TrainingSources",
    "Use",
    "WantedHits",
    "WhatIf",
    "WordShares",
    "accept_licence",
    "add_checkpoint",
    "as_json",
    "audit_preprocessing",
    "beside_document",
    "broken_checkpoints",
    "build_bundled_studies",
    "build_index",
    "build_prototypes",
    "bundled_folder",
    "bundled_index",
    "check_faithfulness",
    "check_image",
    "check_sanity",
    "clustering_methods",
    "compare_maps",
    "compare_runs",
    "definitions",
    "delete_run",
    "density",
    "describe_cards",
    "describe_engine",
    "doubts",
    "embed",
    "embed_many",
    "embed_pair",
    "embed_phrases",
    "embed_pixels",
    "embed_region",
    "embed_report",
    "engine_replicas",
    "evaluate_boxes",
    "evaluate_findings",
    "evaluate_grounding",
    "evaluate_phantoms",
    "evaluate_placed",
    "evaluate_probe",
    "evaluate_text_retrieval",
    "export_checkpoint",
    "export_run",
    "few_of_each",
    "film_pixels",
    "find_method",
    "ground",
    "ground_as_hi_ml",
    "ground_report",
    "grounding_document",
    "grounding_figure",
    "hide",
    "index_info",
    "indexed_study",
    "invert",
    "known_films",
    "list_bundled_studies",
    "list_checkpoints",
    "list_methods",
    "list_runs",
    "load_bundled_study",
    "make_reference",
    "make_study",
    "maker_of",
    "map_sources",
    "maps_from",
    "maps_of",
    "measure_information",
    "merge",
    "methods_table",
    "mixed_map",
    "most_apart",
    "moves_document",
    "on_a_plane",
    "open_codes",
    "open_engine",
    "open_index",
    "open_shards",
    "parse_filter",
    "phrase_assertion",
    "phrases_of_prototype",
    "planes",
    "points_of",
    "prompts_of",
    "protocol_names",
    "prototypes_csv",
    "prototypes_document",
    "prototypes_of_study",
    "read_files",
    "read_labelled",
    "read_placed",
    "read_queries",
    "read_report",
    "read_report_file",
    "read_run",
    "read_study",
    "readers",
    "reliability",
    "remove_studies",
    "rename",
    "render_phantoms",
    "results_document",
    "run_bytes",
    "run_name",
    "run_size",
    "runs_root",
    "search_beside",
    "search_film",
    "search_region",
    "search_reports",
    "search_text",
    "source_calls",
    "source_map",
    "split",
    "start_evaluation",
    "states_normal",
    "suggests_inversion",
    "summarise",
    "summarise_run",
    "to_json_text",
    "to_thumbnail",
    "train",
    "train_head",
    "turn",
    "undo",
    "use_boxes",
    "use_document",
    "verify_checkpoint",
    "warm_up",
    "what_if",
    "with_stability_of",
    "word_shares",
]
