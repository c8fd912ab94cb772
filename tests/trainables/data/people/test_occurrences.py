import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.data.people.occurrences import count_people, read_occurrences
from trainables.errors import UserError
from trainables.profile.schema import Occurrences

LAION = Path(__file__).parents[5] / "shared" / "data" / "laion400m_name_occurrences.csv"


@pytest.fixture
def table(tmp_path):
    def write(text, **options):
        path = tmp_path / "occurrences.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Occurrences(path=str(path), **options)

    return write


def test_names_are_compared_by_their_words(table):
    source = table(",name,count\n0,ada  BYRON,3\n1,Zoe\u0308 K.,0\n2,Bob,7\n")
    people = ["Ada Byron", "Zo\u00eb K", "Cleo", "Bob Stone"]
    assert count_people(source, people) == {"Ada Byron": 3, "Zo\u00eb K": 0}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("\ufeffname,count\r\nAda,2442977\r\n", 2442977),
        ('name,count\n\n"Ada","2,442,977"\n,,\n', 2442977),
        ("count,name\n 12 , Ada \n", 12),
        ("name,count\nAda,12.0\nAda,12\n", 12),
    ],
)
def test_counts_as_spreadsheets_write_them(table, text, count):
    assert read_occurrences(table(text)) == {("ada",): count}


def test_columns_have_the_names_that_are_given(table):
    source = table("Person,Total\nAda,4\n", name_column="Person", count_column="Total")
    assert read_occurrences(source) == {("ada",): 4}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "occurrences.csv is empty: a CSV file with a header is expected"),
        ("Name,count\nAda,1\n", "occurrences.csv has no column 'name': "),
        ('"a\n b",count\nAda,1\n', "has no column 'name': choose from a b, count"),
        ("name,counts\nAda,1\n", "has no column 'count': did you mean 'counts'"),
        ("name,count\nAda,1\nBob,-2\n", "line 3: the count '-2' is negative; counts such as"),
        ("name,count\nAda,many\n", "line 2: the count 'many' is no whole number; counts"),
        ("name,count\nAda,1.5\n", "line 2: the count '1.5' is no whole number"),
        ("name,count\nAda,\n", "line 2: the count '' is no whole number"),
        ("name,count\nAda\n", "line 2: the count '' is no whole number"),
        ('name,count\nAda,"1,5"\n', "line 2: the count '1,5' is no whole number"),
        (f"name,count\nAda,{'9' * 5000}\n", "is no whole number"),
        ("name,count\n ,3\n", "line 2: '' is no name; a name is expected in the column 'name'"),
        ("name,count\nAda,3\nADA,4\n", "line 3: 'ADA' occurs 4 times here and 3 times above; keep"),
        ("name,count\nA\0da,3\n", "occurrences.csv is not text: it holds a zero byte"),
        (b"name,count\nAd\xe9,3\n", "occurrences.csv is not text in UTF-8"),
        ('name,count\n"Ada,3\n', r"occurrences.csv, line \d: no valid CSV"),
        (f"name,count\n{'a' * 200_000},3\n", "line 2: no valid CSV"),
    ],
)
def test_a_table_with_a_mistake_is_refused(table, text, message):
    with pytest.raises(UserError, match=message) as refused:
        read_occurrences(table(text))
    assert "\n" not in str(refused.value)


def test_a_table_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"cannot read .*none.csv"):
        read_occurrences(Occurrences(path=str(tmp_path / "none.csv")))


_CELLS = st.one_of(st.text(max_size=12), st.sampled_from(["name", "count", "Ada", "1", "-1", '"']))


@settings(deadline=None, max_examples=150)
@given(
    st.one_of(
        st.binary(max_size=80),
        st.lists(st.lists(_CELLS, max_size=4).map(",".join), max_size=6).map(
            lambda lines: "\n".join(["name,count", *lines]).encode("utf-8", "surrogatepass")
        ),
    )
)
def test_no_table_is_met_with_anything_but_a_sentence(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    found, message = {}, ""
    try:
        found = read_occurrences(Occurrences(path=str(path)))
    except UserError as error:
        message = str(error)
    assert "\n" not in message
    assert all(words and count >= 0 for words, count in found.items())


@pytest.mark.skipif(not LAION.exists(), reason="no table beside the checkout")
def test_the_published_table_of_laion_400m_is_read_as_it_is():
    with LAION.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    counts = count_people(Occurrences(path=str(LAION)), [row["name"] for row in rows])
    assert counts == {row["name"]: int(row["count"]) for row in rows}
    assert {row["name"] for row in rows if row["membership"] == "member"} == {
        name for name, count in counts.items() if count
    }
