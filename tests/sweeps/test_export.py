"""From a trial to the folder that another library loads: kept, or trained again from its record."""

import errno
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import open_clip
import pytest
import ray
import torch

from sweeps import cli
from sweeps.events import SweepEvent
from sweeps.journal import Journal, read_events
from sweeps.launch import run_trials
from sweeps.students import Students, read_student, student_path
from sweeps.trials import Trial
from tests.assets import PEOPLE, tiny_assets
from tests.conftest import builtin_config
from tests.models import RESNET, tiny_clip
from tests.sweeps.fakes import event
from trainables.assets import assets_key
from trainables.config import TrialConfig, trial_key
from trainables.errors import UserError
from trainables.export.state import put_students, student_arrays
from trainables.fingerprints import fingerprints
from trainables.models.load import LoadedClip
from trainables.outcome import Measured
from trainables.pseudonyms import own_key, pseudonym
from trainables.trial import TrialRunner
from trainables.tune import TrialTrainable

SEED = 7654321
PROVENANCE = {
    "versions": {"unremember": "9.9.9", "torch": "8.8.8"}, "git_commit": "abcdef0",
    "hostname": "somebodys-machine", "command": "unremember run /home/somebody/sweep.yaml",
}  # fmt: skip


def config_of(encoder: str) -> TrialConfig:
    changes: dict[str, Any] = {
        "num_steps": 4, "clean_batch_size": 4, "backdoor_batch_size": 4, "lr_milestones": (3,),
        "people": "all", "num_names": 2, "seed": SEED, "learning_rate": 1e-3,
    }  # fmt: skip
    if encoder == "both":
        changes |= {f"image_{name}": changes[name] for name in ("num_steps", "lr_milestones")}
        changes |= {"image_clean_batch_size": 4, "image_backdoor_batch_size": 4}
    return builtin_config(encoder, **changes)


def key_of(config: TrialConfig) -> str:
    return trial_key(config, fingerprints(config))


@functools.cache
def finished(encoder: str) -> tuple[dict[str, float], dict[str, Any]]:
    """A trial's metrics and students; both are what they were before whenever it is run."""
    found: dict[str, Any] = {}
    runner = TrialRunner(tiny_assets(encoder), torch.device("cpu"))
    *_, measured = runner.run(
        config_of(encoder), lambda trained: found.update(student_arrays(trained.students))
    )
    assert isinstance(measured, Measured)
    return measured.metrics, found


def write_trial(
    results: Path, monkeypatch: pytest.MonkeyPatch, encoder: str, *, keep: bool, **metrics: float
) -> str:
    """Journal a finished trial, and keep its students or not."""
    config = config_of(encoder)
    measured, students = finished(encoder)
    trial = Trial(key_of(config), config, ("mine",))
    monkeypatch.setattr(ray, "get", lambda offered: offered)
    with Journal(results) as journal:
        sweep = {"name": "mine", "keep": "all" if keep else "none"}
        journal.append(SweepEvent(sweep=sweep, trial_keys=(trial.key,), at=0))
        keeper = Students([trial], results)
        keeper.keep(trial, {"metrics": measured, "students": dict(students)})
        fields = config.model_dump(mode="json")
        journal.append(
            event(trial.key, config=fields, metrics=measured | metrics, provenance=PROVENANCE)
        )
    return trial.key


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNREMEMBER_RESULTS", raising=False)
    monkeypatch.setattr(
        "trainables.models.load.load_clip", lambda config, progress: LoadedClip(tiny_clip(), 77)
    )
    monkeypatch.setattr(
        "trainables.building.assets.build_assets",
        lambda config, device, progress: tiny_assets(config.encoder),
    )


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def call(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(["export", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def defended(encoder: str) -> open_clip.CLIP:
    clip = tiny_clip()
    put_students(clip, finished(encoder)[1])
    return clip


def assert_loads_as(path: Path, expected: open_clip.CLIP) -> None:
    found = open_clip.create_model(f"local-dir:{path}").state_dict()
    wanted = expected.state_dict()
    assert found.keys() == wanted.keys()
    for name, weights in wanted.items():
        torch.testing.assert_close(found[name], weights, rtol=0, atol=1e-6)


@pytest.mark.parametrize("encoder", ["text", "image", "both"])
def test_a_kept_student_goes_out_as_it_is(
    call: Any, monkeypatch: pytest.MonkeyPatch, encoder: str
) -> None:
    key = write_trial(Path("results"), monkeypatch, encoder, keep=True)
    monkeypatch.delattr("trainables.building.assets.build_assets")
    code, out, err = call(key[:6], "--to", "open_clip")
    assert (code, out, err) == (0, f"wrote {key}-open_clip\n", "")
    assert_loads_as(Path(f"{key}-open_clip"), defended(encoder))


@pytest.mark.parametrize("encoder", ["text", "both"])
def test_what_was_not_kept_is_trained_again(
    call: Any, monkeypatch: pytest.MonkeyPatch, encoder: str
) -> None:
    key = write_trial(Path("results"), monkeypatch, encoder, keep=False)
    code, out, err = call(key, "--to", "open_clip", "--out", "a/b")
    assert (code, out) == (0, "wrote a/b\n")
    assert "training again: 100%" in err
    assert err.endswith("trained again from its record, and its last loss is 0 off it.\n")
    assert_loads_as(Path("a/b"), defended(encoder))
    assert "\nThe encoder was trained again" in Path("a/b/README.md").read_text()


def test_a_student_that_is_damaged_is_trained_again(
    call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = write_trial(Path("results"), monkeypatch, "text", keep=True)
    student_path(Path("results"), key).write_bytes(b"1234")
    code, _, err = call(key, "--to", "open_clip")
    assert code == 0
    assert "was trained again" in err


def test_a_training_that_went_another_way_is_said(
    call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss = finished("text")[0]["loss"] + 0.25
    key = write_trial(Path("results"), monkeypatch, "text", keep=False, loss=loss)
    code, _, err = call(key, "--to", "open_clip")
    assert code == 0
    assert "warning: the encoder was trained again" in err
    assert "its last loss is 0.25 off it: the metrics are those of a training that went" in err
    assert "0.25 off it" in Path(f"{key}-open_clip/README.md").read_text()


def test_transformers_takes_it_too(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    key = write_trial(Path("results"), monkeypatch, "text", keep=True)
    code, out, _ = call(key, "--to", "transformers", "--out", "x")
    assert (code, out) == (0, "wrote x\n")
    assert {path.name for path in Path("x").iterdir()} >= {
        "config.json",
        "text_encoder",
        "README.md",
    }
    assert not [path for path in Path().iterdir() if path.name.startswith(".x")]


def test_an_image_encoder_that_transformers_has_no_place_for(
    call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "trainables.models.load.load_clip",
        lambda config, progress: LoadedClip(tiny_clip(vision=RESNET), 77),
    )
    key = write_trial(Path("results"), monkeypatch, "text", keep=True)
    code, out, _ = call(key, "--to", "transformers", "--out", "x")
    assert code == 0
    assert out.endswith(
        "only the text encoder: transformers' CLIP has no place for the image encoder.\n"
    )
    assert json.loads(Path("x/config.json").read_text())["model_type"] == "clip_text_model"
    assert "Only the text encoder is here" in Path("x/README.md").read_text()
    other = write_trial(Path("results"), monkeypatch, "image", keep=True)
    code, _, err = call(other, "--to", "transformers", "--out", "y")
    assert code == 2
    assert err == (
        "error: the image encoder ModifiedResNet has no place in transformers' CLIP, which holds "
        "plain vision transformers only: use --to open_clip.\n"
    )
    assert not Path("y").exists()


@pytest.mark.parametrize("library", ["open_clip", "transformers"])
def test_nothing_that_goes_out_tells_who_or_where(
    call: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, library: str
) -> None:
    key = write_trial(Path("results"), monkeypatch, "both", keep=True)
    assert call(key, "--to", library, "--out", "x")[0] == 0
    texts = "".join(
        path.read_text()
        for path in Path("x").rglob("*")
        if path.suffix in {".json", ".md"} and path.name != "vocab.json"
    )
    for secret in (*PEOPLE, str(SEED), key, str(tmp_path), "somebody"):
        assert secret not in texts
    card = Path("x/README.md").read_text()
    assert "**2 people**" in card
    assert "| text encoder: num_steps | 4 |" in card
    assert "| IDIA TPR | " in card
    assert "- torch 8.8.8" in card


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("KEY", "--to", "onnx"), "unknown --to 'onnx': choose from open_clip, transformers."),
        (("KEY", "--to", "open_clop"), "unknown --to 'open_clop': did you mean 'open_clip'?"),
        (("KEY", "--to", "open_clip", "--out", "full"), "--out: full is there already: name"),
        (("KEY", "--to", "open_clip", "--out", "file"), "--out: file is there already: name"),
        (("KEY", "--to", "open_clip", "--out", "file/x"), "cannot write file/x: File exists."),
        (("ffff", "--to", "open_clip"), "trial 'ffff' is the beginning of 2 keys, such as "
         "ffff000000000001 and ffff000000000002: give more of the key."),
        (("eeee", "--to", "open_clip"), "trial eeee000000000001 has not finished: `unremember"),
        (("ffff00000000000x", "--to", "open_clip"), "there is no trial 'ffff00000000000x' in "
         "results: did you mean 'ffff00000000000"),
        (("KEY", "--to", "open_clip", "--results", "empty"), "there is no journal in empty"),
        (("dddd", "--to", "open_clip"), "dddd000000000001 cannot be trained again: its weights or"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence(
    call: Any, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], sentence: str
) -> None:
    key = write_trial(Path("results"), monkeypatch, "text", keep=True)
    fields = config_of("text").model_dump(mode="json")
    with Journal(Path("results")) as journal:
        for other in ("ffff000000000001", "ffff000000000002", "dddd000000000001"):
            journal.append(event(other, config=fields))
        journal.append(event("eeee000000000001", kind="failed"))
    Path("full").mkdir()
    Path("full/something").touch()
    Path("file").touch()
    code, out, err = call(*(key if word == "KEY" else word for word in arguments))
    assert code == 2
    assert out == ""
    assert sentence in err
    assert err.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in err


def test_of_many_trials_only_one_that_is_near_is_named(call: Any) -> None:
    with Journal(Path("results")) as journal:
        for number in range(20):
            journal.append(event(f"{number:04x}abcdef012345"))
    assert "did you mean '0007ab'" in call("0007ax", "--to", "open_clip")[2]
    assert "in results: the tracking store shows" in call("zzzz", "--to", "open_clip")[2]


def test_a_full_disk_leaves_nothing(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    key = write_trial(Path("results"), monkeypatch, "text", keep=True)

    def full(card: Any) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("trainables.export.card.card_text", full)
    code, _, err = call(key, "--to", "open_clip", "--out", "x")
    assert (code, err) == (2, "error: cannot write x: No space left on device.\n")
    assert [path.name for path in Path().iterdir()] == ["results"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning:ray")
def test_from_a_worker_to_the_file_and_out(
    call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNREMEMBER_PSEUDONYM_KEY", str(tmp_path / "pseudonym.key"))
    config = config_of("both")
    real = config.model_copy(update={"data": "/data.yaml"})
    kept = Trial(key_of(config), config, ("kept",))
    left = Trial("0" * 16, real, ("left",))
    ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False)
    try:
        with Journal(Path("results")) as journal:
            for name, keep in (("kept", "best"), ("left", "none")):
                journal.append(SweepEvent(sweep={"name": name, "keep": keep}, trial_keys=(), at=0))
            shared = {assets_key(each): tiny_assets("both") for each in (config, real)}
            run_trials([kept, left], journal, TrialTrainable, shared)
    finally:
        ray.shutdown()
    *sweeps, first, second = read_events(Path("results"))
    assert [found.kind for found in (*sweeps, first, second)] == [
        "sweep", "sweep", "finished", "finished",
    ]  # fmt: skip
    # Invented people by their names, real ones by what only the key's owner can connect with them.
    invented, known = ([person.person for person in each.people] for each in (first, second))
    assert set(invented) <= set(PEOPLE)
    assert known == [pseudonym(name, own_key()) for name in invented]
    assert read_student(Path("results"), left.key) is None
    assert call(kept.key, "--to", "open_clip", "--out", "x")[0] == 0
    assert_loads_as(Path("x"), defended("both"))


def test_a_student_of_other_weights_is_refused(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    key = write_trial(Path("results"), monkeypatch, "text", keep=True)
    monkeypatch.setattr(
        "trainables.models.load.load_clip",
        lambda config, progress: LoadedClip(tiny_clip(layers=3), 77),
    )
    code, _, err = call(key, "--to", "open_clip")
    assert code == 2
    assert "the defended text encoder comes from other weights" in err
    with pytest.raises(UserError):
        put_students(tiny_clip(layers=3), finished("text")[1])
