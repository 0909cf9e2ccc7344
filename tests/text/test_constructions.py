"""Each way in which radiologists say that something is there, may be there or is gone.

Every kind comes with its negative: the nearest sentence that means the opposite.
"""

import pytest

from explorer.text import phrase_assertion, read_report

CHANGE = [
    ("The left effusion has not resolved.", "present"),
    ("The right base opacity has not completely cleared.", "present"),
    ("Edema has not yet resolved.", "present"),
    ("Partially resolved left pneumothorax.", "present"),
    ("The left effusion has nearly resolved.", "present"),
    ("Incompletely cleared right lower lobe pneumonia.", "present"),
    ("The effusion is almost completely resolved.", "present"),
    ("Near complete resolution of the right effusion.", "present"),
    ("Partial clearing of the left base consolidation.", "present"),
    ("Unresolved right pneumonia.", "present"),
    ("Resolving left pneumonia.", "present"),
    ("Non-resolving right upper lobe consolidation.", "present"),
    ("The consolidation failed to clear.", "present"),
    ("No interval increase in the right effusion.", "present"),
    ("No worsening of the basilar atelectasis.", "present"),
    ("No progression of the interstitial edema.", "present"),
    ("No enlargement of the right hilar mass.", "present"),
    ("No significant increase or decrease in the left effusion.", "present"),
    ("No resolution of the right pneumothorax.", "present"),
    ("Right effusion without change.", "present"),
    ("Bibasilar atelectasis without significant interval improvement.", "present"),
    ("The nodule has not grown.", "present"),
    ("The mass has not enlarged.", "present"),
    ("Pneumothorax is no larger.", "present"),
    ("A non-displaced fracture of the left sixth rib.", "present"),
    ("The left effusion has resolved.", "absent"),
    ("The edema has since completely resolved.", "absent"),
    ("The pneumothorax is now resolved.", "absent"),
    ("Interval resolution of the right effusion.", "absent"),
    ("Previously seen left effusion has cleared.", "absent"),
    ("A right pneumothorax is no longer seen.", "absent"),
    ("There is no longer a left effusion.", "absent"),
    ("No enlargement of the heart.", "absent"),
    ("No cardiac enlargement.", "absent"),
    ("The heart has not enlarged.", "absent"),
    ("No change or new effusion.", "absent"),
    ("No new consolidation.", "absent"),
    ("No residual pneumothorax.", "absent"),
]

PRIOR = [
    ("Right upper lobe opacity not seen on the prior film.", "present"),
    ("A left effusion, which was not present on the previous study.", "present"),
    ("Left base consolidation was not visualized previously.", "present"),
    ("Right nodule, not evident on the earlier examination.", "present"),
    ("This nodule was not previously seen.", "present"),
    ("This was not there on the prior radiograph.", "present"),
    ("The nodule of the prior film is not seen today.", "absent"),
    ("The opacity seen on the prior radiograph is not identified.", "absent"),
    ("The nodule is not seen on the current film compared to the prior.", "absent"),
]

ANSWER = [
    ("Pneumothorax: none.", "absent"),
    ("Pneumothorax: No", "absent"),
    ("PLEURAL EFFUSION: ABSENT", "absent"),
    ("Effusion - not seen.", "absent"),
    ("Consolidation: negative", "absent"),
    ("Nodules \u2013 none", "absent"),
    ("Fracture \u2014 not identified", "absent"),
    ("Pneumothorax: none seen", "absent"),
    ("Pneumothorax: no evidence", "absent"),
    ("Pneumothorax? No.", "absent"),
    ("Pneumonia: unlikely", "absent"),
    ("Edema: resolved", "absent"),
    ("Pleura: no effusion", "absent"),
    ("Lungs: clear", "absent"),
    ("Pleural effusion: yes", "present"),
    ("Cardiomegaly: present", "present"),
    ("Effusion? Yes.", "present"),
    ("Pleural effusion: small, left", "present"),
    ("Pneumothorax: left", "present"),
    ("Right nodule: 8 mm", "present"),
    ("Effusion: no change", "present"),
    ("Pleura: small right effusion", "present"),
    ("Effusion: none on the right, small on the left", "present"),
    ("Pneumonia: possible", "uncertain"),
    ("Pneumonia - cannot be excluded", "uncertain"),
    ("Left nodule: questionable", "uncertain"),
    ("Pneumothorax: yes, effusion: none", "present"),
]

DOUBT = [
    ("? left lower lobe pneumonia", "uncertain"),
    ("?Pneumonia at the right base.", "uncertain"),
    ("Right effusion?", "uncertain"),
    ("R/O pneumonia.", "uncertain"),
    ("Rule out fracture of the left clavicle.", "uncertain"),
    ("Pneumonia is not ruled out.", "uncertain"),
    ("A small pneumothorax is not excluded.", "uncertain"),
    ("Aspiration pneumonia should be considered.", "uncertain"),
    ("Pneumonia is a consideration.", "uncertain"),
    ("Edema is in the differential.", "uncertain"),
    ("Consider early pneumonia.", "uncertain"),
    ("Atelectasis versus pneumonia at the left base.", "uncertain"),
    ("Left base atelectasis vs. infiltrate.", "uncertain"),
    ("Pneumonia is less likely.", "uncertain"),
    ("In the proper clinical setting, pneumonia is possible.", "uncertain"),
    ("Left base opacity ? atelectasis.", "present"),
    ("Right base opacity, atelectasis versus pneumonia.", "present"),
    ("Left basilar opacity, pneumonia unlikely.", "present"),
    # "Unlikely" is read as a denial, as in the rules of CheXpert; "less likely" is a doubt.
    ("Unlikely pneumonia.", "absent"),
    ("Pneumonia is unlikely.", "absent"),
    ("Pneumonia is felt to be highly unlikely.", "absent"),
    ("Pneumothorax has been ruled out.", "absent"),
]

PEOPLE_AND_ADVICE = [
    ("New left pneumothorax discussed with Dr. Lee at 3 p.m.", "present"),
    ("Left pneumothorax was called to the emergency department.", "present"),
    ("Dr. Lee was told of the right pneumothorax.", "present"),
    ("The resident was notified of the large left effusion.", "present"),
    ("Right lower lobe consolidation, correlate clinically.", "present"),
    ("Left base opacity, which may be pneumonia in the proper clinical setting.", "present"),
    ("Please note the small right effusion.", "present"),
    ("Follow-up of the right upper lobe nodule is recommended.", "present"),
    ("CT is recommended for the left upper lobe nodule.", "present"),
    ("Recommend CT to characterize the right hilar mass.", "present"),
    ("Right nodule for which CT is recommended.", "present"),
    ("No pneumothorax, discussed with Dr. Lee.", "absent"),
    ("Possible right pneumothorax, discussed with Dr. Lee.", "uncertain"),
    ("These findings were discussed with Dr. Lee by telephone.", "not about the image"),
    ("Results were called to the clinic.", "not about the image"),
    ("Recommend CT to exclude a mass.", "not about the image"),
    ("Follow-up radiograph to document resolution of pneumonia.", "not about the image"),
    ("If there is concern for fracture, consider rib views.", "not about the image"),
    ("Clinical correlation for pneumonia is recommended.", "not about the image"),
    ("Evaluation for pneumothorax is limited.", "not about the image"),
]

LISTS = [
    ("No pneumothorax, left effusion has increased.", [("absent", "pneumo"), ("present", "effus")]),
    ("No effusion, right base opacity persists.", [("absent", "effus"), ("present", "opacity")]),
    ("No pneumothorax, cardiomegaly is stable.", [("absent", "pneumo"), ("present", "cardio")]),
    ("No effusion, small right nodule.", [("absent", "effus"), ("present", "nodule")]),
    ("No pneumothorax and left effusion is larger.", [("absent", "pneumo"), ("present", "effus")]),
    ("No pneumothorax with stable left effusion.", [("absent", "pneumo"), ("present", "effus")]),
    ("Left effusion is larger, no pneumothorax.", [("present", "effus"), ("absent", "pneumo")]),
    ("Left effusion is stable, edema has resolved.", [("present", "effus"), ("absent", "edema")]),
    ("Small nodule, pneumothorax has resolved.", [("present", "nodule"), ("absent", "pneumo")]),
    (
        "No pneumothorax, left effusion, or right nodule.",
        [("absent", "pneumo"), ("absent", "effus"), ("absent", "nodule")],
    ),
    (
        "No pneumothorax, effusion, consolidation.",
        [("absent", "pneumo"), ("absent", "effus"), ("absent", "consol")],
    ),
    (
        "Effusion, edema, and pneumothorax have resolved.",
        [("absent", "effus"), ("absent", "edema"), ("absent", "pneumo")],
    ),
    # What reports state and hardly ever deny; an "or" makes it one list.
    (
        "No acute fracture, degenerative changes of the spine.",
        [("absent", "fracture"), ("present", "degen")],
    ),
    (
        "No fracture, degenerative changes, or dislocation.",
        [("absent", "fracture"), ("absent", "degen"), ("absent", "disloc")],
    ),
    ("No scoliosis, degenerative change.", [("absent", "scoliosis"), ("absent", "degen")]),
    (
        "No pneumothorax, effusion, endotracheal tube.",
        [("absent", "pneumo"), ("absent", "effus"), ("present", "endo")],
    ),
    # A size or a number.
    ("No effusion, 5 mm nodule in the apex.", [("absent", "effus"), ("present", "nodule")]),
    ("No effusion, several rib fractures.", [("absent", "effus"), ("present", "fract")]),
    (
        "No effusion, nodule above 5 mm, or mass.",
        [("absent", "effus"), ("absent", "nodule"), ("absent", "mass")],
    ),
    # What was done to the patient.
    ("No infiltrate, effusion, s/p sternotomy.", [("absent", "effus"), ("present", "sterno")]),
    # A place of its own.
    ("No effusion, atelectasis at the left base.", [("absent", "effus"), ("present", "atel")]),
    (
        "No effusion, edema, or atelectasis at the left base.",
        [("absent", "effus"), ("absent", "edema"), ("absent", "atel")],
    ),
    # Parentheses.
    ("No pneumothorax (small left effusion).", [("absent", "pneumo"), ("present", "effus")]),
    ("No opacity (consolidation or nodule).", [("absent", "consol"), ("absent", "nodule")]),
    # Numbers of a list inside one sentence.
    ("No effusion; 2) right nodule; 3) scoliosis.", [("absent", "effus"), ("present", "nodule")]),
    # An answer after a comma.
    ("Effusion, none; right nodule, 6 mm.", [("absent", "effus"), ("present", "nodule")]),
    ("No effusion and pneumothorax are seen.", [("absent", "effus"), ("absent", "pneumo")]),
    ("Right effusion, seen before, has resolved.", [("absent", "effus")]),
]


@pytest.mark.parametrize(
    ("sentence", "assertion"), CHANGE + PRIOR + ANSWER + DOUBT + PEOPLE_AND_ADVICE
)
def test_sentence_in_a_report_is_read_right(sentence: str, assertion: str) -> None:
    (read,) = read_report(sentence).sentences
    assert (read.text, read.assertion) == (sentence, assertion)


@pytest.mark.parametrize(("sentence", "assertion"), CHANGE + DOUBT)
def test_capitals_do_not_change_the_reading(sentence: str, assertion: str) -> None:
    assert phrase_assertion(sentence.upper()) == assertion


@pytest.mark.parametrize(("sentence", "wanted"), LISTS)
def test_each_item_of_a_list_has_its_own_state(
    sentence: str, wanted: list[tuple[str, str]]
) -> None:
    (read,) = read_report(sentence).sentences
    found = {
        word: next(p.assertion for p in read.phrases if word in p.text.lower())
        for _, word in wanted
    }
    assert found == {word: state for state, word in wanted}
