"""Text of others shown as text: nothing a person uploads or types is read as Markdown or HTML."""

import re

# CommonMark lets every ASCII punctuation mark be escaped; Streamlit's own `:color[...]`,
# `:material/...:` and `$math$` begin with one of them too.
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+")


def one_line(text: str, *, longest: int | None = None) -> str:
    """Make one line of `text` without control or direction-changing characters.

    For places that show plain text; where Markdown is read, use `plain`.

    Args:
        text: Anything, e.g. a file name or a phrase that was typed.
        longest: Cut to this many characters, the last one being an ellipsis.

    >>> one_line("a long name.dcm", longest=7)
    'a long…'
    """
    line = _CONTROL.sub(" ", text).strip()
    if longest is not None and len(line) > longest:
        return line[: longest - 1] + "…"
    return line


def plain(text: str, *, longest: int | None = None) -> str:
    r"""Escape `text` so that Markdown shows it letter by letter, as one line.

    >>> plain("![x](http://a.b) :red[1]")
    '\\!\\[x\\]\\(http\\:\\/\\/a\\.b\\) \\:red\\[1\\]'
    """
    return _PUNCTUATION.sub(r"\\\1", one_line(text, longest=longest))


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Write a number with its noun.

    >>> count(1, "phrase"), count(3, "radiograph"), count(2, "box", "boxes")
    ('1 phrase', '3 radiographs', '2 boxes')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def percent(share: float, digits: int = 0) -> str:
    """Write a share as everywhere in the app, with a no-break space before the sign.

    >>> percent(0.785).replace(chr(160), "_"), percent(0.0123, 1).replace(chr(160), "_")
    ('78_%', '1.2_%')
    """
    return f"{100 * share:.{digits}f}\u00a0%"


def file_size(byte_count: int) -> str:
    """Write a number of bytes for people, in powers of 1000.

    >>> file_size(950), file_size(28_400_000)
    ('950 bytes', '28.4 MB')
    """
    if byte_count < 1000:
        return f"{byte_count} bytes"
    if byte_count < 1_000_000:
        return f"{byte_count / 1000:.0f} kB"
    return f"{byte_count / 1_000_000:.1f} MB"
