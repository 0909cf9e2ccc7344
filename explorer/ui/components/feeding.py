"""What a pane of the viewer is told of its results: head, typed phrases, sentences, words."""

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from explorer.entities import (
    NO_REFERENCE,
    GroundedPhrase,
    PhraseControls,
    Sentence,
    SimilarityMap,
)
from explorer.errors import PhraseError
from explorer.ui import encoded, work
from explorer.ui.components.viewer import (
    MOST_TYPED,
    Head,
    Place,
    Stated,
    ViewerPhrase,
    ViewerReference,
    ViewerWords,
    feed_head,
    feed_phrases,
    feed_words,
    image_id,
    phrase_color,
)
from explorer.ui.door import pipeline
from explorer.ui.faults import explain, title_of
from explorer.ui.grounded import assertion_of
from explorer.ui.remedies import remedies
from explorer.ui.state import PaneChoice, Session

if TYPE_CHECKING:
    from explorer.pipeline import Engine, SourceMap, WordShares
    from explorer.ui.rooms import Alike

SIMILARITY = "similarity"
STOPPED = "It was stopped before it was done."
_NO_CONTROLS = PhraseControls(0.0, None, None, 0.0, 0.0, abstain=False)
HALF_OF_LARGEST = 0.5  # the viewer reads an attribution as shares of its largest value


@dataclass(frozen=True, slots=True)
class Feeding:
    """Tells one pane of a viewer its results, part by part.

    Attributes:
        memory: Of the session.
        result: What the pane shows.
        key: Of the viewer.
        pane: Which of its panes.
        source: Where its maps come from; other sources than similarity are asked for one by one.
    """

    memory: Session
    result: work.Work
    key: str
    pane: int = 0
    source: str = SIMILARITY

    @property
    def place(self) -> Place:
        """What every part belongs to."""
        return Place(
            study=self.result.loaded.token,
            film=image_id(self.result.radiograph),
            space=str(self.result.key[0]),
            run=self.memory.run_of(self.key, self.pane, (*self.result.key, self.source)),
            pane=self.pane,
        )

    def head(self) -> None:
        """What is known before any phrase."""
        asked = self.memory.asked if self.pane == 0 else None
        feed_head(self.place, _head(self.memory, self.result), key=self.key, asked=asked)

    def typed(self) -> None:
        """Typed phrases, each a part of its own."""
        known = self.result.typed
        for number, text in enumerate(self.memory.typed):
            if text in known:
                span = self.result.engine.card.cosine_range
                phrases = self._of_source([_typed(text, known[text], number, span)])
                feed_phrases(self.place, phrases, key=self.key, part=f"typed:{text}", first=number)

    def likeness(self) -> None:
        """Where the film looks like a prototype, if that was asked of this film and checkpoint."""
        alike, card = self.memory.alike, self.result.engine.card
        film = self.result.radiograph.digest
        if alike is None or (alike.film, alike.space) != (film, card.sha256):
            return
        part = f"likeness:{alike.words}"
        feed_phrases(self.place, [_alike(alike)], key=self.key, part=part, first=MOST_TYPED)

    def _of_source(self, phrases: list[ViewerPhrase]) -> list[ViewerPhrase]:
        """Phrases of a pane that takes its maps elsewhere wait until theirs is asked for."""
        if self.source == SIMILARITY:
            return phrases
        return [
            replace(
                phrase,
                grounded=None,
                pending=phrase.grounded is not None,
                text=phrase.shown_text,
            )
            for phrase in phrases
        ]

    def sources(self, *, say: work.Say) -> None:
        """Maps of another source, for the phrases they were asked for on this pane."""
        if self.source == SIMILARITY:
            return
        for phrase_id in sorted(i for p, i in self.memory.sources_stopped if p == self.pane):
            self._of_phrase(phrase_id, STOPPED)
        for phrase_id in dict.fromkeys(i for p, i in self.memory.sources_asked if p == self.pane):
            grounded = by_id(self.result, phrase_id)
            if grounded is not None:
                work.ask_source(self.result, grounded.phrase, self.source, say=say)
                self._of_phrase(phrase_id, self.result.sources[self.source, grounded.phrase])

    def _of_phrase(self, phrase_id: str, found: "SourceMap | str") -> None:
        """Its map from the source of this pane, why there is none, or that it was stopped."""
        phrase = _card_of(self.result, self.memory, phrase_id)
        if phrase is None or phrase.grounded is None:
            return
        shown = _from_source(phrase, phrase.grounded, found)
        order = phrase.sentence or 0
        part = f"source:{phrase_id}"
        feed_phrases(self.place, [shown], key=self.key, part=part, first=order)

    def words(self, *, say: work.Say) -> None:
        """What each word adds, for the phrases it was asked for on this pane."""
        for pane, phrase_id, way in self.memory.words_asked:
            grounded = by_id(self.result, phrase_id) if pane == self.pane else None
            if grounded is not None:
                found = work.ask_words(self.result, grounded, way, say=say)
                feed_words(self.place, _told_words(phrase_id, way, found), key=self.key)

    def piece(self, index: int) -> None:
        """One finished piece of the report."""
        begin, end = self.result.pieces[index]
        phrases = self._of_source(_sentences(self.result, begin, end))
        feed_phrases(self.place, phrases, key=self.key, part=f"piece:{begin}", first=begin)


def _alike(alike: "Alike") -> ViewerPhrase:
    """The card of a likeness: cosines with the centre of a prototype, not a calibrated score."""
    use = alike.use
    spread = f"nine of ten of its regions reach {use.threshold:.2f}"
    shown = SimilarityMap(alike.words, use.likeness, 1.0, 0.0, use.frame, calibrated=False)
    return ViewerPhrase(
        grounded=GroundedPhrase(
            phrase=alike.words,
            map=shown,
            score=use.peak,
            threshold=use.threshold,
            threshold_rule="what nine of ten of its regions reach",
            controls=_NO_CONTROLS,
            score_calibrated=False,
        ),
        kind="likeness",
        value_range=(0.0, 1.0),
        source="likeness",
        note=f"cosine with the prototype; {spread}",
        bar="cosine",
        about=f"Cosine of every patch with the centre of the prototype; {spread}. It says that "
        "this place looks like the others of the prototype, not that a finding is there.",
    )


def _told_words(phrase_id: str, way: str, found: "WordShares | str") -> ViewerWords:
    if isinstance(found, str):
        return ViewerWords(phrase_id, way, why=found)
    note = ""
    if found.delta is not None and found.change is not None:
        note = (
            f"{_delta(found.delta, 'cosine')}, where the phrase and one of faded words differ by "
            f"{found.change:.3g}"
        )
    return ViewerWords(phrase_id, way, found.words, note)


def _card_of(result: work.Work, memory: Session, phrase_id: str) -> ViewerPhrase | None:
    """The card of a phrase, with its similarity map."""
    span = result.engine.card.cosine_range
    grounded = by_id(result, phrase_id)
    if grounded is None:
        return None
    if phrase_id.startswith("t:"):
        text = phrase_id[2:]
        number = memory.typed.index(text) if text in memory.typed else 0
        return _typed(text, grounded, number, span)
    index = int(phrase_id[1:])
    return _sentences(result, index, index + 1)[0]


def _from_source(
    phrase: ViewerPhrase, grounded: GroundedPhrase, found: "SourceMap | str"
) -> ViewerPhrase:
    """The same card with the map of another source; the score stays that of the phrase."""
    if isinstance(found, str):
        pending = found == STOPPED  # a press takes it up again
        return replace(phrase, grounded=None, note=found, text=phrase.shown_text, pending=pending)
    shown = replace(
        grounded,
        map=found.map,
        threshold=HALF_OF_LARGEST,
        threshold_rule="half of the largest value",
        controls=_NO_CONTROLS,
        regions=(),
        standing=NO_REFERENCE,
    )
    return replace(
        phrase,
        grounded=shown,
        text=phrase.shown_text,
        source=found.source,
        note=_note(found),
        value_range=found.span,
    )


def _note(found: "SourceMap") -> str:
    """Unit of the values, and for integrated gradients how much of the change they miss."""
    words = f"1 = {found.largest:.3g} ({found.unit})"
    if found.delta is None or found.change is None:
        return words
    missed = _delta(found.delta, "logits")
    return f"{words}; {missed}, where film and grey differ by {found.change:.3g}"


def _delta(delta: float, unit: str) -> str:
    """How far the sum of integrated gradients is from the change that they explain."""
    return f"convergence delta {delta:+.2g} {unit}"


def feed_failure(
    memory: Session, error: Exception, choice: PaneChoice, *, key: str, index: int
) -> None:
    """Tell a pane why it has no maps."""
    loaded, film = memory.loaded, work.film_of(memory, choice)
    if loaded is None or film is None:
        return
    why = explain(error)
    run = memory.run_of(key, index, ("failed", loaded.token, film.digest, why))
    place = Place(loaded.token, image_id(film), space="", run=run, pane=index)
    name = choice.options(memory.options).checkpoint or ""
    head = Head(title=name, checkpoint=name, failed=f"{title_of(error)}. {why}")
    feed_head(place, head, key=key, asked=memory.asked if index == 0 else None)


def by_id(result: work.Work, phrase_id: str) -> GroundedPhrase | None:
    """The grounded phrase that the viewer calls "s3" or "t:words"."""
    if phrase_id.startswith("t:"):
        return result.typed.get(phrase_id[2:])
    index = int(phrase_id[1:]) if phrase_id[1:].isdecimal() else -1
    return result.sentences[index] if 0 <= index < len(result.sentences) else None


def _head(memory: Session, result: work.Work) -> Head:
    engine, check = result.engine, result.check
    notes = (check.message,) if check.message and not check.refuse else ()
    return Head(
        title=engine.card.title,
        checkpoint=engine.card.name,
        frame=result.encoded.embeddings.grid.frame,
        refused=check.message if check.refuse else "",
        failed="" if engine.reads_text else _reads_no_text(engine),
        notes=(*notes, *result.radiograph.notes, *(result.report.notes if result.report else ())),
        remedies=remedies(result.radiograph, check) if _is_own(result) else (),
        reference=_references(result),
        total=result.total,
        bound=work.bound(result, everything=memory.everything),
        null_peaks=encoded.null_peaks(engine, result.encoded) if result.answers else {},
        cost=f"{engine.card.title} on {engine.device}, {engine.precision}; image encoded in "
        f"{result.encoded.milliseconds:.0f} ms",
    )


def _reads_no_text(engine: "Engine") -> str:
    """Why an image-only checkpoint grounds no phrase, in its own words."""
    try:
        engine.embed_text(["finding"])
    except PhraseError as error:
        return str(error)
    return ""


def _is_own(result: work.Work) -> bool:
    """Whether the film is of the study on screen, which remedies change, and not one beside it."""
    return any(film is result.radiograph for film in result.loaded.study.radiographs)


def _references(result: work.Work) -> tuple[ViewerReference, ...]:
    """Boxes that are known; those of a bundled study lie on its first film."""
    loaded = result.loaded
    if result.radiograph is not loaded.study.radiographs[0]:
        return ()
    return tuple(ViewerReference(r.label, r.box, r.sentence_index) for r in loaded.references)


def _sentences(result: work.Work, begin: int, end: int) -> list[ViewerPhrase]:
    sentences = result.report.sentences if result.report else ()
    return [
        ViewerPhrase(
            grounded=result.sentences[i],
            assertion=_stated(sentences[i]),
            section=sentences[i].section,
            color=phrase_color(i),
            sentence=i,
            start=sentences[i].start,
            end=sentences[i].end,
            text=_on_one_line(sentences[i].text),
            value_range=result.engine.card.cosine_range,
        )
        for i in range(begin, end)
    ]


def _on_one_line(text: str) -> str:
    """A sentence without the line breaks of its report and the gaps that tags left in it."""
    return re.sub(r"\s+(?=[.,;:](?:\s|$))", "", " ".join(text.split()))


def _stated(sentence: Sentence) -> Stated:
    """What a card says of a sentence: a structure that is called normal is not a denied finding."""
    if sentence.assertion == "absent" and pipeline.states_normal(sentence.text):
        return "normal"
    return sentence.assertion


def _typed(
    text: str, grounded: GroundedPhrase, number: int, span: tuple[float, float]
) -> ViewerPhrase:
    return ViewerPhrase(
        grounded=grounded,
        assertion=assertion_of(text),
        kind="typed",
        color=phrase_color(number + 5),
        value_range=span,
    )
