"""The command line with a tiny engine: what it writes, what it says, how it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from explorer import __version__, cli, errors, pipeline

from .ui.tiny import REPORT, TinyEngine, card, png

SIDE = 64


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> TinyEngine:
    made = TinyEngine(card("tiny"))
    monkeypatch.setattr(pipeline, "open_engine", lambda *_, **__: made)
    monkeypatch.setattr(pipeline, "list_checkpoints", lambda: (made.card,))
    # Tables are drawn for this width and not for the terminal of whoever runs the tests.
    monkeypatch.setenv("COLUMNS", "200")
    return made


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "Doe_Jane_1960.png"
    path.write_bytes(png(1))
    return path


def run(*arguments: object) -> int:
    """Run the command line in this process and return its exit code."""
    with pytest.raises(SystemExit) as stopped:
        cli.main([str(argument) for argument in arguments])
    return int(stopped.value.code or 0)


def test_phrases_give_json_and_a_figure_from_one_encode(engine, image, tmp_path, capsys):
    out = tmp_path / "out"
    assert run("ground", image, "--phrase", "left mass", "--phrase", "no mass", "--out", out) == 0
    found = json.loads((out / "grounding.json").read_text(encoding="utf-8"))
    assert [entry["phrase"] for entry in found["phrases"]] == ["left mass", "no mass"]
    assert found["frame"]["image_shape"] == [160, 128]
    assert found["notice"] == "Research use, not for diagnosis."
    assert found["checkpoint"]["sha256"] == engine.card.sha256
    absent = found["phrases"][1]
    assert absent["assertion"] == "absent"
    assert absent["controls"]["abstain"]
    with Image.open(out / "grounding.png") as figure:
        assert figure.format == "PNG"
    assert engine.images == 1
    shown = capsys.readouterr()
    assert "left mass" in shown.out
    assert "Research use, not for diagnosis." in shown.err


def test_neither_file_nor_output_names_the_image_file(engine, image, tmp_path, capsys):
    out = tmp_path / "out"
    assert run("ground", image, "--phrase", "mass", "--out", out) == 0
    shown = capsys.readouterr()
    written = (out / "grounding.json").read_text(encoding="utf-8")
    assert "Doe" not in written + shown.out
    assert b"Doe" not in (out / "grounding.png").read_bytes()


def test_every_sentence_of_a_report_is_grounded_with_its_place(engine, image, tmp_path):
    report, out = tmp_path / "report.txt", tmp_path / "out"
    report.write_text(REPORT, encoding="utf-8")
    assert run("ground", image, "--report", report, "--out", out) == 0
    found = json.loads((out / "grounding.json").read_text(encoding="utf-8"))
    assert len(found["phrases"]) == 4
    for entry in found["phrases"]:
        place = entry["sentence"]
        assert entry["phrase"] in REPORT[place["start"] : place["end"]]
    assert [entry["assertion"] for entry in found["phrases"]][2] == "absent"


def test_a_threshold_alone_means_the_rule_fixed(engine, image, tmp_path):
    out = tmp_path / "out"
    assert run("ground", image, "--phrase", "mass", "--threshold", 0.75, "--out", out) == 0
    (entry,) = json.loads((out / "grounding.json").read_text(encoding="utf-8"))["phrases"]
    assert (entry["threshold_rule"], entry["threshold"]) == ("fixed", 0.75)


def test_results_are_not_overwritten_unless_forced(engine, image, tmp_path, capsys):
    call = ("ground", image, "--phrase", "mass", "--out", tmp_path / "out")
    assert run(*call) == 0
    assert run(*call) == 2
    assert "--force" in capsys.readouterr().err
    assert engine.images == 1
    assert run(*call, "--force") == 0


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--phrase", "mass", "--report", "IMAGE"),
        ("--phrase", "mass", "--rule", "fixed"),
        ("--phrase", "mass", "--rule", "otsu", "--threshold", "0.5"),
        ("--phrase", "mass", "--device", "abacus"),
    ],
)
def test_wrong_calls_end_with_code_2(engine, image, tmp_path, options):
    options = [str(image) if option == "IMAGE" else option for option in options]
    assert run("ground", image, "--out", tmp_path / "out", *options) == 2
    assert not (tmp_path / "out").exists()


def test_slices_are_refused_where_only_dicom_is_written(tmp_path, capsys):
    out = tmp_path / "films"
    assert run("phantom", "render", "--out", out, "--slices", 2, "--format", "dicom") == 2
    assert "--slices 2" in capsys.readouterr().err
    assert not out.exists()


def test_a_missing_image_is_a_wrong_call(engine, tmp_path):
    assert run("ground", tmp_path / "none.png", "--phrase", "mass", "--out", tmp_path) == 2


def test_an_unreadable_image_is_one_line_and_code_3(engine, tmp_path, capsys):
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(b"not an image at all")
    assert run("ground", broken, "--phrase", "mass", "--out", tmp_path / "out") == 3
    shown = capsys.readouterr().err
    assert shown.startswith("explorer: ")
    assert shown.count("\n") == 1
    assert "Traceback" not in shown


def test_a_refused_image_is_code_5_and_writes_nothing(engine, image, tmp_path, capsys):
    engine.verdict = "not a chest radiograph"
    assert run("ground", image, "--phrase", "mass", "--out", tmp_path / "out") == 5
    assert "This looks not a chest radiograph." in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_lateral_image_is_a_warning_and_an_abstention(engine, image, tmp_path, capsys):
    engine.verdict = "lateral"
    assert run("ground", image, "--phrase", "mass", "--out", tmp_path / "out") == 0
    assert "This looks lateral." in capsys.readouterr().err
    found = json.loads((tmp_path / "out" / "grounding.json").read_text(encoding="utf-8"))
    assert found["image_check"]["verdict"] == "lateral"
    assert "This looks lateral." in found["phrases"][0]["controls"]["reasons"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.DamagedFileError("x"), 3),
        (errors.ReportError("x"), 3),
        (errors.PhraseError("x"), 3),
        (errors.CheckpointError("x"), 4),
        (errors.NotARadiographError("x"), 5),
        (errors.DataSetError("x"), 6),
        (errors.TrainingError("x"), 7),
        (errors.ExplorerError("x"), 1),
    ],
)
def test_exit_codes_are_those_of_the_help_text(error, code):
    assert cli.exit_code(error) == code
    assert f"{code} " in cli.EXIT_CODE_HELP


def test_markup_in_phrases_and_reports_stays_text(engine, image, tmp_path, capsys):
    phrase = "[red]mass[/red] <script>alert(1)</script> \N{GRINNING FACE}"
    assert run("ground", image, "--phrase", phrase, "--out", tmp_path / "out") == 0
    assert "[red]mass[/red]" in capsys.readouterr().out


def write_data_set(folder: Path, *, missing: bool = False) -> tuple[Path, Path]:
    rows, boxes = ["path,split,patient,width,height"], ["path,label,x,y,w,h,reader"]
    for number, split in enumerate(["train", "val", "val"]):
        name = f"images/{number}.png"
        if not (missing and number == 2):
            (folder / "images").mkdir(exist_ok=True)
            (folder / name).write_bytes(png(number, size=(SIDE, SIDE)))
        rows.append(f"{name},{split},p{number},{SIDE},{SIDE}")
        boxes.append(f"{name},Mass,{8 * number},8,16,16,NIH BBox_List_2017")
    (folder / "images.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "boxes.csv").write_text("\n".join(boxes) + "\n", encoding="utf-8")
    return folder / "images.csv", folder / "boxes.csv"


def test_evaluate_prints_a_table_and_writes_the_documented_json(engine, tmp_path, capsys):
    images, boxes = write_data_set(tmp_path)
    target = tmp_path / "figures" / "result.json"
    call = ("evaluate", "grounding", "--images", images, "--boxes", boxes)
    assert run(*call, "--json", target, "--bootstrap", 20) == 0
    found = json.loads(target.read_text(encoding="utf-8"))
    assert set(found["macro"]) == {"plain", "located", "prior"}
    assert set(found["macro"]["prior"]) == {"pointing", "cnr", "miou"}
    assert list(found["findings"]) == ["Mass"]
    assert found["n"]["images"] == engine.images == 2
    assert found["checkpoint"]["name"] == "tiny"
    shown = capsys.readouterr().out
    assert "nih_boxes/1, split val: 2 images of 2 patients" in shown
    assert "macro" in shown


def test_the_table_fits_on_80_columns(engine, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    images, boxes = write_data_set(tmp_path)
    assert run("evaluate", "grounding", "--images", images, "--boxes", boxes) == 0
    macro = next(line for line in capsys.readouterr().out.splitlines() if "macro" in line)
    # Three means, each with its interval in brackets, on one line.
    assert macro.count("[") == macro.count("]") == 3
    assert "…" not in macro


def test_missing_image_files_are_counted(engine, tmp_path, capsys):
    images, boxes = write_data_set(tmp_path, missing=True)
    assert run("evaluate", "grounding", "--images", images, "--boxes", boxes) == 6
    assert "1 of 2 image files are missing" in capsys.readouterr().err
    assert engine.images == 0


def test_checkpoints_lists_cards_as_table_and_json(engine, capsys):
    assert run("checkpoints") == 0
    assert "tiny" in capsys.readouterr().out
    assert run("checkpoints", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["sha256"] == engine.card.sha256


def test_serve_hands_port_and_address_to_the_app(monkeypatch):
    called = []
    monkeypatch.setattr(os, "execv", lambda program, command: called.append(command))
    monkeypatch.setattr(os, "chdir", lambda folder: None)
    monkeypatch.setattr(subprocess, "call", lambda command: called.append(command) or 0)
    assert run("serve", "--port", 9000) == 0
    assert called[0][1:4] == ["-m", "streamlit", "run"]
    assert called[0][5:] == ["--server.port", "9000", "--server.address", "localhost"]


def test_version_does_not_load_what_it_does_not_need():
    code = (
        "import sys; from explorer.cli import main\n"
        "try: main(['--version'])\n"
        "except SystemExit: pass\n"
        "print(*sorted({'torch', 'numpy', 'cv2', 'transformers', 'rich.table'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split("\n")[0] == f"explorer {__version__}"
    assert not done.stdout.split("\n")[1].strip()
