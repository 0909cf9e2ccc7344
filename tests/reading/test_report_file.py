"""Report files in the encodings that hospital systems write, and what is no report."""

# ruff: noqa: RUF001 - letters of other alphabets are the point

from io import BytesIO
from zipfile import ZipFile

import numpy as np
import pytest

from explorer.errors import DamagedFileError, LimitExceededError, UnsupportedFileError
from explorer.reading import decode_report
from tests.reading.files import dicom, ramp, raster

GERMAN = "Befund: Herzgröße grenzwertig, kein Erguß.\nBeurteilung: unauffällig für das Alter.\n"
FRENCH = "Résultat : épanchement pleural gauche de faible abondance – cœur de taille normale.\n"
RUSSIAN = (
    "Описание: лёгочные поля прозрачны, сердце не увеличено, синусы свободны. "
    "Заключение: патологии органов грудной клетки не выявлено.\n"
)
EMOJI = "FINDINGS: Clear lungs 🫁. <script>alert(1)</script> remains text.\n"


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"],
)
def test_western_text_survives_every_encoding(encoding: str) -> None:
    assert decode_report(GERMAN.encode(encoding)) == GERMAN


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_typographic_letters_survive(encoding: str) -> None:
    assert decode_report(FRENCH.encode(encoding)) == FRENCH


@pytest.mark.parametrize("text", ["Ödem", "é", "Früher „größer“ – jetzt ähnlich."])
def test_short_western_texts_are_not_taken_for_another_script(text: str) -> None:
    assert decode_report(text.encode("cp1252")) == text


def test_japanese_is_recognised() -> None:
    text = "胸部X線写真：心拡大なし。肺野清明。"
    assert decode_report(text.encode("shift-jis")) == text


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251", "koi8-r"])
def test_cyrillic_is_not_taken_for_western(encoding: str) -> None:
    assert decode_report((RUSSIAN * 3).encode(encoding)) == RUSSIAN * 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_emoji_and_markup_are_only_text(encoding: str) -> None:
    assert decode_report(EMOJI.encode(encoding)) == EMOJI


def test_line_ends_become_newlines() -> None:
    assert decode_report(b"one\r\ntwo\rthree\n") == "one\ntwo\nthree\n"


def _docx() -> bytes:
    stream = BytesIO()
    with ZipFile(stream, "w") as archive:
        archive.writestr("word/document.xml", "<w:t>Normal chest.</w:t>")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-1.7\nNormal chest.", "PDF"),
        (_docx(), "Office"),
        (b"{\\rtf1 Normal chest.}", "RTF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 99, "Office"),
        (dicom(ramp()), "image"),
        (raster(np.zeros((40, 40), np.uint8)), "image"),
    ],
)
def test_documents_and_images_are_refused_by_name(data: bytes, words: str) -> None:
    with pytest.raises(UnsupportedFileError, match=words):
        decode_report(data)


@pytest.mark.parametrize(
    "data",
    [
        b"Normal\x00chest",
        b"\x00" * 64,
        b"\x00\x01\x02\x03\x04\x05" * 30,
        b"text with \x07 a bell",
    ],
)
def test_binary_data_is_refused(data: bytes) -> None:
    with pytest.raises(DamagedFileError, match="binary"):
        decode_report(data)


@pytest.mark.parametrize("data", [b"", b"  \n\t ", b"\xef\xbb\xbf"])
def test_empty_report_is_refused(data: bytes) -> None:
    with pytest.raises(DamagedFileError, match="empty"):
        decode_report(data)


def test_broken_utf16_is_refused() -> None:
    with pytest.raises(DamagedFileError, match="UTF-16"):
        decode_report("Normal".encode("utf-16") + b"\x41")


def test_very_long_report_file_is_refused() -> None:
    with pytest.raises(LimitExceededError, match="1024 KB"):
        decode_report(b"a" * (1024**2 + 1))
