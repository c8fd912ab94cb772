import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.data import _TEMPLATE
from trainables.errors import UserError
from trainables.profile.read import _Reader, inspect_profile, load_profile
from trainables.profile.schema import ClassSource, IdentitySource, Occurrences

SIX_FAULTS = """
people: {layout: facescrb, path: faces}
captions:
  train: {path: "${NO_SUCH_VARIABLE}/a.parquet", column: TEXT}
  evl: b.txt
images:
  train: {path: coco, colum: x}
zeroshot:
  imagenet-v2: 3
zroshot: {}
"""


@pytest.fixture
def profile(tmp_path):
    def profile(text):
        (tmp_path / "data.yaml").write_text(text)
        return inspect_profile(tmp_path / "data.yaml")

    return profile


def test_paths_start_at_the_profile_and_take_variables(profile, tmp_path, monkeypatch):
    monkeypatch.setenv("DATA", "/data")
    monkeypatch.setenv("HOME", "/home/someone")
    found = profile(
        """
people:
  layout: list
  path: ${DATA}/celeba
  list_file: ~/identity.txt
  names_file: ../names.csv
  occurrences: {path: counts.csv, max: 30}
captions: {train: "hf://datasets/a/b@c/d.parquet", eval: captions.txt}
images: {eval: "shards/{00..41}.tar"}
zeroshot: {imagenet-v2: v2, mine: {path: mine, templates: ["a {}"]}, identities: true}
models: {ViT-B-32/laion400m_e32: $DATA/vit.pt}
"""
    )
    assert not found.faults
    assert found.people.path == "/data/celeba"
    assert found.people.list_file == "/home/someone/identity.txt"
    assert found.people.names_file == str(tmp_path.parent / "names.csv")
    assert found.people.occurrences == Occurrences(path=str(tmp_path / "counts.csv"), max=30)
    assert found.captions["train"].path == "hf://datasets/a/b@c/d.parquet"
    assert found.captions["eval"].path == str(tmp_path / "captions.txt")
    assert found.images["eval"].path == str(tmp_path / "shards/{00..41}.tar")
    assert "train" not in found.images
    assert list(found.zeroshot) == ["imagenet-v2", "mine", "identities"]
    assert found.zeroshot["mine"] == ClassSource(path=str(tmp_path / "mine"), templates=("a {}",))
    assert found.zeroshot["identities"] == IdentitySource()
    assert found.models == {"ViT-B-32/laion400m_e32": "/data/vit.pt"}


def test_every_fault_is_named_and_hides_no_other(profile):
    found = profile(SIX_FAULTS)
    assert [fault.part for fault in found.faults] == [
        "zroshot", "people.layout", "captions.train.path", "captions.evl", "images.train.colum",
        "zeroshot.imagenet-v2",
    ]  # fmt: skip
    for fault in found.faults:
        assert fault.sentence.startswith(f"{found.path}, {fault.part}: ")
    assert found.people is None
    assert not found.captions
    assert not found.images


def test_the_first_fault_stops_a_trial_and_says_that_there_are_more(profile):
    path = profile(SIX_FAULTS).path
    with pytest.raises(UserError, match=r"zroshot: .* did you mean 'zeroshot'.*and 5 more"):
        load_profile(str(path))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- a", "a data profile is a mapping"),
        ("people: [1", "line"),
        ("people: {}\npeople: {}", "given twice"),
    ],
)
def test_what_is_no_profile_is_one_sentence(profile, text, sentence):
    with pytest.raises(UserError, match=sentence):
        profile(text)


def test_a_profile_that_is_not_there_says_how_to_make_one(tmp_path):
    with pytest.raises(UserError, match="unremember data init"):
        inspect_profile(tmp_path / "none.yaml")


def test_the_template_has_no_fault_and_says_nothing_yet(profile):
    found = profile(_TEMPLATE.read_text())
    assert not found.faults
    assert found.people is None
    assert not found.captions
    assert not found.images
    assert not found.zeroshot
    assert not found.models


def test_the_template_read_without_its_marks_names_only_what_there_is(profile, monkeypatch):
    """Each example in the template is right, but for the layouts, of which one is to be chosen."""
    monkeypatch.setenv("DATA", "/data")
    monkeypatch.setenv("WEIGHTS", "/weights")
    lines = _TEMPLATE.read_text().split("# Names of nobody")[1].splitlines()[1:]
    shown = [
        line.replace("# ", "", 1)
        for line in lines
        if not line.startswith("#") or line.startswith(("# candidates", "#   "))
    ]
    found = profile("\n".join(shown))
    assert not found.faults
    assert found.candidates.last_names == "/data/us_census_2010_last_names.csv"
    assert set(found.captions) == set(found.images) == {"train", "eval"}
    assert len(found.zeroshot) == 8
    assert len(found.models) == 1


words = st.sampled_from(
    ["people", "captions", "train", "path", "layout", "folders", "zeroshot", "builtin", "${X}", ""]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | words | st.text("a:/~{", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.integers(), inner),
    max_leaves=6,
)


@given(st.dictionaries(words, values))
def test_no_content_breaks_the_reader(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    for fault in _Reader(path).read(content).faults:
        assert fault.sentence.startswith(str(path))
