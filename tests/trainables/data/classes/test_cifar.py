import contextlib
import pickle
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.datasets import CIFAR10 as TORCHVISION_10
from torchvision.datasets import CIFAR100 as TORCHVISION_100

from trainables.data.classes import cifar
from trainables.data.classes.read import classes_digest, read_classes
from trainables.errors import UserError
from trainables.profile.schema import ClassSource

_NAMES = [f"kind_{number}" for number in range(10)]


def short(text):
    return b"U" + bytes([len(text)]) + text


def old_pickle(value):
    """Write a value as Python 2 did when CIFAR was published, by protocol 2."""
    if isinstance(value, str):
        return short(value.encode())
    if isinstance(value, int):
        return b"K" + bytes([value])
    if isinstance(value, list):
        return b"](" + b"".join(map(old_pickle, value)) + b"e"
    if isinstance(value, dict):
        pairs = b"".join(old_pickle(key) + old_pickle(inner) for key, inner in value.items())
        return b"}(" + pairs + b"u"
    raw = value.tobytes()
    kind = b"cnumpy\ndtype\n" + short(b"u1") + b"K\0K\1\x87R(K\3" + short(b"|")
    kind += b"NNN" + 2 * b"J\xff\xff\xff\xff" + b"K\0tb"
    shape = b"".join(b"M" + struct.pack("<H", side) for side in value.shape)
    return (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85" + short(b"b") + b"\x87R"
        b"(K\1" + shape + b"\x86" + kind + b"\x89T" + struct.pack("<I", len(raw)) + raw + b"tb"
    )


def dumped(value):
    return b"\x80\x02" + old_pickle(value) + b"."


@pytest.fixture
def data(rng):
    return rng.integers(0, 256, (6, 3072), np.uint8)


@pytest.fixture
def cifar10(tmp_path, data):
    write(tmp_path, {"data": data, "labels": [3, 0, 9, 9, 1, 2]}, {"label_names": _NAMES})
    return tmp_path


def write(root, batch, meta, dump=dumped):
    folder = root / "cifar-10-batches-py"
    folder.mkdir(exist_ok=True)
    (folder / "test_batch").write_bytes(dump(batch))
    (folder / "batches.meta").write_bytes(dump(meta))


def read(root, name="cifar10", **options):
    return read_classes(name, ClassSource(path=str(root), **options))


@pytest.mark.parametrize(
    ("ours", "theirs"), [(cifar.CIFAR10, TORCHVISION_10), (cifar.CIFAR100, TORCHVISION_100)]
)
def test_files_are_where_torchvision_has_them(ours, theirs):
    assert ours.folder == theirs.base_folder
    assert [ours.test] == [name for name, _ in theirs.test_list]
    assert ours.meta == theirs.meta["filename"]
    assert ours.names == theirs.meta["key"]


def test_cifar10_is_read_as_by_torchvision(cifar10, monkeypatch):
    monkeypatch.setattr(TORCHVISION_10, "train_list", [])
    monkeypatch.setattr(TORCHVISION_10, "test_list", [["test_batch", None]])
    monkeypatch.setattr(TORCHVISION_10, "meta", TORCHVISION_10.meta | {"md5": None})
    with warnings.catch_warnings():
        # torchvision unpickles by numpy's old names.
        warnings.simplefilter("ignore")
        expected = TORCHVISION_10(cifar10, train=False)
    found = read(cifar10)
    assert (found.pictures.read(np.arange(6), 32) == expected.data).all()
    assert found.labels.tolist() == expected.targets
    assert found.class_names == tuple(name.replace("_", " ") for name in expected.classes)


def test_cifar100_has_fine_labels(tmp_path, data):
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    labels = [99, 0, 50, 1, 2, 3]
    batch = {"data": data, "fine_labels": labels, "coarse_labels": [0] * 6, "filenames": ["a"] * 6}
    (folder / "test").write_bytes(dumped(batch))
    names = [f"fine_{number}" for number in range(100)]
    coarse = [f"coarse_{number}" for number in range(20)]
    meta = {"fine_label_names": names, "coarse_label_names": coarse}
    (folder / "meta").write_bytes(dumped(meta))
    found = read(tmp_path, "cifar100", max_images=3)
    assert found.labels.tolist() == [99, 50, 3]
    assert found.class_names[99] == "fine 99"
    pixels = data[2].reshape(3, 32, 32).transpose(1, 2, 0)
    assert (found.pictures.read(np.array([1]), 32)[0] == pixels).all()


@pytest.mark.parametrize("protocol", [3, 4])
@pytest.mark.parametrize("order", ["C", "F"])
def test_files_that_were_pickled_again_are_read(tmp_path, data, protocol, order):
    batch = {b"data": np.asarray(data, order=order), b"labels": [0, 1, 2, 3, 4, 5]}
    meta = {b"label_names": [name.encode() for name in _NAMES]}
    write(tmp_path, batch, meta, lambda value: pickle.dumps(value, protocol))
    found = read(tmp_path)
    assert found.class_names[3] == "kind 3"
    pixels = data[5].reshape(3, 32, 32).transpose(1, 2, 0)
    assert (found.pictures.read(np.array([5]), 32)[0] == pixels).all()


class Hostile:
    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return Path.touch, (self.canary,)


def hostile_pickles(canary):
    name = short(str(canary).encode())
    return {
        "touch": pickle.dumps(Hostile(canary), 2),
        "touch 4": pickle.dumps({"label_names": Hostile(canary)}, 4),
        "system": b"\x80\x02cposix\nsystem\n" + short(f"touch {canary}".encode()) + b"\x85R.",
        "text": f"cos\nsystem\n(S'touch {canary}'\ntR.".encode(),
        "inst": f"(S'touch {canary}'\nios\nsystem\n.".encode(),
        "obj": b"(cos\nsystem\n" + short(f"touch {canary}".encode()) + b"o.",
        "newobj": b"\x80\x02cpathlib\nPosixPath\n" + name + b"\x85\x81.",
        "eval": b"\x80\x02c__builtin__\neval\n" + short(b"open('x', 'w')") + b"\x85R.",
        "within numpy": b"\x80\x02cnumpy.testing._private.utils\nrunstring\n.",
        "dotted": b"\x80\x04\x8c\x05numpy\x8c\x08f2py.sys\x93.",
        "extension": b"\x80\x02\x82\x01.",
        "persistent": b"\x80\x02" + name + b"Q.",
        "built stand-in": b"\x80\x02cnumpy\ndtype\n}" + short(b"__init__") + b"K\1sb.",
        "slots of a stand-in": b"\x80\x02cnumpy\ndtype\nN}" + short(b"a") + b"K\1s\x86b.",
    }


@pytest.mark.parametrize("file", ["batches.meta", "test_batch"])
@pytest.mark.parametrize("which", hostile_pickles(Path("canary")))
def test_a_pickle_that_would_run_code_is_refused_and_nothing_runs(cifar10, file, which):
    canary = cifar10 / "canary"
    path = cifar10 / "cifar-10-batches-py" / file
    path.write_bytes(hostile_pickles(canary)[which])
    with pytest.raises(UserError, match=f"cifar10: .*{file} is not") as refused:
        read(cifar10)
    assert "\n" not in str(refused.value)
    assert not canary.exists()


def test_what_would_have_run_is_named(cifar10):
    path = cifar10 / "cifar-10-batches-py" / "test_batch"
    path.write_bytes(hostile_pickles("canary")["system"])
    with pytest.raises(UserError, match=r"since it would run 'posix.system' when unpickled; take"):
        read(cifar10)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "EOFError"),
        (b"\x80\x02}.", "no list 'label_names' is in it"),
        (b"\x80\x02K\1.", "no dict is in it"),
        (b"\x80\x02})" + b"\x85" * 200_000 + b"K\1s.", "a tuple is in the place of a text"),
        (b"\x80\x02r\xff\xff\xff\x7f.", ""),
        (b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f.", ""),
        (b"\x80\x04\x96\xff\xff\xff\xff\xff\xff\xff\x3f.", "it asks for more than plain values"),
        (dumped({"label_names": _NAMES[:9]}), "9 class names are in it and not 10"),
        (dumped({"label_names": [*_NAMES[:9], 3]}), "a int is in the place of a text"),
        (b"<html>404 Not Found</html>", "it asks for more than plain values"),
    ],
)
def test_damaged_names(cifar10, content, reason):
    path = cifar10 / "cifar-10-batches-py" / "batches.meta"
    path.write_bytes(content)
    with pytest.raises(UserError, match="meta is not the file that is in the archive") as no:
        read(cifar10)
    assert reason in str(no.value)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"labels": [0] * 5}, r"pictures of shape (6, 3072) have 5 labels"),
        ({"labels": [0, 1, 2, 3, 4, 10]}, "a label is none of 0 to 9"),
        ({"labels": [0, 1, 2, 3, 4, "5"]}, "a label is none of 0 to 9"),
        ({"labels": "012345"}, "no list 'labels' is in it"),
        ({"data": np.zeros((6, 3071), np.uint8)}, "pictures of shape (6, 3071) have 6 labels"),
        ({"data": np.zeros((0, 3072), np.uint8), "labels": []}, "have 0 labels"),
        ({"data": [0]}, "no ndarray 'data' is in it"),
    ],
)
def test_a_damaged_batch(tmp_path, data, changes, reason):
    batch = {"data": data, "labels": [0, 1, 2, 3, 4, 5]} | changes
    write(tmp_path, batch, {"label_names": _NAMES})
    with pytest.raises(UserError, match="test_batch is not the file that is in the arch") as no:
        read(tmp_path)
    assert reason in str(no.value)


def test_an_array_of_another_type_is_refused(tmp_path, data):
    batch = {"data": data.astype(np.int64), "labels": [0] * 6}
    write(tmp_path, batch, {"label_names": _NAMES}, lambda value: pickle.dumps(value, 3))
    with pytest.raises(UserError, match="an array in it is none of bytes"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_files_that_are_not_there(tmp_path, name):
    for give in (read_classes, classes_digest):
        with pytest.raises(UserError, match=rf"{name}: cannot read .*meta \(No such file"):
            give(name, ClassSource(path=str(tmp_path)))


def test_the_digest_covers_names_and_pictures(cifar10, data):
    asked = ClassSource(path=str(cifar10))
    digests = [classes_digest("cifar10", asked)]
    labels = [0, 1, 2, 3, 4]
    write(cifar10, {"data": data[:5], "labels": labels}, {"label_names": _NAMES})
    digests.append(classes_digest("cifar10", asked))
    write(cifar10, {"data": data[:5], "labels": labels}, {"label_names": [*_NAMES[:9], "other"]})
    digests.append(classes_digest("cifar10", asked))
    write(cifar10, {"data": data[1:], "labels": labels}, {"label_names": [*_NAMES[:9], "other"]})
    digests.append(classes_digest("cifar10", asked))
    assert len(set(digests)) == 4


_META = dumped({"label_names": _NAMES})
_BATCH = dumped({"data": np.zeros((1, 3072), np.uint8), "labels": [1]})
_OPCODES = [pickle.GLOBAL, pickle.REDUCE, pickle.BUILD, pickle.TUPLE1, pickle.STOP, pickle.MARK]


def edits(whole):
    one = st.tuples(
        st.integers(0, len(whole)), st.integers(0, 9),
        st.one_of(st.binary(max_size=9), st.sampled_from(_OPCODES)),
    )  # fmt: skip
    return st.lists(one, max_size=4)


@settings(max_examples=150, deadline=None)
@given(edits(_META), edits(_BATCH[:300]))
def test_any_pickles_are_read_or_a_sentence(tmp_path_factory, meta_edits, batch_edits):
    contents = []
    for content, changes in ((_META, meta_edits), (_BATCH, batch_edits)):
        for start, length, new in changes:
            content = content[:start] + new + content[start + length :]
        contents.append(content)
    root = tmp_path_factory.getbasetemp() / "any-cifar"
    root.mkdir(exist_ok=True)
    write(root, contents[1], contents[0], lambda content: content)
    with contextlib.suppress(UserError):
        assert len(read(root).labels) == 1
