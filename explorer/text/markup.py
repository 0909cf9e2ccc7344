"""Blanks HTML out of a report without moving a letter: tags and entities become white space."""

import re
from html import unescape

_BLOCK = (
    "address|article|blockquote|body|br|center|dd|div|dl|dt|fieldset|footer|form|h[1-6]|head|"
    "header|hr|html|li|main|nav|ol|option|p|pre|section|table|tbody|td|tfoot|th|thead|title|tr|ul"
)
_INLINE = (
    "a|abbr|b|big|cite|code|em|font|i|ins|kbd|label|mark|q|s|small|span|strong|style|sub|sup|tt|u|"
    "meta|link|input|img|o:p"
)
# Only known names: "R<L" and "pressure <b 15" are no tags.
_MARKUP = re.compile(
    rf"</?(?P<block>{_BLOCK})(?:\s[^<>]{{0,400}})?/?>|</?(?:{_INLINE})(?:\s[^<>]{{0,400}})?/?>"
    r"|<!(?:--|doctype)[^<>]{0,400}>|&(?:[a-z]{2,8}|\#x?[0-9a-f]{1,6});",
    re.IGNORECASE,
)


def without_markup(text: str) -> str:
    r"""`text` with tags blanked, as long as before; a block tag ends a line.

    An entity becomes the character that it names, then white space.

    >>> without_markup("<p>No <b>left</b> effusion<br>")
    '\n  No    left     effusion\n   '
    >>> without_markup("pO2 &lt; 60&nbsp;mmHg")
    'pO2 <    60      mmHg'
    """
    return _MARKUP.sub(_blank, text) if "<" in text or "&" in text else text


def _blank(match: re.Match[str]) -> str:
    length = len(match[0])
    if match[0].startswith("&"):
        named = unescape(match[0])
        return named.ljust(length) if len(named) == 1 and named.isprintable() else " " * length
    return "\n" + " " * (length - 1) if match["block"] else " " * length
