"""Reads the viewer's messages off a page, as the browser would."""

import json
from typing import Any, Literal

from streamlit.testing.v1 import AppTest


def bodies(app: AppTest, kind: Literal["film", "part"]) -> list[dict[str, Any]]:
    """JSON bodies of the viewer's film message, or of all parts of its results, in page order."""
    found = []
    for element in app.get("bidi_component"):
        body = _body(element.proto)
        if body is None or "key" not in body:
            continue
        if ("part" in body) == (kind == "part"):
            found.append(body)
    return found


def bodies_of(app: AppTest) -> list[dict[str, Any]]:
    """JSON bodies of all messages on a page."""
    found = [_body(element.proto) for element in app.get("bidi_component")]
    return [body for body in found if body is not None]


def _body(proto: Any) -> dict[str, Any] | None:
    data = proto.bytes
    if not data.startswith(b"RGX1"):
        return None
    length = int.from_bytes(data[4:8], "little")
    body = json.loads(data[8 : 8 + length])["body"]
    assert isinstance(body, dict)
    return body


def head(app: AppTest) -> dict[str, Any]:
    """What is known before any phrase."""
    return next(body for body in bodies(app, "part") if body["part"] == "head")


def phrases(app: AppTest) -> list[dict[str, Any]]:
    """All phrases the viewer was given, typed ones first."""
    return [phrase for body in bodies(app, "part") for phrase in body.get("phrases", ())]


def texts(app: AppTest) -> list[str]:
    """The words on the cards."""
    return [phrase["text"] for phrase in phrases(app)]
