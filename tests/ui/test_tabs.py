"""What a tab that may be reloaded takes; who gets a record back is tested in the browser."""

from dataclasses import replace

from explorer import pipeline
from explorer.ui.loaded import LoadedStudy
from explorer.ui.state import File, Incoming, Session
from explorer.ui.tabs import Seen, size_of

from .tiny import png


def test_the_size_of_a_record_is_that_of_its_films_and_files() -> None:
    study = pipeline.read_study([png(1)])
    film = study.radiographs[0]
    one = film.pixels.nbytes + film.levels.nbytes
    assert film.valid is None
    assert one == 160 * 128 * (4 + 2)
    loaded = LoadedStudy(study=study, origin="upload", title="Own", labels=("1",))
    assert size_of(Seen(Session(), "a")) == 0
    assert size_of(Seen(Session(loaded=loaded), "a")) == one
    # The same film on screen and before it is held once.
    assert size_of(Seen(Session(loaded=loaded, before=loaded), "a")) == one
    other = replace(loaded, study=pipeline.read_study([png(2)]))
    assert size_of(Seen(Session(loaded=loaded, before=other), "a")) == 2 * one
    waiting = Session(loaded=loaded, incoming=Incoming((File("a.png", b"12345"),), joins=False))
    assert size_of(Seen(waiting, "a")) == one + 5
