from collections import Counter

import numpy as np
import pytest
from faker.providers.person.en_US import Provider

from trainables.data.names import NUM_TOP, names_digest, random_names
from trainables.errors import UserError
from trainables.people import words_of
from trainables.profile.schema import CandidateSource


@pytest.fixture
def write(tmp_path):
    def written(name, text):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(tmp_path / name)

    return written


def firsts(names):
    return [name.split(" ", 1)[0] for name in names]


def test_half_have_male_and_half_female_first_names_by_turns():
    names = random_names(CandidateSource(), (), 501)
    assert len(set(names)) == 501
    assert set(firsts(names[::2])) <= set(Provider.first_names_male)
    assert set(firsts(names[1::2])) <= set(Provider.first_names_female)
    assert {name.split(" ", 1)[1] for name in names} <= set(Provider.last_names)


def test_the_same_names_again_and_fewer_are_the_first_of_more():
    source = CandidateSource()
    names = random_names(source, (), 400)
    assert random_names(source, (), 400) == names
    assert all(random_names(source, (), num) == names[:num] for num in (0, 1, 7, 100))


def test_names_that_are_taken_are_passed_over_and_change_nothing_else():
    source = CandidateSource()
    names = random_names(source, (), 400)
    taken = [names[4].upper(), names[7].replace(" ", "-"), names[300], "Ada Byron"]
    others = random_names(source, taken, 400)
    words = {tuple(words_of(name)) for name in taken}
    assert not words & {tuple(words_of(name)) for name in others}
    for half in (0, 1):
        kept = [name for name in names[half::2] if tuple(words_of(name)) not in words]
        assert list(others[half::2])[: len(kept)] == kept


def test_frequent_names_are_drawn_as_often_as_their_weights_say(write):
    males = {"Ada": 60, "Bea": 30, "Cleo": 10}
    lasts = {f"Name{'x' * place}": 3 if place < 500 else 1 for place in range(1000)}
    table = "\n".join(f"{name},{count}" for name, count in lasts.items())
    source = CandidateSource(
        male_first_names=write("m.csv", "name,count\nAda,60\nBea,30\nCleo,10\n"),
        last_names=write("l.csv", f"name,count\n{table}\n"),
    )
    drawn = random_names(source, (), 400)[::2]
    counts = Counter(firsts(drawn))
    for name, weight in males.items():
        # Four standard deviations of a binomial.
        spread = 4 * np.sqrt(200 * weight / 100 * (1 - weight / 100))
        assert abs(counts[name] - 2 * weight) < spread
    num_frequent = sum(lasts[name.split(" ", 1)[1]] == 3 for name in drawn)
    assert abs(num_frequent - 150) < 4 * np.sqrt(200 * 0.75 * 0.25)


def test_the_first_name_drawn_follows_the_weights(monkeypatch, write):
    """Over many generators in the place of the one."""
    source = CandidateSource(names=write("names.csv", "name,count\nAda,60\nBea,30\nCleo,10\n"))
    counts, seconds = Counter(), Counter()
    for seed in range(1000):
        monkeypatch.setattr(
            "trainables.data.names.generator", lambda *parts, seed=seed: np.random.default_rng(seed)
        )
        first, second = random_names(source, (), 2)
        counts[first] += 1
        seconds[second] += first == "Ada"
    for name, share in {"Ada": 0.6, "Bea": 0.3, "Cleo": 0.1}.items():
        assert abs(counts[name] - 1000 * share) < 4 * np.sqrt(1000 * share * (1 - share))
    # After the most frequent, those that are left are drawn by their weights among each other.
    assert abs(seconds["Bea"] / counts["Ada"] - 0.75) < 0.08


def test_only_the_most_frequent_are_combined(write):
    lines = [f"L{'a' * place},{place + 1}" for place in range(NUM_TOP + 50)]
    source = CandidateSource(last_names=write("l.csv", "\n".join(["name,count", *lines])))
    lasts = {name.split(" ", 1)[1] for name in random_names(source, (), 20_000)}
    assert len(lasts) > NUM_TOP * 0.9
    assert min(map(len, lasts)) > 50


def test_whole_names_are_drawn_from_all(write):
    text = "\n".join(f"Ada L{'a' * place}" for place in range(NUM_TOP + 200))
    source = CandidateSource(names=write("names.txt", text))
    assert set(random_names(source, (), NUM_TOP + 200)) == set(text.splitlines())


def test_names_of_both_sexes_are_drawn_once(write):
    source = CandidateSource(
        male_first_names=write("m.txt", "Kim\nJo\n"), female_first_names=write("f.txt", "KIM\nEve"),
        last_names=write("l.txt", "Coe"),
    )  # fmt: skip
    assert sorted(name.casefold() for name in random_names(source, ["jo coe"], 2)) == [
        "eve coe", "kim coe",
    ]  # fmt: skip


def test_too_few_first_or_last_names_are_said(write):
    source = CandidateSource(
        male_first_names=write("m.txt", "Ed\nJo\n"), last_names=write("l.txt", "Coe\nDay\n")
    )
    assert len(random_names(source, (), 8)) == 8
    with pytest.raises(
        UserError, match=r"9 names .* and 8 can be made of the first and last names"
    ):
        random_names(source, (), 9)
    with pytest.raises(UserError, match=r"8 names .* and 7 can be made"):
        random_names(source, ("ED COE",), 8)


def test_the_digest_tells_lists_and_weights_apart(write):
    texts = {
        "a.csv": "name,count\nAda,5\nBea,4\n",
        "b.csv": "name,count\nAda,5\nBea,3\n",
        "c.csv": "name,count\nAda,5\nBeo,4\n",
        "d.txt": "Ada\nBea\n",
    }
    digests = {names_digest(CandidateSource(names=write(*each))) for each in texts.items()}
    digests.add(names_digest(CandidateSource(last_names=write("a.csv", texts["a.csv"]))))
    digests.add(names_digest(CandidateSource(male_first_names=write("a.csv", texts["a.csv"]))))
    digests.add(names_digest(CandidateSource()))
    assert len(digests) == 7
    assert all(len(digest) == 16 for digest in digests)
    other = CandidateSource(names=write("other.csv", "rank,count,name\n2,4,Bea\n1,5,Ada\n,,Note\n"))
    assert names_digest(other) in digests
