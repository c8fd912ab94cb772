import contextlib
import gzip
import io
import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.data.captions import captions_digest, coco, content, read_captions, tables
from trainables.data.digests import file_digest
from trainables.errors import UserError
from trainables.profile.schema import CaptionSource

WHAT = "captions.train"
FRAME = pl.DataFrame(
    {"URL": ["u1", "u2", "u3", "u4"], "TEXT": ["A boat", None, "  Zoë, at a gala\n", " "],
     "similarity": [0.1, 0.2, 0.3, 0.4]}
)  # fmt: skip
EXPECTED = ["A boat", "Zoë, at a gala"]
COCO = {
    "info": {"year": 2014},
    "images": [{"id": 1}],
    "annotations": [{"image_id": 1, "id": 1, "caption": "A boat"},
                    {"image_id": 1, "id": 2, "caption": "Zoë, at a gala\n"}],
}  # fmt: skip


def read(path, column=""):
    captions = read_captions(CaptionSource(path=str(path), column=column), WHAT)
    assert captions.dtype == pl.String
    return captions.to_list()


def digest(path, column=""):
    return captions_digest(CaptionSource(path=str(path), column=column), WHAT)


def refused(path, column=""):
    with pytest.raises(UserError) as error:
        read(path, column)
    message = str(error.value)
    assert message.startswith(f"{WHAT}: ")
    assert message.endswith((".", "?"))
    assert "\n" not in message
    assert str(path) in message
    return message


def write_table(path, frame=FRAME):
    """Write a table in the form that the name of the path promises."""
    name = path.name.removesuffix(".gz")
    buffer = io.BytesIO()
    match name.rsplit(".", 1)[1]:
        case "parquet":
            frame.write_parquet(buffer)
        case "csv":
            frame.write_csv(buffer)
        case "tsv":
            frame.write_csv(buffer, separator="\t")
        case "jsonl" | "ndjson":
            frame.write_ndjson(buffer)
    raw = buffer.getvalue()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


def test_one_caption_a_line(tmp_path):
    path = tmp_path / "captions.txt"
    path.write_bytes("\ufeffA boat \r\n\n  Zoë at a gala\n\x1c \n".encode())
    assert read(path) == ["A boat", "Zoë at a gala"]
    packed = tmp_path / "captions.txt.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read(packed) == ["A boat", "Zoë at a gala"]


TABLES = [
    "a.parquet",
    "a.csv",
    "a.tsv",
    "a.jsonl",
    "a.ndjson",
    "a.csv.gz",
    "a.JSONL.gz",
    "a.tsv.gz",
]


@pytest.mark.parametrize("name", [name for name in TABLES if name != "a.JSONL.gz"])
def test_a_column_of_a_table(tmp_path, name):
    assert read(write_table(tmp_path / name), "TEXT") == EXPECTED


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.tsv", "a.jsonl"])
def test_a_column_is_found_where_only_one_holds_text(tmp_path, name):
    path = write_table(tmp_path / name, FRAME.select("similarity", "TEXT"))
    assert read(path) == EXPECTED
    several = write_table(tmp_path / f"b{name}")
    assert "set column to one of URL, TEXT" in refused(several)
    none = write_table(tmp_path / f"c{name}", FRAME.select("similarity"))
    assert "no column of text" in refused(none)


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.tsv", "a.jsonl"])
def test_a_wrong_column(tmp_path, name):
    path = write_table(tmp_path / name)
    assert "has no column 'TEXTS': did you mean 'TEXT'?" in refused(path, "TEXTS")
    assert "column 'similarity' holds no text (it is of type Float64)" in refused(
        path, "similarity"
    )
    text = tmp_path / "a.txt"
    text.write_text("A boat\n")
    assert "leave column out" in refused(text, "TEXT")


def test_categories_are_text(tmp_path):
    frame = FRAME.select(pl.col("TEXT").cast(pl.Categorical))
    assert read(write_table(tmp_path / "a.parquet", frame)) == EXPECTED


def test_a_column_of_words_and_numbers_stays_as_it_is_written(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("TEXT,n\na dog,1\n007,2\n1.50,3\n", encoding="utf-8")
    assert read(path) == ["a dog", "007", "1.50"]
    path = tmp_path / "a.jsonl"
    path.write_text('{"TEXT": "a dog"}\n{"n": {"deep": [1]}}\n{"TEXT": "007", "n": "x"}\n')
    assert read(path, "TEXT") == ["a dog", "007"]


def test_several_files_by_a_pattern(tmp_path):
    for at, caption in enumerate(["b", "a", "c"]):
        write_table(tmp_path / f"part-{at}.parquet", pl.DataFrame({"TEXT": [caption]}))
    assert read(tmp_path / "part-*.parquet") == ["b", "a", "c"]
    assert read(tmp_path / "**" / "part-[02].parquet") == ["b", "c"]
    assert "no file matches" in refused(tmp_path / "*.csv")
    write_table(tmp_path / "part-3.csv")
    assert "several forms (csv, parquet)" in refused(tmp_path / "part-*")
    write_table(tmp_path / "part-4.parquet", pl.DataFrame({"OTHER": [1]}))
    with pytest.raises(UserError, match=r"part-4\.parquet has no column of text"):
        read(tmp_path / "part-*.parquet")


@pytest.mark.parametrize(
    "name", ["a[1].csv", "a[1].jsonl", "a[1].parquet", "a*b.jsonl", "a{1}.csv"]
)
def test_a_file_whose_name_looks_like_a_pattern(tmp_path, name):
    for other in (name.replace("[1]", "1"), name.replace("*", "-"), name.replace("{1}", "1")):
        write_table(tmp_path / other, pl.DataFrame({"TEXT": ["no"]}))
    write_table(tmp_path / name)
    assert read(tmp_path / name, "TEXT") == EXPECTED


def test_captions_of_coco(tmp_path):
    path = tmp_path / "captions_val2014.json"
    path.write_text(json.dumps(COCO))
    assert read(path) == EXPECTED
    packed = tmp_path / "captions_val2014.json.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read(packed) == EXPECTED


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"annotations": 3}', '{"annotations": {"caption": "a"}}', '{"a": 1}\n{}',
     '{"annotations": [{"bbox": [1, 2]}]}', '{"annotations": [{"caption": 3}]}', "[" * 100_000,
     '{"annotations": [{"caption": "\\ud800"}]}', '{"annotations": ["a"]}', "1" * 10_000],
)  # fmt: skip
def test_other_json_is_refused(tmp_path, text):
    path = tmp_path / "instances.json"
    path.write_text(text)
    assert "is not MS-COCO's captions JSON" in refused(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [(b"", "holds no caption"), (b" \n\n", "holds no caption"), (b"a\0b", "binary file"),
     (b"\x89PNG\r\n\x1a\n\0\0", "not a text file in UTF-8 (byte 0"),
     (b"a\n" * (1 << 19) + "é".encode()[:1], "(byte 1048576"),
     (b"a" * 3_000_000, "line of more than")],
)  # fmt: skip
def test_what_is_not_lines_of_captions_is_refused(tmp_path, text, message):
    path = tmp_path / "wrong.txt"
    path.write_bytes(text)
    assert message in refused(path)


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [("a.csv", b"", "empty CSV"), ("a.csv", b"TEXT\n", "holds no caption"),
     ("a.csv", b"TEXT,n\na\0b,1\n", "NUL bytes"), ("a.csv", b"TEXT\na\xff\n", "UTF-8 (byte 6"),
     ("a.csv", "TEXT\na\n".encode("utf-16"), "not a text file in UTF-8 (byte 0"),
     ("a.csv", b"n,TEXT\n1,a dog, a cat\n", "found more fields"),
     ("a.csv", b'TEXT\n"a\nb\n', "could not parse"),
     ("a.csv", b"TEXT\n" + b"a" * 3_000_000, "line of more than"),
     ("a.tsv", b"TEXT\tn\na\t\0\n", "NUL bytes"),
     ("a.jsonl", b"", "cannot read"), ("a.jsonl", b'{"TEXT": "a"}\n{"TEXT":\n', "cannot read"),
     ("a.jsonl", b'[{"TEXT": "a"}]\n', "cannot read"), ("a.jsonl", b'{"n": 1}\n', "no column of"),
     ("a.jsonl", b'{"TEXT": "a\\u0000"}\n', "NUL byte"), ("a.jsonl", b'"TEXT"', "cannot read"),
     ("a.jsonl", b'{"TEXT":"\\ud800"}', "NUL byte"),
     ("a.jsonl", b'{"TEXT":' + b"[" * 100_000, "cannot read"),
     ("a.parquet", b"", "cannot read"), ("a.parquet", b"PAR1junkPAR1", "cannot read"),
     ("a.csv.gz", gzip.compress(b"TEXT\na\n" * 999, mtime=0)[:30], "cannot read"),
     ("a.csv.gz", b"\x1f\x8bjunk", "cannot read"), ("a.txt.gz", b"\x1f\x8b\x08\0", "cannot read")],
)  # fmt: skip
def test_what_is_no_table_is_refused(tmp_path, name, raw, message):
    path = tmp_path / name
    path.write_bytes(raw)
    assert message in refused(path)


def test_a_missing_file_and_a_folder(tmp_path):
    for name in ("none.txt", "none.csv", "none.json", "none.jsonl", "none.parquet"):
        assert "No such file" in refused(tmp_path / name)
    assert "directory" in refused(tmp_path)
    folder = tmp_path / "a.parquet"
    folder.mkdir()
    refused(folder)


def test_nothing_unpacks_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(content, "MAX_LINE", 1 << 10)
    monkeypatch.setattr(coco, "_MAX_BYTES", 1 << 12)
    monkeypatch.setattr(content.read_content, "__defaults__", (1 << 12, True))
    monkeypatch.setattr(tables, "_MAX_BYTES", 1 << 12)
    for name in ("a.csv.gz", "a.txt.gz", "a.jsonl.gz", "a.json.gz", "a.txt"):
        raw = b"TEXT\n" + b"a dog\n" * 10_000
        path = tmp_path / name
        path.write_bytes(gzip.compress(raw))
        assert "larger than" in refused(path)
    path.write_bytes(gzip.compress(b"a" * 100_000))
    assert "line of more than" in refused(path)
    same = pl.DataFrame(
        {"TEXT": ["a dog"] * 10_000, "nulls": pl.Series([None] * 10_000, dtype=str)}
    )
    path = write_table(tmp_path / "a.parquet", same)
    assert path.stat().st_size < 1 << 12
    for column in same.columns:
        assert "GiB of captions" in refused(path, column)


def test_a_caption_longer_than_captions_are(tmp_path):
    path = write_table(tmp_path / "a.parquet", pl.DataFrame({"TEXT": ["a " * 1_000_000]}))
    assert "holds a caption of more than" in refused(path)


def test_an_address_that_fails(monkeypatch):
    address = "hf://datasets/nobody/nothing@main/a.parquet"

    def fail(*_, **__):
        raise pl.exceptions.ComputeError("error sending request\nfor url (...)")

    for name, ending in (("parquet", "parquet"), ("csv", "tsv"), ("ndjson", "jsonl")):
        monkeypatch.setattr(pl, f"scan_{name}", fail)
        message = refused(address.replace("parquet", ending))
        assert "check the address and the network" in message
    for ending in ("txt", "json", "csv.gz", "arrow"):
        assert "no address of" in refused(address.replace("parquet", ending))


def test_an_address_is_read_as_a_file_is(tmp_path, monkeypatch):
    path = write_table(tmp_path / "a.parquet")
    scan = pl.scan_parquet
    address = "hf://datasets/somebody/captions@1a2b3c/*.parquet"

    def scan_instead(source, *, glob):
        assert (source, glob) == (address, True)
        return scan(path)

    monkeypatch.setattr(pl, "scan_parquet", scan_instead)
    assert read(address, "TEXT") == EXPECTED
    assert "did you mean 'TEXT'?" in refused(address, "TEX")


def test_digests_tell_contents_and_columns_apart(tmp_path):
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_text("a\n")
    two.write_text("a\n")
    assert digest(one) == digest(two) == file_digest(one, WHAT)
    two.write_text("b\n")
    both = digest(tmp_path / "*.txt")
    assert len({both, digest(one), digest(two)}) == 3
    one.rename(tmp_path / "zero.txt")
    assert digest(tmp_path / "*.txt") != both, "the order of the files is that of the captions"
    table = write_table(tmp_path / "a.csv")
    copy = write_table(tmp_path / "b.csv")
    assert digest(table, "TEXT") == digest(copy, "TEXT")
    assert len({digest(table), digest(table, "TEXT"), digest(table, "URL")}) == 3
    assert all(len(found) == 16 for found in (both, digest(table)))
    with pytest.raises(UserError, match="No such file"):
        digest(tmp_path / "none.txt")


def test_an_address_stands_for_itself():
    address = "hf://datasets/a/b@{}/c.csv"
    first, second = digest(address.format("1")), digest(address.format("2"))
    assert first != second
    assert len(first) == len(second) == 16


FORMS = st.sampled_from(
    ["a.txt", "a.csv", "a.tsv", "a.jsonl", "a.json", "a.parquet", "a.txt.gz", "a.csv.gz"]
)


@settings(deadline=None)
@given(st.binary(max_size=200), FORMS, st.booleans())
def test_any_bytes_are_captions_or_a_sentence(tmp_path_factory, raw, name, packed):
    path = tmp_path_factory.mktemp("any") / name
    path.write_bytes(gzip.compress(raw) if packed else raw)
    assert_captions_or_sentence(path)


def assert_captions_or_sentence(path, column=""):
    captions = ["refused"]
    with contextlib.suppress(UserError):
        captions = read(path, column)
    assert captions
    assert all(caption.split() and "\0" not in caption for caption in captions)


@settings(deadline=None)
@given(
    st.sampled_from(["a.parquet", "a.csv", "a.jsonl", "a.csv.gz"]),
    st.randoms(use_true_random=False),
)
def test_any_damage_is_captions_or_a_sentence(tmp_path_factory, name, rnd):
    path = write_table(tmp_path_factory.mktemp("damaged") / name)
    raw = bytearray(path.read_bytes())
    for _ in range(rnd.randint(1, 4)):
        raw[rnd.randrange(len(raw))] = rnd.randrange(256)
    path.write_bytes(raw[: rnd.choice([len(raw), rnd.randrange(len(raw))])])
    assert_captions_or_sentence(path, "TEXT")


def test_a_panic_of_polars_is_a_sentence(tmp_path, monkeypatch):
    def panic(*_, **__):
        raise pl.exceptions.PanicException("called `Option::unwrap()` on a `None` value")

    monkeypatch.setattr(pl, "scan_parquet", panic)
    assert "fetch or write it anew" in refused(write_table(tmp_path / "a.parquet"))


def test_real_captions(real_captions, tmp_path):
    path = tmp_path / "captions.txt"
    path.write_text("\n".join(real_captions))
    assert len(read(path)) == 10_000
