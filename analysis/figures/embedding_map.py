"""Where faces lie among images: a map (t-SNE) and mean cosines, after Appx. B.2 of the paper.

The paper explains by it why faces are harder to unlearn than names: faces share a part of the
embedding space and are closer to each other than captions with names are.
"""

from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.figures.cosines import cosines_within, mean_cosine_between, mean_pairwise_cosine
from analysis.figures.style import COLUMN_WIDTH, series_scale, styled
from analysis.figures.tsne import stratified, tsne
from analysis.numbers import MISSING, mean_text
from trainables.errors import UserError
from trainables.seeding import generator

FACE, GENERIC = "face", "generic image"
KINDS = (FACE, GENERIC)
MAX_POINTS = 1000
"""Of each kind: more make a blot."""
MIN_POINTS = 5
PAPER_MODEL = "ViT-B-32"
PAPER = {"faces": 0.48, "captions with names": 0.30}
"""Mean pairwise cosines on FaceScrub, and on MS-COCO captions with names (Appx. B.2)."""

Embeddings = NDArray[np.float32]
People = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class EmbeddingSample:
    """Unit embeddings of one model.

    Attributes:
        faces: (num_faces, embed_dim).
        face_people: (num_faces,); whom each shows.
        generic: (num_generic, embed_dim); images of anything.
        captions: (num_captions, embed_dim); captions with names.
        caption_people: (num_captions,); whom each names.
        model: a label.
    """

    faces: Embeddings
    face_people: People
    generic: Embeddings
    captions: Embeddings
    caption_people: People
    model: str


@dataclass(frozen=True, kw_only=True, eq=False)
class EmbeddingMap:
    """What the figure and its text say.

    Attributes:
        points: x, y, kind (one of `KINDS`) and person (null for generic images) of those drawn.
        model: a label.
        num_faces: that the cosines are over, as are the next ones; the points are fewer.
        num_people: in the faces.
        num_generic: images.
        num_captions: with names.
        mean_cosine_faces: of all pairs of different faces, as in the paper.
        mean_cosine_same_person: of those of one person; None if nobody has two.
        mean_cosine_different_people: of those of two; None if all show one person.
        mean_cosine_captions: of all pairs of different captions with names, as in the paper.
        mean_cosine_same_name: of those with one name; None if no name occurs twice.
        mean_cosine_different_names: of those with two; None if there is one name.
        mean_cosine_generic: of all pairs of different generic images.
        mean_cosine_faces_generic: of a face and a generic image.
    """

    points: pl.DataFrame
    model: str
    num_faces: int
    num_people: int
    num_generic: int
    num_captions: int
    mean_cosine_faces: float
    mean_cosine_same_person: float | None
    mean_cosine_different_people: float | None
    mean_cosine_captions: float
    mean_cosine_same_name: float | None
    mean_cosine_different_names: float | None
    mean_cosine_generic: float
    mean_cosine_faces_generic: float


def embedding_map(sample: EmbeddingSample, seed: int = 0) -> EmbeddingMap:
    """Lay a sample out on a plane and measure how close its embeddings are.

    Args:
        sample: all of it is measured, at most `MAX_POINTS` of each kind are drawn.
        seed: of the choice of points and of t-SNE; the same one gives the same map.

    Raises:
        UserError: there are too few embeddings, or one without a direction.
    """
    _check_size(sample)
    same_person, different_people = cosines_within(sample.faces, sample.face_people)
    same_name, different_names = cosines_within(sample.captions, sample.caption_people)
    return EmbeddingMap(
        points=_points(sample, seed),
        model=sample.model,
        num_faces=len(sample.faces),
        num_people=len(np.unique(sample.face_people)),
        num_generic=len(sample.generic),
        num_captions=len(sample.captions),
        mean_cosine_faces=mean_pairwise_cosine(sample.faces),
        mean_cosine_same_person=same_person,
        mean_cosine_different_people=different_people,
        mean_cosine_captions=mean_pairwise_cosine(sample.captions),
        mean_cosine_same_name=same_name,
        mean_cosine_different_names=different_names,
        mean_cosine_generic=mean_pairwise_cosine(sample.generic),
        mean_cosine_faces_generic=mean_cosine_between(sample.faces, sample.generic),
    )


def _check_size(sample: EmbeddingSample) -> None:
    if min(len(sample.faces), len(sample.generic)) < MIN_POINTS:
        raise UserError(
            f"a map takes at least {MIN_POINTS} faces and {MIN_POINTS} generic images, "
            f"not {len(sample.faces)} and {len(sample.generic)}."
        )


def _points(sample: EmbeddingSample, seed: int) -> pl.DataFrame:
    faces = stratified(sample.face_people, MAX_POINTS, generator("map: faces", seed))
    nobody = np.zeros(len(sample.generic), dtype=np.int64)
    generic = stratified(nobody, MAX_POINTS, generator("map: generic images", seed))
    plane = tsne(np.concatenate([sample.faces[faces], sample.generic[generic]]), seed)
    people = [int(person) for person in sample.face_people[faces]]
    return pl.DataFrame(
        {
            "x": plane[:, 0],
            "y": plane[:, 1],
            "kind": [FACE] * len(faces) + [GENERIC] * len(generic),
            "person": people + [None] * len(generic),
        },
        schema={"x": pl.Float64, "y": pl.Float64, "kind": pl.String, "person": pl.Int64},
    )


def chart(embedding_map: EmbeddingMap) -> alt.Chart:
    """Draw the map; t-SNE has no units, so there are no axes."""
    # Drawn in a random order, so that neither kind hides the other.
    points = embedding_map.points.sample(fraction=1, shuffle=True, seed=0).with_columns(
        pl.col("x", "y").round(3), pl.col("person").cast(pl.String).fill_null(MISSING)
    )
    title = f"Image embeddings of {embedding_map.model} (t-SNE)"
    subtitle = _subtitle(embedding_map)
    place: dict[str, Any] = {"axis": None, "scale": alt.Scale(zero=False, nice=False, padding=6)}
    kind: dict[str, Any] = {
        "shorthand": "kind:N",
        "title": None,
        "legend": alt.Legend(symbolStrokeWidth=0),
    }
    drawn: alt.Chart = (
        alt.Chart(points)
        .mark_point(size=11, stroke="white", strokeWidth=0.25, aria=False)
        .encode(
            x=alt.X("x:Q", **place),
            y=alt.Y("y:Q", **place),
            color=alt.Color(scale=series_scale(KINDS, "colour"), **kind),
            shape=alt.Shape(scale=series_scale(KINDS, "shape"), **kind),
            tooltip=["kind:N", "person:N"],
        )
        .properties(
            width=COLUMN_WIDTH,
            height=COLUMN_WIDTH,
            autosize=alt.AutoSizeParams(type="fit", contains="padding"),
            view=alt.ViewBackground(stroke="#BBBBBB", strokeWidth=0.6),
            title=alt.TitleParams(text=title, subtitle=subtitle),
            description=f"{title}. {' '.join(subtitle)}",
        )
    )
    return styled(drawn)


def _subtitle(embedding_map: EmbeddingMap) -> list[str]:
    found = dict(
        zip(
            PAPER,
            (embedding_map.mean_cosine_faces, embedding_map.mean_cosine_captions),
            strict=True,
        )
    )
    lines = [f"Mean pairwise cosine: {_pairs(found)}"]
    if embedding_map.model == PAPER_MODEL:
        lines.append(f"In the paper (ViT-B/32): {_pairs(PAPER)}")
    return lines


def _pairs(cosines: dict[str, float]) -> str:
    return ", ".join(f"{name} {mean_text(value, 'similarity')}" for name, value in cosines.items())


def text(embedding_map: EmbeddingMap) -> str:
    """Write what was measured, for a terminal."""
    found = embedding_map
    is_paper_s = found.model == PAPER_MODEL
    lines = [
        f"Embeddings of {found.model}: {found.num_faces} faces of {found.num_people} people, "
        f"{found.num_generic} generic images, {found.num_captions} captions with names",
        "Mean pairwise cosine",
    ]
    rows = {
        "faces": found.mean_cosine_faces,
        "  of the same person": found.mean_cosine_same_person,
        "  of different people": found.mean_cosine_different_people,
        "captions with names": found.mean_cosine_captions,
        "  with the same name": found.mean_cosine_same_name,
        "  with different names": found.mean_cosine_different_names,
        "generic images": found.mean_cosine_generic,
        "faces with generic images": found.mean_cosine_faces_generic,
    }
    for name, value in rows.items():
        shown = MISSING if value is None else mean_text(value, "similarity")
        paper = f"  (paper: {PAPER[name]:.2f})" if is_paper_s and name in PAPER else ""
        lines.append(f"  {name:<27}{shown:>5}{paper}")
    return "\n".join(lines) + "\n"
