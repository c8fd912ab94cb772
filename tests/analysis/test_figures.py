"""The look of figures, the formats they are written in, and the map of embeddings."""

import io
import itertools
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import altair as alt
import numpy as np
import polars as pl
import pytest
from PIL import Image

from analysis.figures.embedding_map import (
    FACE,
    GENERIC,
    EmbeddingSample,
    chart,
    embedding_map,
    text,
)
from analysis.figures.style import COLUMN_WIDTH, SERIES, series_scale, series_styles, styled
from analysis.figures.write import FORMATS, spec_of, write_figure
from trainables.errors import UserError

HOSTILE = '</script><b>&"β'


def _units(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _sample(num_faces=40, num_generic=60, num_people=4, apart=3.0, seed=0, model="builtin"):
    draws = np.random.default_rng(seed)
    people = np.arange(num_faces) % num_people
    persons = draws.normal(size=(num_people, 16))
    caption_people = np.arange(12) % num_people
    noise = draws.normal(size=(num_faces, 16))
    return EmbeddingSample(
        faces=_units(apart * np.eye(16)[0] + persons[people] + 0.3 * noise),
        face_people=people,
        generic=_units(draws.normal(size=(num_generic, 16)) - apart * np.eye(16)[0]),
        captions=_units(draws.normal(size=(12, 16))),
        caption_people=caption_people,
        model=model,
    )


@pytest.fixture(scope="module")
def found():
    return embedding_map(_sample())


@pytest.fixture(scope="module")
def files(found, tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    figure = chart(replace(found, model=HOSTILE))
    for suffix in FORMATS:
        write_figure(figure, folder / f"map.{suffix}")
    return {suffix: (folder / f"map.{suffix}").read_bytes() for suffix in FORMATS}


def test_the_same_seed_gives_the_same_map(found, monkeypatch):
    assert embedding_map(_sample()).points.equals(found.points)
    monkeypatch.setattr("analysis.figures.embedding_map.MAX_POINTS", 20)
    one, other = (embedding_map(_sample(), seed=seed) for seed in (0, 1))
    assert not other.points.equals(one.points)
    assert other.mean_cosine_faces == one.mean_cosine_faces


def test_what_is_separable_ends_up_separable(found):
    place = found.points.select("x", "y").to_numpy()
    distances = np.linalg.norm(place[:, None] - place[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = distances.argmin(axis=1)
    kinds, people = found.points["kind"].to_numpy(), found.points["person"].to_numpy()
    assert (kinds[nearest] == kinds).mean() > 0.97
    is_face = kinds == FACE
    assert (people[nearest][is_face] == people[is_face]).mean() > 0.9
    assert found.mean_cosine_same_person > found.mean_cosine_different_people


def test_the_map_holds_its_sample(found):
    assert found.points["kind"].value_counts(sort=True).rows() == [(GENERIC, 60), (FACE, 40)]
    assert found.points.filter(kind=GENERIC)["person"].null_count() == 60
    assert found.points.filter(kind=FACE)["person"].to_list() == [0, 1, 2, 3] * 10
    assert found.num_people == 4


def test_at_most_so_many_are_drawn_and_all_are_measured(monkeypatch, found):
    monkeypatch.setattr("analysis.figures.embedding_map.MAX_POINTS", 20)
    small = embedding_map(_sample())
    assert sorted(small.points["kind"]) == [FACE] * 20 + [GENERIC] * 20
    assert small.points.drop_nulls()["person"].value_counts()["count"].to_list() == [5] * 4
    assert small.mean_cosine_faces == found.mean_cosine_faces


def test_the_smallest_sample():
    small = embedding_map(_sample(num_faces=5, num_generic=5, num_people=5))
    assert small.points.select("x", "y").to_numpy().shape == (10, 2)
    assert small.mean_cosine_same_person is None
    assert "of the same person        –" in re.sub(" +–", "        –", text(small))  # noqa: RUF001
    one = embedding_map(_sample(num_faces=5, num_generic=5, num_people=1))
    assert one.mean_cosine_different_people is None
    with pytest.raises(UserError, match="at least 5 faces and 5 generic images, not 4 and 60"):
        embedding_map(_sample(num_faces=4))


def test_the_paper_s_numbers_stand_beside_its_model_s_only(found):
    assert "paper" not in text(found) + json.dumps(spec_of(chart(found)))
    same = replace(found, model="ViT-B-32", mean_cosine_faces=0.5, mean_cosine_captions=0.25)
    subtitle = spec_of(chart(same))["title"]["subtitle"]
    assert subtitle == [
        "Mean pairwise cosine: faces 0.50, captions with names 0.25",
        "In the paper (ViT-B/32): faces 0.48, captions with names 0.30",
    ]
    assert "  faces                       0.50  (paper: 0.48)\n" in text(same)
    assert "  captions with names         0.25  (paper: 0.30)\n" in text(same)


def test_pdf(files, found, tmp_path):
    assert files["pdf"].startswith(b"%PDF-")
    fonts = set(re.findall(rb"/BaseFont /\w+\+(\S+)", files["pdf"]))
    assert fonts == {b"LiberationSans"}
    width, height = re.search(rb"/MediaBox \[0 0 (\d+) (\d+)\]", files["pdf"]).groups()
    assert (int(width), int(height)) == (COLUMN_WIDTH, COLUMN_WIDTH)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_figure_is_the_same_each_time(files, found, tmp_path, suffix):
    for number in range(3):
        write_figure(chart(replace(found, model=HOSTILE)), tmp_path / f"{number}.{suffix}")
        assert (tmp_path / f"{number}.{suffix}").read_bytes() == files[suffix]


def test_svg(files):
    root = ElementTree.fromstring(files["svg"])
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("width") == str(COLUMN_WIDTH)
    words = "".join(root.itertext())
    assert HOSTILE in words
    assert "generic image" in words


def test_png(files):
    image = Image.open(io.BytesIO(files["png"]))
    assert image.size == pytest.approx((COLUMN_WIDTH * 300 / 72,) * 2, abs=1)
    assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    pixels = np.asarray(image.convert("RGB"))
    assert (pixels[0, 0] == 255).all()
    for colour in ((0x00, 0x72, 0xB2), (0xE6, 0x9F, 0x00)):
        assert (pixels == colour).all(axis=2).any()


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_html_needs_nothing_else(files):
    tags = Tags()
    tags.feed(files["html"].decode())
    assert [tag for tag, _ in tags.found].count("script") == 2
    assert not {"link", "img", "iframe", "b"} & {tag for tag, _ in tags.found}
    assert not any({"src", "href"} & attributes.keys() for _, attributes in tags.found)
    policy = next(a["content"] for _, a in tags.found if "http-equiv" in a)
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert b"vegaEmbed" in files["html"]


def test_json_is_vega_lite_with_its_data(files):
    spec = json.loads(files["json"])
    assert spec["$schema"].startswith("https://vega.github.io/schema/vega-lite/v6")
    assert len(next(iter(spec["datasets"].values()))) == 100
    assert alt.Chart.from_dict(spec).to_dict()["title"]["text"] == spec["title"]["text"]


def test_more_rows_than_altair_likes(tmp_path):
    frame = pl.DataFrame({"x": range(6000)})
    write_figure(styled(alt.Chart(frame).mark_tick().encode(x="x:Q")), tmp_path / "many.json")
    assert (tmp_path / "many.json").stat().st_size > 6000


def test_a_format_that_is_none_is_named(found, tmp_path):
    with pytest.raises(UserError, match=r"'pgn' of .*a\.pgn: did you mean 'png'\?$"):
        write_figure(chart(found), tmp_path / "a.pgn")
    with pytest.raises(UserError, match=r"choose from html, json, pdf, png, svg\.$"):
        write_figure(chart(found), tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_cannot_be_written_is_named(found, tmp_path):
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "file").touch()
    for name in ("folder.json", "file/a.json"):
        with pytest.raises(UserError, match=rf"^cannot write .*{name}: .*\.$"):
            write_figure(chart(found), tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.json"]


def test_a_figure_that_is_there_is_replaced_with_the_usual_rights(found, tmp_path):
    path, usual = tmp_path / "A.JSON", tmp_path / "usual"
    usual.touch()
    path.write_text("old")
    write_figure(chart(found), path)
    assert json.loads(path.read_text())["mark"]["type"] == "point"
    assert path.stat().st_mode == usual.stat().st_mode


def _lightness(colour):
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channels > 0.04045, ((channels + 0.055) / 1.055) ** 2.4, channels / 12.92)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    return 116 * luminance ** (1 / 3) - 16 if luminance > 0.008856 else 903.3 * luminance


def test_series_differ_without_colour():
    for field in ("colour", "shape", "dash"):
        assert len({getattr(series, field) for series in SERIES}) == len(SERIES)
    grey = [_lightness(series.colour) for series in SERIES]
    assert max(grey) < 75, "too faint on white"
    for several, least in ((2, 20), (3, 20), (4, 10)):
        assert min(abs(a - b) for a, b in itertools.combinations(grey[:several], 2)) > least


def test_series_keep_their_order_and_are_few():
    assert list(series_styles(["b", "a", "b"])) == ["b", "a"]
    assert series_styles(["b", "a"])["b"] == SERIES[0]
    assert series_scale(["b", "a"], "dash").to_dict() == {
        "domain": ["b", "a"],
        "range": [[1, 0], [5, 2]],
    }
    with pytest.raises(UserError, match="7 series apart, not 8: show fewer"):
        series_styles("abcdefgh")
