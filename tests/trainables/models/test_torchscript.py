"""OpenAI's archives: TorchScript that is read without TorchScript."""

import contextlib
import pickle
import warnings
import zipfile

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainables.models.conftest import Evil
from trainables.errors import UserError
from trainables.models.checkpoints import read_checkpoint
from trainables.models.instructions import Module, run


class OpenAi(torch.nn.Module):
    """Weights under a class of its own name, with the sizes that OpenAI keeps beside them."""

    def __init__(self, clip):
        super().__init__()
        self.visual = clip.visual
        self.transformer = clip.transformer
        self.token_embedding = clip.token_embedding
        self.ln_final = clip.ln_final
        for name in ("positional_embedding", "text_projection", "logit_scale"):
            setattr(self, name, getattr(clip, name))
        for name, value in (("input_resolution", 32), ("context_length", 16), ("vocab_size", 100)):
            self.register_buffer(name, torch.tensor(value))
        self.strides = [1, 2]
        self.device = torch.device("cpu")

    def forward(self, images):
        return self.visual(images)


def save_script(model, path, example=None):
    with warnings.catch_warnings():
        # Deprecated, but it is what OpenAI's files were made with.
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        made = torch.jit.script(model) if example is None else torch.jit.trace(model, example)
        torch.jit.save(made, path)
    return path


def rewrite(path, changes, compress=False):
    """Put other content into an archive's files."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    root = next(iter(files)).split("/")[0]
    for name, content in changes.items():
        files[f"{root}/{name}"] = content(files.get(f"{root}/{name}"))
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def archive(tmp_path, make):
    return save_script(OpenAi(make("tiny-quickgelu").half()), tmp_path / "ViT-B-32.pt")


@pytest.mark.parametrize("name", ["tiny", "tiny-quickgelu"])
def test_openais_archive_is_read_into_either_name_of_the_architecture(
    archive, load, make, same, name
):
    with pytest.warns(FutureWarning, match="deprecated"):
        assert torch.jit.load(archive).state_dict().keys() >= {"input_resolution", "vocab_size"}
    expected = make("tiny-quickgelu").half().float()
    assert same(load(name, archive), expected)
    assert load(name, archive).logit_scale.dtype == torch.float32
    assert not same(load("tiny", archive), make("tiny").half().float())


def test_a_traced_archive_is_read_too(tmp_path, make, load, same, pixels):
    path = save_script(OpenAi(make("tiny-quickgelu")), tmp_path / "traced.pt", pixels)
    assert same(load("tiny", path), make("tiny-quickgelu"))


def test_an_archive_of_open_clip_keeps_its_activation(tmp_path, make, load, same):
    path = save_script(make("tiny"), tmp_path / "scripted.pt")
    assert same(load("tiny", path), make("tiny"))
    assert same(load("tiny-quickgelu", path), make("tiny"))


def test_an_archive_of_another_architecture(archive, load):
    with pytest.raises(UserError, match=r"does not fit tiny-deep \(it has no transformer"):
        load("tiny-deep", archive)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
def test_an_archive_that_would_run_code_is_refused(archive, load, canary, protocol):
    rewrite(archive, {"data.pkl": lambda _: pickle.dumps(Evil(canary), protocol=protocol)})
    with pytest.raises(UserError, match=r"not a plain checkpoint \(its pickle (would|asks)"):
        load("tiny", archive)


def test_its_code_is_not_looked_at(archive, load, canary):
    code = f"open({str(canary)!r}, 'w')".encode()
    rewrite(archive, {"code/__torch__.py": lambda _: code, "constants.pkl": lambda _: code})
    assert load("tiny", archive)


@pytest.mark.parametrize(
    "instructions",
    [
        b"\x80\x02cposix\nsystem\nX\x01\x00\x00\x00x\x85R.",
        b"\x80\x02cbuiltins\nexec\nX\x01\x00\x00\x00x\x85R.",
        # A call of what a container's method would be, and a class that is not TorchScript's.
        b"\x80\x02ccollections\nOrderedDict\n]\x85R.",
        b"\x80\x02cos\nPathLike\n)\x81.",
        b"\x80\x02c__torch__.x\nY\n(K\x01tq\x00\x81.",
        # The same through older instructions, and by a registered extension.
        b"(iposix\nsystem\n.", b"(cposix\nsystem\nX\x01\x00\x00\x00xo.", b"\x82\x01.",
    ],
)  # fmt: skip
def test_only_what_tensors_need_is_followed(instructions):
    with pytest.raises(ValueError, match="its pickle"):
        run(instructions, pytest.fail)


def test_a_name_that_is_not_called_stays_a_name():
    module = run(b"\x80\x02c__torch__.x\nY\n)\x81}X\x01\x00\x00\x00acos\nsystem\nsb.", pytest.fail)
    assert module.kind == "__torch__.x.Y"
    assert not callable(module.attributes["a"])


def test_modules_that_hold_each_other_come_to_an_end(archive, load):
    # A module whose attribute "a" is itself.
    loop = b"\x80\x02c__torch__.x\nY\n)\x81q\x00}X\x01\x00\x00\x00ah\x00sb."
    assert isinstance(run(loop, pytest.fail), Module)
    rewrite(archive, {"data.pkl": lambda _: loop})
    with pytest.raises(UserError, match="its modules hold each other"):
        load("tiny", archive)


def test_bombs_are_refused(archive, load):
    original = archive.read_bytes()
    rewrite(archive, {"data/0": lambda _: bytes(10_000_000)}, compress=True)
    with pytest.raises(UserError, match="its tensors are compressed"):
        load("tiny", archive)
    archive.write_bytes(original)
    # A storage said to hold 2^30 numbers, in a file of a few kilobytes.
    tensor = (
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n("
        b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000"
        b"X\x03\x00\x00\x00cpuJ\x00\x00\x00@tQ"
        b"K\x00K\x01\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR."
    )
    rewrite(archive, {"data.pkl": lambda _: tensor})
    with pytest.raises(UserError, match="data/0 is shorter than its tensors"):
        load("tiny", archive)


def test_sizes_beyond_the_file_are_refused(archive, load):
    content = bytearray(archive.read_bytes())
    # Of the first file in the central directory: packed and unpacked size.
    place = content.index(b"PK\x01\x02")
    content[place + 20 : place + 28] = (2**31 - 1).to_bytes(4, "little") * 2
    archive.write_bytes(content)
    with pytest.raises(UserError, match="it declares more data than the file has"):
        load("tiny", archive)


def test_a_tensor_that_reaches_beyond_its_data_is_refused(archive, load):
    rewrite(archive, {"data/0": lambda content: content[:-2]})
    with pytest.raises(UserError, match="not a plain checkpoint"):
        load("tiny", archive)


def test_a_zip_archive_of_something_else(tmp_path, load):
    with zipfile.ZipFile(tmp_path / "other.pt", "w") as other:
        other.writestr("../../data.pkl", b"")
    with pytest.raises(UserError, match="a zip archive of something else"):
        load("tiny", tmp_path / "other.pt")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("damaged") / "small.pt"
    return save_script(torch.nn.Linear(2, 1), path).read_bytes()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_archive_is_refused_in_one_sentence(tmp_path_factory, small, data):
    path = tmp_path_factory.getbasetemp() / "damaged-script.pt"
    path.write_bytes(small)

    def damage(content):
        content = bytearray(content)
        for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=6)):
            content[place] = data.draw(st.integers(0, 255))
        return bytes(content)

    rewrite(path, {"data.pkl": damage, "data/0": damage})
    # What is damaged may still be tensors.
    with contextlib.suppress(UserError):
        assert all(isinstance(x, torch.Tensor) for x in read_checkpoint(path, "x").state.values())
