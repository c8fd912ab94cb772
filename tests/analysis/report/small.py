"""A small experiment for tests of the report, and text that must never become markup."""

import json

from analysis.people import build_people
from analysis.report.page import page_of

HOSTILE = '</script><script>alert("x")</script><img src=x onerror=alert(1)>\'&'
MEASURED = {"idia_tpr": 0.25, "idia_fnr": 0.75, "sim_clean": 0.98, "trial_s": 20.0, "train_s": 15.0}
SEEN = {
    "hostname": "gpu-7", "device": "cuda", "cpu": "a fast one", "commit": "0123abcd",
    "versions": json.dumps({"torch": "2.13.0", "ray": "2.60.0"}),
}  # fmt: skip


def made_page(experiment, figures=()):
    return page_of(experiment, build_people(experiment), figures)
