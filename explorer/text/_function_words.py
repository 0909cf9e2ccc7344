"""Frequent short words of some languages, and a few words of their chest reports.

A word that two languages share is in both lists and decides nothing between them; those that
most share ("normal", "thorax", "pleural") are in none.
"""

_WORDS = {
    "en": """
        the of and is are was were no not with without in on at to for from there this
        that which has have been be by as an a or but may seen within left right lung
        lungs chest heart effusion effusions opacity clear acute stable unchanged small
        evidence consistent likely possible possibly compared prior mild size upper lower
        lobe base bilateral new both increased none please it its can could unremarkable
        bony cardiomegaly disease opacities silhouette mediastinal pulmonary atelectasis
        pneumonia cardiac mediastinum identified noted
    """,
    "de": """
        der die das des dem den ein eine einer eines einem einen und ist sind nicht kein
        keine keinen keiner mit ohne im am zum zur von vom bei auf aus nach als auch wie
        oder sich bis zu in links rechts beidseits lunge lungen herz erguss ergüsse
        pleuraerguss nachweis hinweis infiltrat infiltrate unauffällig befund beurteilung
        rechten linken rechte linke rechter linker deutlich geringer sowie weiterhin verschattung
        verschattungen verdichtung verdichtungen projektion stauung vergrößert norm
        unverändert zustand nach lage
    """,
    "fr": """
        le la les un une des du de et est sont pas sans avec dans au aux sur en par pour
        que qui il elle on ce cette ces d l à plus ou ni absence gauche droit droite
        droits poumon poumons cœur coeur épanchement opacité radiographie conclusion base
        bases aucun aucune lobe inférieur supérieur moyen inférieure supérieure silhouette
        cardiaque normale normaux clairs claires
    """,
    "es": """
        el la los las un una unos de del y es son no sin con en al por para que se lo su
        ni o hay ambos derecho derecha izquierdo izquierda pulmón pulmonar pulmonares
        derrame neumotórax corazón silueta cardiaca cardíaca signos tórax observa
        hallazgos consolidación impresión campos pulmones
    """,
    "it": """
        il lo la i gli le un una di del della dei delle e è sono non senza con in nel
        nella al alla per che si da dal né o destro destra sinistro sinistra polmone
        polmonare polmonari versamento pleurico pneumotorace cuore torace immagine nei
        limiti ombra cardiaca addensamenti lesioni
    """,
    "pt": """
        o a os as um uma de do da dos das e é são não sem com em no na nos nas ao à por
        para que se ou nem há direito direita esquerdo esquerda pulmão pulmões pulmonar
        derrame pneumotórax coração tórax área cardíaca sinais
    """,
    "nl": """
        de het een en is zijn niet geen met zonder in op aan van voor bij te dat die er
        als ook of naar wordt links rechts beiderzijds long longen hart pleuravocht
        aanwijzingen normaal afwijkingen beeld
    """,
    "sv": """
        och är ej inte ingen inga med utan i på av för till det den som en ett og ikke er
        uden uten af fra til højre venstre höger vänster lunga lungor lunger hjärta
        hjertet pleuravätska """,
    "pl": """ i w z na do nie bez jest są oraz po o od przez
        się prawy lewy prawego lewego płuca płuc płuco serce serca płyn opłucnej odma
        klatki piersiowej zmian cech
    """,
    "tr": """
        ve bir bu ile için yok yoktur var izlenmedi izlenmektedir olarak sağ sol akciğer
        akciğerler kalp plevral efüzyon pnömotoraks bulgu
    """,
    "ro": """
        și si nu fără fara cu în in la de pe din este sunt cord plămân pulmonar pulmonare
        drept dreapta stâng stânga lichid leziuni
    """,
}
FUNCTION_WORDS = {code: frozenset(words.split()) for code, words in _WORDS.items()}
"""Code of ISO 639-1 -> words; "sv" stands for Swedish, Danish and Norwegian."""

DENIALS = {
    "de": frozenset(["kein", "keine", "keinen", "keiner", "keinem", "ohne", "nicht"]),
    "fr": frozenset(["sans", "aucun", "aucune", "pas"]),
    "es": frozenset(["sin", "ningún", "ninguna"]),
    "it": frozenset(["senza", "nessun", "nessuna", "assenza"]),
    "pt": frozenset(["sem", "ausência", "nenhum", "nenhuma"]),
    "nl": frozenset(["geen", "zonder", "niet"]),
    "sv": frozenset(["ingen", "inga", "inget", "uten", "utan", "ikke", "inte"]),
    "pl": frozenset(["bez", "brak", "nie"]),
    "tr": frozenset(["yok", "yoktur", "izlenmedi"]),
    "ro": frozenset(["fără"]),
}
"""Words of denial that no English sentence holds: one is enough, since what it denies would
otherwise be read as being there."""

NAMES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
    "sv": "a Scandinavian language",
    "pl": "Polish",
    "tr": "Turkish",
    "ro": "Romanian",
    "ja": "Japanese",
    "ko": "Korean",
    "zh": "Chinese",
    "ru": "Russian or another language in Cyrillic",
    "el": "Greek",
    "he": "Hebrew",
    "ar": "Arabic",
    "hi": "Hindi",
    "th": "Thai",
}
"""Name of a language for the person."""

SCRIPTS: dict[str, tuple[int, int]] = {
    "ja": (0x3040, 0x30FF),
    "ko": (0xAC00, 0xD7AF),
    "zh": (0x4E00, 0x9FFF),
    "ru": (0x0400, 0x04FF),
    "el": (0x0370, 0x03FF),
    "he": (0x0590, 0x05FF),
    "ar": (0x0600, 0x06FF),
    "hi": (0x0900, 0x097F),
    "th": (0x0E00, 0x0E7F),
}
"""Code -> first and last letter of the script; kana before Han, which Japanese also uses."""
