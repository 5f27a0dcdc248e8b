"""Rules for which no scheme is played, and why."""

WITHOUT_SCHEME = {
    "anomaly": "describes no abuse: it ranks unusual conduct of every kind, so that all schemes are its test.",
    "spoofing_anonymous": "the same conduct as `spoofing`, on a feed whose accounts were taken out.",
    "layering_anonymous": "the same conduct as `layering`, on a feed whose accounts were taken out.",
    "data_gap": "is no conduct of traders but of a feed: it reads what ingest observed of a silent or lossy source.",
    "clock_skew": "is no conduct of traders but of a clock: it reads what ingest observed of receive times.",
    "rule_silent": "is no conduct of traders: it reads what the detector's own canaries found.",
}
