"""The participles by which a report says that something shows on an image."""

SEEN = (
    "seen|identified|visuali[sz]ed|present|demonstrated|appreciated|evident|noted|detected|"
    "observed|apparent|found|visible|recogni[sz]ed|discerned|discernible|conspicuous|perceptible|"
    "delineated|shown|depicted|perceived|obvious|in evidence|"
    "reproduced|reproducible|confirmed|substantiated|convincing"
)
"""Alternatives of a cue: put them in a group."""
