"""What the app is, what it is not, and what its words and keys mean."""

import streamlit as st

from explorer.ui.components.banner import RESEARCH_USE
from explorer.ui.components.key_sheet import key_sheet

WHAT = """
A report says *what* is on a radiograph and, in words, *where*. This app shows where a trained
model looks for each of those words: it cuts the radiograph into a grid of patches, the report
into sentences, puts both into one space of numbers, and colours every patch by how close it lies
to the chosen sentence.

It is made for people who build, study or doubt such models. Beside every map stand its controls:
whether the map changes when the words change, and whether it stands out from words that mean
nothing on a radiograph.
"""

NOT_FOR = """
* It is **not a medical device** and was not tested as one. Do not use it to find, rule out or
  follow disease, or to check a report.
* A bright region means *the model links this phrase with this place*. It does not mean that the
  finding is there: a model also marks a place for a finding that is absent. The verdict on each
  card says how the score stands among normal films; it is often wrong, too.
* Scores are calibrated on the training images of the checkpoint. On radiographs from another
  hospital, device or group of patients they can be far off.
* Readers tend to follow a confident picture even when it is wrong. Look at the radiograph first:
  hold **o** to hide the overlay.
"""

PRIVACY = """
* Radiographs and reports stay in the memory of the process that serves this page. Nothing is
  written to disk, nothing is logged, nothing is sent to another machine, and no font, script or
  statistic is loaded from the network.
* Of a DICOM file only the pixels, their display settings, spacing and view, and the age and sex
  of the patient are read on; names, dates and numbers are dropped when the file is opened.
* Burned-in text is part of the pixels. It is shown as it is and goes into exported figures.
* An encoded radiograph is kept under a digest of its pixels, as long as there is room, so that
  opening it again is fast. A session is kept for half an hour after its tab is gone, so that a
  reload loses nothing; only that tab knows its name.
* Window, view and what you drew are kept in the tab's own storage in your browser.
* An address names bundled studies only, or the words of a short search when you copy its link.
"""

GLOSSARY = {
    "Study": "One examination: radiographs and their report.",
    "Phrase": "The text that is grounded: a sentence of the report, or what you typed.",
    "Grounding": "From a phrase to the region it speaks of.",
    "Patch grid": "The cells the model cuts the radiograph into; each is one vector.",
    "Similarity map": "Cosine of a phrase with every patch, drawn as the overlay.",
    "Calibrated score": "The cosine turned into a number from 0 to 1 by the checkpoint.",
    "Region": "A connected part of the map above the threshold, with its box.",
    "Threshold": "Calibrated: the score that phrases without meaning on a radiograph rarely "
    "reach. Otsu: splits each map into two groups of its own. Fixed: the number you set.",
    "Assertion": "Whether a sentence says that a finding is present, absent or uncertain, or "
    "calls something normal.",
    "Verdict": "How the score of a phrase stands among reference films: stands out, doubtful, not "
    "above normal films; or that the model does not know the finding.",
    "Reference films": "Normal and other training films that come with a checkpoint; every phrase "
    "is read against what it scores on them.",
    "Depends on the wording": "1 when the map changes with the words, 0 when any phrase gives the "
    "same map.",
    "Null phrase": "A phrase that speaks of nothing on a radiograph; its maps are the yardstick.",
    "Abstain": "The map should not be read as a location; the reasons stand beside it.",
    "Field of view": "What the model saw after resizing; the rest is hatched.",
    "CNR": "Contrast-to-noise ratio of the map inside and outside a box, "
    "(mean in - mean out) / sqrt(variance in + variance out).",
    "IoU": "Overlap of a box with the map above the threshold: intersection over union.",
    "Pointing game": "Whether the highest point of the map lies inside the box.",
}

CITATIONS = """
* R. Liao et al. *Multimodal representation learning via maximization of local mutual
  information.* MICCAI 2021. The idea of aligning image regions with sentences.
* A. van den Oord, Y. Li, O. Vinyals. *Representation learning with contrastive predictive
  coding.* 2018. The InfoNCE bound.
* B. Boecking et al. *Making the most of text semantics to improve biomedical vision-language
  processing.* ECCV 2022. Phrase grounding on chest radiographs and its contrast-to-noise ratio.
* J. Zhang et al. *Top-down neural attention by excitation backprop.* IJCV 2018. The pointing game.
* X. Wang et al. *ChestX-ray8: hospital-scale chest X-ray database and benchmarks.* CVPR 2017.
* V. Gopalakrishnan, P. Golland. *Fast auto-differentiable digitally reconstructed radiographs
  for solving inverse problems in intraoperative imaging.* CLIP 2022. Source of the CT behind
  the bundled phantoms.
* M. Tan, Q. V. Le. *EfficientNet.* ICML 2019. W. Wang et al. *MiniLM.* NeurIPS 2020.
  The towers that the bundled checkpoint starts from.
"""


def show() -> None:
    """Draw the page."""
    st.title("About this explorer")
    st.markdown(f"**{RESEARCH_USE}.** Which region of a chest radiograph does a sentence speak of?")
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("What it is")
        st.markdown(WHAT)
        st.subheader("What it is not for")
        st.markdown(NOT_FOR)
        st.subheader("Privacy")
        st.markdown(PRIVACY)
    with right:
        st.subheader("Keys")
        st.caption("They work while the viewer has the focus: click it or tab to it.")
        st.table(
            {
                "Key": [keys for keys, _ in key_sheet()],
                "What it does": [text for _, text in key_sheet()],
            },
            alt="Keys of the viewer",
        )
        st.subheader("Words")
        st.table(
            {"Word": list(GLOSSARY), "Meaning here": list(GLOSSARY.values())},
            alt="Glossary of the app",
        )
    st.subheader("Built on")
    st.markdown(CITATIONS)


if __name__ == "__main__":
    with st.container(key="text_page"):
        show()
