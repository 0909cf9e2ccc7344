"""What can be done about a film that is dark where it should be bright, or turned: on request."""

from explorer.entities import ImageCheck, Radiograph
from explorer.ui.door import pipeline
from explorer.ui.state import Session

INVERT = "Invert the film"
# What the image check says, and how many quarters to the right set it upright.
_TURNS = {"rotated left": 1, "upside down": 2, "rotated right": 3}
_WORDS = {1: "Turn the film right", 2: "Turn the film round", 3: "Turn the film left"}


def remedies(radiograph: Radiograph, check: ImageCheck) -> tuple[str, ...]:
    """Name what would set this film right; each is offered as a button."""
    looks = _looks_like(check)
    is_dark = pipeline.suggests_inversion(radiograph) or looks == "inverted"
    found = [INVERT] if is_dark else []
    if looks in _TURNS:
        found.append(_WORDS[_TURNS[looks]])
    return tuple(found)


def _looks_like(check: ImageCheck) -> str:
    """The verdict, or what a frontal film that is not clear-cut may be instead."""
    if check.verdict != "frontal" or not check.message:
        return check.verdict
    return max((kind for kind in check.scores if kind != "frontal"), key=check.scores.__getitem__)


def apply_remedy(memory: Session, name: str) -> None:
    """Set the film on screen right and ground it anew; an unknown name does nothing."""
    loaded, film = memory.loaded, memory.radiograph
    quarters = next((turns for turns, words in _WORDS.items() if words == name), 0)
    if loaded is None or film is None or (name != INVERT and not quarters):
        return
    righted = pipeline.invert(film) if name == INVERT else pipeline.turn(film, quarters=quarters)
    films = list(loaded.study.radiographs)
    films[min(memory.radiograph_index, len(films) - 1)] = righted
    study = pipeline.make_study(films, report=loaded.study.report)
    memory.show_again(study=study, references=())
