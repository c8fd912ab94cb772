"""The front of searches at the command line: what it shows, compares and emits."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from analysis.front.candidates import Candidate
from analysis.front.rules import Choice
from sweeps.chosen import sweep_of
from sweeps.front import FORMATS, show_front
from sweeps.searching.candidates import trials_of
from sweeps.searching.spec import Search, search_from
from sweeps.searching.storage import storage_url
from sweeps.searching.study import ask, candidates_of, open_study, tell
from sweeps.spec import load_sweep
from trainables.config import TrialConfig
from trainables.errors import UserError

SPEC: dict[str, Any] = {
    "name": "mine",
    "description": "A trade-off.",
    "preset": "builtin",
    "fixed": {"encoder": "text", "num_names": 8},
    "space": {
        "alpha": {"low": 0.1, "high": 32.0, "log": True},
        "beta": {"low": 1.0e-4, "high": 0.1, "log": True},
        "num_steps": {"low": 100, "high": 400, "step": 50},
        "lr_schedule": {"choices": ["constant", "step"]},
        "lr_milestones": {
            "choices": [[0.6, 0.85], [0.5, 0.75]], "when": {"lr_schedule": "step"},
        },
        "lr_factor": {"low": 0.05, "high": 0.5, "log": True, "when": {"lr_schedule": "step"}},
    },
    "objectives": ["others_tpr", "sim_clean"],
    "constraints": {"idia_tpr": {"max": 0}},
    "sampler": "random",
    "num_candidates": 20,
    "seeds": [0, 1],
    "confirmation_seeds": "10-19",
}  # fmt: skip


def metrics_of(config: TrialConfig) -> dict[str, float]:
    """Stand in for a trial: alpha removes people, and costs others and similarity."""
    alpha = math.log(config.alpha)
    return {
        "others_tpr": 1 - abs(alpha - 1) / 8 - config.seed / 1000,
        "sim_clean": 0.99 - max(0.0, alpha) / 20 + config.beta,
        "idia_tpr": 0.0 if alpha > 0 else 0.5,
        "trial_s": config.num_steps / 10,
    }


def search_with(**changes: Any) -> Search:
    return search_from(SPEC | changes, "mine.yaml")


def begun(results: Path, **changes: Any) -> Search:
    """Run a search whose trials take no time."""
    search = search_with(**changes)
    study = open_study(search, storage_url(results))
    for _ in range(search.num_candidates):
        number, params = ask(study, search)
        tell(study, number, {each.seed: metrics_of(each) for each in trials_of(search, params)})
    return search


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    begun(folder)
    begun(folder, name="again", sampler_seed=1, num_candidates=4)
    begun(folder, name="tpe", sampler="tpe", num_candidates=4)
    begun(folder, name="hopeless", constraints={"idia_tpr": {"max": -1}}, num_candidates=2)
    return folder


def test_the_front_is_shown(results: Path) -> None:
    text = show_front(["mine"], results=results)
    assert text.startswith("mine: the front\n\nCandidate  Seeds")
    assert "A trade-off. Objectives: Others' TPR ↑, Sim Clean ↑" in text
    assert "20 of 20 candidates are complete." in text
    assert "Seeds 10-19 are kept for confirmation" in text


def test_a_spec_file_names_its_search(results: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(SPEC, sort_keys=False))
    assert show_front([str(path)], results=results) == show_front(["mine"], results=results)


def test_the_suffix_tells_the_format(results: Path, tmp_path: Path) -> None:
    for suffix, begins in (("md", "### mine"), ("csv", "candidate,"), ("json", "{"),
                           ("txt", "mine: the front"), ("html", "<!DOCTYPE html>")):  # fmt: skip
        path = tmp_path / f"front.{suffix}"
        assert show_front(["mine"], results=results, out=path) == f"wrote {path}"
        assert path.read_text().startswith(begins)


def test_importances_are_those_of_objectives_and_constraints(results: Path) -> None:
    found = json.loads(show_front(["mine"], results=results, format_name="json"))["importances"]
    assert set(found) == {"others_tpr", "sim_clean", "idia_tpr"}
    assert next(iter(found["idia_tpr"])) == "alpha"


def test_a_folder_takes_all_of_it(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "all"
    told = show_front(["mine"], results=results, out=out)
    assert told == f"wrote tables and 4 figures to {out}: open {out / 'mine-front'}.html"
    names = {path.name for path in out.iterdir()}
    figures = ("front", "hypervolume", "importances", "parallel")
    assert names == {f"mine-front.{suffix}" for suffix in ("txt", "md", "csv", "json", "html")} | {
        f"mine-{figure}.{suffix}" for figure in figures for suffix in ("svg", "pdf")
    }


def test_searches_are_compared(results: Path, tmp_path: Path) -> None:
    text = " ".join(show_front(["tpe", "mine", "again"], results=results).split())
    assert "tpe has more hypervolume than random in" in text
    assert "of 1 repeat of equal sampler seed" in text
    for format_name in FORMATS:
        assert show_front(["tpe", "mine"], results=results, format_name=format_name)
    show_front(["tpe", "mine"], results=results, out=tmp_path / "both")
    assert {path.suffix for path in (tmp_path / "both").iterdir()} == {
        ".txt", ".md", ".csv", ".json", ".html", ".svg", ".pdf",
    }  # fmt: skip


def test_the_chosen_setting_is_emitted_on_fresh_seeds(results: Path, tmp_path: Path) -> None:
    path = tmp_path / "best-text.yaml"
    told = show_front(["mine"], results=results, rule="best-sim-clean", emit=path)
    sweep = load_sweep(str(path))
    search = search_with()
    found = json.loads(show_front(["mine"], results=results, format_name="json",
                                  rule="best-sim-clean"))  # fmt: skip
    number = found["chosen"]["candidate"]
    assert told.endswith(f"wrote {path}: candidate {number} on fresh seeds")
    (params,) = (each["params"] for each in found["candidates"] if each["number"] == number)
    expected = [config.model_copy(update={"seed": seed})
                for seed in range(10, 20) for config in trials_of(search, params)[:1]]  # fmt: skip
    assert sweep.trials() == expected
    assert sweep.name == "best-text"
    assert sweep.description == (
        f"Candidate {number} of the search mine, chosen on seeds 0-1 by the rule best-sim-clean, "
        "on seeds that the search did not use."
    )
    assert json.loads(show_front(["mine"], results=results, format_name="json", emit=path))
    show_front(["mine"], results=results, rule="best-sim-clean", emit=path)
    content = yaml.safe_load(path.read_text())
    assert content["axes"] == {"seeds": "10-19"}
    assert {"alpha", "beta", "num_names"} <= set(content["fixed"])
    # What the preset decides stays the preset's.
    assert (content["preset"], "num_candidates" in content["fixed"]) == ("builtin", False)


def choice_of(params: dict[str, Any]) -> Choice:
    return Choice(candidate=Candidate(number=3, params=params), rule="knee", help="")


@pytest.mark.parametrize("schedule", ["constant", "step"])
@pytest.mark.parametrize("preset", ["builtin", "ecai2024"])
def test_any_candidate_comes_back_exactly(schedule: str, preset: str, tmp_path: Path) -> None:
    params = {"alpha": 1 / 3, "beta": 1e-4, "num_steps": 350, "lr_schedule": schedule}
    if schedule == "step":
        params |= {"lr_milestones": "0.5, 0.75", "lr_factor": 0.1234567890123}
    search = search_with(preset=preset, confirmation_seeds=[4, 9, 30])
    sweep = sweep_of(search, choice_of(params), "exact")
    (config, *_) = trials_of(search, params)
    assert sweep.trials() == [config.model_copy(update={"seed": seed}) for seed in (4, 9, 30)]


def test_of_both_encoders_neither_takes_the_settings_of_the_other() -> None:
    space = {"alpha": SPEC["space"]["alpha"], "image_beta": SPEC["space"]["beta"]}
    space["alpha_growth"] = {"low": 0.5, "high": 4}
    fixed = {"encoder": "both", "num_names": 8}
    search = search_with(fixed=fixed, space=space)
    params = {"alpha": 3.0, "image_beta": 0.05, "alpha_growth": 2.0}
    sweep = sweep_of(search, choice_of(params), "both-best")
    first = sweep.trials()[0]
    assert (first.alpha, first.image_beta) == (3.0, 0.05)
    assert first.alpha_growth == first.image_alpha_growth == 2
    alone = search_with(fixed=fixed, space={"image_beta_growth": {"low": 0.5, "high": 4}})
    only = sweep_of(alone, choice_of({"image_beta_growth": 2.0}), "image-grows").trials()[0]
    assert (only.beta_growth, only.image_beta_growth) == (None, 2)
    assert first == trials_of(search, params)[0].model_copy(update={"seed": 10})


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (["mien"], {}, r"^there is no search 'mien' in .*: did you mean 'mine'\?$"),
        (["mine"], {"format_name": "tex"}, r"^unknown format 'tex' of the front: "),
        (["mine"], {"out": Path("front.doc")}, r"^--out front\.doc: unknown suffix: choose from "),
        (["mine"], {"rule": "kne"}, r"^unknown rule 'kne': did you mean 'knee'\?$"),
        (["mine"], {"emit": Path("best.txt")}, r"^--emit best\.txt: a sweep is a \.yaml file\.$"),
        (["mine"], {"emit": Path("My best.yaml")}, r"^--emit My best\.yaml: name 'My best' is"),
        (["hopeless"], {"emit": Path("x.yaml")}, r"^--emit x\.yaml: no candidate of hopeless is"),
        (["mine", "tpe"], {"emit": Path("x.yaml")}, r"^--emit takes one search, not 2\.$"),
        (["mine", "tpe"], {"rule": "best-sim-clean"}, r"^--rule takes one search, not 2\.$"),
        (["mine", "hopeless"], {}, r"^mine and hopeless cannot be compared: their constraints"),
    ],
)
def test_mistakes_are_said_in_a_sentence(
    results: Path, names: list[str], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        show_front(names, results=results, **options)
    assert not Path("x.yaml").exists()


def test_nothing_has_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^there are no studies at "):
        show_front(["mine"], results=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_search_that_is_running_is_shown_as_far_as_it_is(tmp_path: Path) -> None:
    search = search_with()
    study = open_study(search, storage_url(tmp_path))
    ask(study, search)
    text = show_front(["mine"], results=tmp_path)
    assert "0 of 20 candidates are complete (1 running)." in text
    assert [each.state for each in candidates_of(study)] == ["running"]
