import numpy as np
import open_clip
import pytest

from trainables.data.classes.read import classes_digest, read_classes
from trainables.data.published import WHERE
from trainables.errors import UserError
from trainables.profile.schema import KNOWN_SETS, ClassSource


@pytest.fixture
def letters(tmp_path, write_pictures):
    names = {f"{letter}/{number}.jpg": number for letter in "ab" for number in range(5)}
    return write_pictures(tmp_path, names)


def source(root, **options):
    return ClassSource(path=str(root), **options)


def test_templates_are_those_of_open_clip_unless_others_are_given(letters):
    found = read_classes("letters", source(letters)).templates
    assert len(found) == 80
    for template, plain in zip(open_clip.OPENAI_IMAGENET_TEMPLATES, found, strict=True):
        assert plain.format("sea lion") == template("sea lion")
    given = ("a {}.", "{{the}} {}", "{}")
    assert read_classes("letters", source(letters, templates=given)).templates == given


@pytest.mark.parametrize(
    "template", ["", "a photo", "{} and {}", "{0}", "{name}", "{!r}", "{:>9}", "{", "}", "{:{}}"]
)
@pytest.mark.parametrize("name", ["letters", "cifar10"])
def test_templates_that_take_no_name_are_refused(letters, template, name):
    wrong = source(letters, templates=("a photo of a {}.", template))
    for give in (read_classes, classes_digest):
        with pytest.raises(UserError, match=r"is no template; exactly one \{\} is expected") as no:
            give(name, wrong)
        assert repr(template) in str(no.value)


def test_no_templates_at_all_are_refused(letters):
    with pytest.raises(UserError, match="no template is given; leave `templates` out"):
        read_classes("letters", source(letters, templates=()))


@pytest.mark.parametrize(
    ("limit", "labels", "seen"),
    [
        (None, [0] * 5 + [1] * 5, [0, 1, 2, 3, 4] * 2),
        (99, [0] * 5 + [1] * 5, [0, 1, 2, 3, 4] * 2),
        (4, [0, 0, 1, 1], [0, 3, 1, 4]),
        (1, [0], [0]),
    ],
)
def test_pictures_are_chosen_evenly_with_their_labels(letters, shades, limit, labels, seen):
    found = read_classes("letters", source(letters, max_images=limit))
    assert found.labels.tolist() == labels
    assert found.labels.dtype == np.int64
    assert shades(found) == seen
    assert found.class_names == ("a", "b")


@pytest.mark.parametrize("name", KNOWN_SETS)
def test_published_sets_have_their_own_names(letters, name):
    with pytest.raises(UserError, match=f"{name}: it has its own class names; leave `classes`"):
        read_classes(name, source(letters, classes="names.txt"))


def test_the_digest_tells_what_is_asked_for_apart(letters):
    asked = [{}, {"max_images": 3}, {"max_images": 4}, {"templates": ("a {}.",)},
             {"templates": ("{}",)}]  # fmt: skip
    digests = {classes_digest("letters", source(letters, **options)) for options in asked}
    assert len(digests) == len(asked)
    assert all(len(digest) == 16 for digest in digests)
    assert classes_digest("letters", source(letters)) in digests


@pytest.mark.parametrize("name", KNOWN_SETS)
def test_it_is_said_where_a_set_is_published(name):
    assert WHERE[name].endswith(".")
    assert "http" in WHERE[name]
