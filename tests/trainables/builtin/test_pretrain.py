import dataclasses
import multiprocessing
import threading

import numpy as np
import open_clip
import pytest
import torch
from safetensors.torch import load_file, save_file

from trainables.builtin import pretrain
from trainables.builtin.batches import TrainingData
from trainables.builtin.model import build_model, build_tokenizer, encode_tokens
from trainables.builtin.pretrain import cache_path, is_cached, load_or_pretrain
from trainables.builtin.training import train_model
from trainables.errors import UserError


@pytest.fixture(scope="module")
def cache(tiny_recipe, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    load_or_pretrain(tiny_recipe, folder)
    return folder


@pytest.fixture
def no_training(monkeypatch):
    def fail(*_):
        raise AssertionError("trained, though the model is in the cache")

    monkeypatch.setattr(pretrain, "train_model", fail)


def weights_of(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def assert_equal_weights(first, second):
    assert first.keys() == second.keys()
    for name in first:
        assert torch.equal(first[name], second[name]), name


def test_model_is_an_open_clip_in_eval_mode_and_float32(tiny_recipe, cache):
    model, tokenizer = load_or_pretrain(tiny_recipe, cache)
    assert isinstance(model, open_clip.CLIP)
    assert not model.training
    assert all(p.dtype == torch.float32 for p in model.parameters())
    assert tokenizer(["a red ball"]).shape == (1, tiny_recipe.context_length)
    assert model.visual.image_mean == open_clip.OPENAI_DATASET_MEAN
    assert model.visual.image_std == open_clip.OPENAI_DATASET_STD
    assert model.visual.image_size == 64


def test_training_moves_the_weights_and_tells_of_every_step(tiny_recipe, tiny_world):
    steps = []
    model = train_model(tiny_world, lambda done, of: steps.append((done, of)))
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    untrained = weights_of(build_model(tiny_recipe))
    for name, tensor in weights_of(model).items():
        assert torch.isfinite(tensor).all(), name
        assert not name.endswith("weight") or not torch.equal(tensor, untrained[name]), name


def test_same_recipe_same_weights(tiny_recipe, tiny_world, cache):
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    cached = weights_of(load_or_pretrain(tiny_recipe, cache)[0])
    assert_equal_weights(weights_of(train_model(tiny_world)), cached)


def test_training_leaves_the_global_generator_alone(tiny_world):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    train_model(tiny_world)
    assert torch.equal(torch.rand(3), expected)


def test_other_seed_other_weights(tiny_recipe):
    other = dataclasses.replace(tiny_recipe, world_seed=4)
    first, second = build_model(tiny_recipe), build_model(other)
    assert not torch.equal(first.positional_embedding, second.positional_embedding)


def test_second_call_reads_the_cache(tiny_recipe, cache, no_training):
    assert is_cached(tiny_recipe, cache)
    calls = []
    load_or_pretrain(tiny_recipe, cache, lambda *step: calls.append(step))
    assert calls == []


def test_cut_captions_encode_as_padded_ones(tiny_recipe, tiny_world, cache):
    model, tokenizer = load_or_pretrain(tiny_recipe, cache)
    tokens = tokenizer(["a red ball", "a photo of two blue fish on the beach"])
    length = int(tokens.argmax(dim=1).max()) + 1
    with torch.no_grad():
        cut = encode_tokens(model, model.token_embedding.weight, tokens[:, :length])
        torch.testing.assert_close(cut, model.encode_text(tokens), atol=1e-5, rtol=0)


def test_batches_show_each_member_once_and_mostly_two_colours(tiny_recipe, tiny_world):
    data = TrainingData(tiny_recipe, tiny_world.train)
    pools = tiny_world.train
    for step in range(6):
        members, _, _, scenes = data.choose(step)
        assert len(set(pools.members.groups[members])) == tiny_recipe.batch_members
        if step % tiny_recipe.mixed_colours_every:
            assert len(set(pools.scenes.groups[scenes])) <= 2
        images, tokens, texts = data.batch(step)
        assert len(images) == len(tokens) == len(texts) == tiny_recipe.batch_size
        assert abs(float(images.mean())) < 2


def test_all_captions_fit_the_context(tiny_recipe, tiny_world):
    tokenizer = build_tokenizer(dataclasses.replace(tiny_recipe, context_length=77))
    pools, generic = tiny_world.train, tiny_world.captions()
    texts = [*pools.members.captions, *pools.scenes.captions, *generic.train, *generic.evaluation]
    longest = int(tokenizer(texts).argmax(dim=1).max()) + 1
    assert longest <= tiny_recipe.context_length


def damage_middle(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def damage_end(path):
    path.write_bytes(path.read_bytes()[:-100])


def damage_header(path):
    path.write_bytes(b"not a safetensors file")


def damage_shape(path):
    weights = load_file(path)
    weights["positional_embedding"] = weights["positional_embedding"][:3].clone()
    save_file(weights, path, metadata={"sha256": "0" * 64})


def damage_empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize(
    "damage", [damage_middle, damage_end, damage_header, damage_shape, damage_empty]
)
def test_damaged_file_is_made_anew(tiny_recipe, cache, tmp_path, caplog, damage):
    path = cache_path(tiny_recipe, tmp_path)
    path.parent.mkdir()
    path.write_bytes(cache_path(tiny_recipe, cache).read_bytes())
    damage(path)
    assert not is_cached(tiny_recipe, tmp_path)
    caplog.clear()
    model, _ = load_or_pretrain(tiny_recipe, tmp_path)
    assert "made anew" in caplog.text
    assert is_cached(tiny_recipe, tmp_path)
    assert_equal_weights(weights_of(model), weights_of(load_or_pretrain(tiny_recipe, cache)[0]))


def test_weights_of_another_recipe_are_not_taken(tiny_recipe, cache, tmp_path):
    other = dataclasses.replace(tiny_recipe, world_seed=4)
    path = cache_path(other, tmp_path)
    path.parent.mkdir()
    path.write_bytes(cache_path(tiny_recipe, cache).read_bytes())
    assert not is_cached(other, tmp_path)


def test_interrupted_write_leaves_nothing_behind(tiny_recipe, tmp_path, monkeypatch):
    def half(_, path, **__):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(pretrain, "save_file", half)
    with pytest.raises(KeyboardInterrupt):
        load_or_pretrain(tiny_recipe, tmp_path)
    assert not is_cached(tiny_recipe, tmp_path)
    assert not [f for f in tmp_path.rglob("*") if f.is_file() and f.suffix != ".lock"]


def test_unfinished_file_of_a_killed_process_is_not_used(tiny_recipe, cache, tmp_path):
    path = cache_path(tiny_recipe, tmp_path)
    path.parent.mkdir()
    path.with_suffix(".99999.tmp").write_bytes(cache_path(tiny_recipe, cache).read_bytes()[:1000])
    assert not is_cached(tiny_recipe, tmp_path)
    load_or_pretrain(tiny_recipe, tmp_path)
    assert is_cached(tiny_recipe, tmp_path)


def test_unwritable_folder_is_said_in_one_sentence(tiny_recipe, tmp_path):
    (tmp_path / "file").write_text("no folder")
    folder = tmp_path / "file" / "cache"
    with pytest.raises(UserError, match="cannot be written to") as error:
        load_or_pretrain(tiny_recipe, folder)
    assert str(folder) in str(error.value)
    assert "\n" not in str(error.value)
    assert not is_cached(tiny_recipe, folder)


def test_of_two_at_once_one_waits(tiny_recipe, tmp_path, monkeypatch):
    trained = []
    original = pretrain.train_model

    def count(world, progress):
        trained.append(world)
        return original(world, progress)

    monkeypatch.setattr(pretrain, "train_model", count)
    threads = [
        threading.Thread(target=load_or_pretrain, args=(tiny_recipe, tmp_path)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(trained) == 1


@pytest.mark.slow
def test_of_two_processes_both_get_the_model(tiny_recipe, tmp_path):
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=load_or_pretrain, args=(tiny_recipe, tmp_path)) for _ in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert is_cached(tiny_recipe, tmp_path)
