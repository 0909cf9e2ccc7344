"""Phrases that are on no chest radiograph: everyday things, odd sentences, other body parts.

They teach a map to stay dark. The null and nonsense phrases of `explorer.text` measure trust in a
map at run time; none of them is written here.
"""

import numpy as np


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


_THINGS = _words(
    "horse,bus,window,river,beach,apple,violin,television,telephone,hat,house,bridge,clock,"
    "bottle,painting,newspaper,ladder,sandwich,boat,garden,lamp,mirror,carpet,blanket,spoon,"
    "camera,elephant,bird,fish,market,school,teacher,king,farmer,engine,hammer,desert,ocean,"
    "castle,candle,coin,letter box,rabbit,forest,suitcase,pencil,umbrella,orange juice,cheese"
)
_VERBS = _words(
    "eats,paints,follows,carries,remembers,sells,washes,repairs,sings about,climbs,throws,"
    "forgets,builds,watches,buys,breaks,draws,opens,finds,describes,dreams of,votes for"
)
_QUALITIES = _words(
    "red,blue,green,wooden,shiny,noisy,clever,angry,silent,expensive,famous,ancient,lazy,"
    "round,tiny,gentle,empty,broken,golden,polite,square,sleepy,honest,salty"
)
_WHEN = ("", "", "today", "every morning", "last winter", "at noon", "before the concert")
_SCENES = (
    "a {thing}",
    "a photo of a {quality} {thing}",
    "the {quality} {thing} {verb} the {other}",
    "a {thing} {verb} a {quality} {other} {when}",
    "the {thing} is next to the {other} {when}",
    "two people with a {thing} {when}",
    "my {thing} was {quality} {when}",
    "left of the {thing}",
    "the upper part of a {thing}",
    "no {thing}",
    "it will be {quality} {when}",
    "how to sell a {thing}",
)
_BODY = _words(
    "knee,elbow,skull,brain,liver,kidney,bladder,ankle,toe,finger,hip,uterus,colon,ear,nose,"
    "eye,tongue,jaw,tooth,scalp,calf,thigh,pelvis,appendix,prostate,wrist"
)
_ILLS = _words(
    "fracture,stone,cyst,pain,swelling,infection,ulcer,tear,bleeding,arthritis,burn,rash,"
    "sprain,inflammation,bruise,cramp"
)
_AILMENTS = ("{ill} of the {side}{part}", "{part} {ill}", "{side}{part} {ill}", "normal {part}")


def random_absent(rng: np.random.Generator) -> str:
    """One phrase that is on no chest radiograph."""
    makers = (random_everyday, random_everyday, random_elsewhere, random_letters)
    return makers[int(rng.integers(len(makers)))](rng)


def random_everyday(rng: np.random.Generator) -> str:
    """A phrase about everyday things, sensible or not."""
    thing, other = rng.choice(_THINGS, 2, replace=False)
    sentence = str(rng.choice(_SCENES)).format(
        thing=thing,
        other=other,
        verb=rng.choice(_VERBS),
        quality=rng.choice(_QUALITIES),
        when=rng.choice(_WHEN),
    )
    return sentence.strip()


def random_elsewhere(rng: np.random.Generator) -> str:
    """A complaint of a part of the body that a chest radiograph does not show."""
    return str(rng.choice(_AILMENTS)).format(
        ill=rng.choice(_ILLS),
        part=rng.choice(_BODY),
        side=rng.choice(("", "left ", "right ")),
    )


def random_letters(rng: np.random.Generator) -> str:
    """One to four made-up words."""
    alphabet = list("abcdefghijklmnopqrstuvwxyz")
    words = ("".join(rng.choice(alphabet, rng.integers(2, 9))) for _ in range(rng.integers(1, 5)))
    return " ".join(words)
