from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.data.names import names_digest, random_names
from trainables.errors import UserError
from trainables.people import words_of
from trainables.profile.schema import CandidateSource

CENSUS = Path(__file__).parents[4] / "shared" / "data" / "us_census_2010_last_names.csv"


@pytest.fixture
def write(tmp_path):
    def written(name, text):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(tmp_path / name)

    return written


def test_a_text_file_is_drawn_from_evenly(write):
    source = CandidateSource(names=write("n.txt", "\ufeffAda Byron\r\n\r\n  Bea_Coe \nAda Byron\n"))
    assert sorted(random_names(source, (), 2)) == ["Ada Byron", "Bea Coe"]


def test_lists_in_capitals_become_title_case(write):
    upper = CandidateSource(names=write("u.txt", "ADA O'NEAL\nBEA SMITH-COE\n"))
    assert sorted(random_names(upper, (), 2)) == ["Ada O'Neal", "Bea Smith-Coe"]
    mixed = CandidateSource(names=write("m.txt", "AJ McCoy\nBEA\n"))
    assert sorted(random_names(mixed, (), 2)) == ["AJ McCoy", "BEA"]


@pytest.mark.parametrize(
    "text",
    [
        '\ufeffSURNAME,RANK,FREQUENCY (COUNT),SHARE\r\nCOE,1,"2,442,977",(S)\r\nDAY,2,7,5.0\r\n'
        ',,,\r\n"Source: somebody, 2010.",,,\r\n',
        "name,sex,count\nCoe,F,5\nDay,M,6\nEve,F,0\n",
        "country,last name,county,Count\nX,Coe,Y,5\nX,Day,Y,6\nX,Coe,Z,1\n",
        "name,rank,count\nCoe,1,5\nDay,2,4\nALL OTHER NAMES,0,4000000\n",
    ],
)
def test_tables_as_they_are_published(write, text):
    source = CandidateSource(names=write("names.csv", text))
    assert sorted(random_names(source, (), 2)) == ["Coe", "Day"]
    with pytest.raises(UserError, match="3 names of nobody are needed, and 2 can be made"):
        random_names(source, (), 3)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "n.csv",
            "name\nAda\n",
            "candidates: .*n.csv has no column of counts .*'name'.*; call exa",
        ),
        ("n.csv", "name,country\nAda,X\n", "has no column of counts"),
        ("n.csv", "name,count,Counts\nAda,1,1\n", "has several columns of counts"),
        ("n.csv", "count,rank\n5,1\n", "n.csv has no column of names, where a name stands"),
        ("n.csv", "name,count\nAda,5\n,6\n", "n.csv has no column of names"),
        ("n.csv", "a,b,count\nAda,Coe,5\n", "n.csv has several columns of names"),
        ("n.csv", "name,count\nAda,5\nBea,-6\n", "n.csv, line 3: the count '-6' is negative"),
        ("n.csv", "name,count\nAda,x\n", "n.csv, line 2: the count 'x' is no whole number"),
        ("n.csv", "name,count\n", "n.csv holds no name that occurs; give one with names"),
        ("n.csv", "name,count\nAda,0\n", "n.csv holds no name that occurs"),
        ("n.csv", "name,count\nA\0da,1\n", "n.csv is not text: it holds a zero byte"),
        ("n.csv", "", "n.csv is empty: a CSV file with a header"),
        ("n.txt", "", "n.txt holds no name that occurs"),
        ("n.txt", "Ada\nB\0ea\n", "n.txt is not text: it holds a zero byte"),
        ("n.txt", b"Ad\xe9\n", "n.txt is not text in UTF-8"),
        ("n.txt", "Ada\nMary,F,7065\n", "n.txt, line 2: 'Mary,F,7065' is no name; names are expec"),
        ("n.txt", "JAMES  3.318  3.318  1\n", "n.txt, line 1: 'JAMES 3.318 3.318 1' is no name"),
        ("n.txt", "---\n", "n.txt, line 1: '---' is no name"),
        (
            "n.txt",
            "Ada\nBea\n",
            "3 names of nobody are needed, and 2 can be made of the whole names",
        ),
    ],
)
def test_a_file_with_a_mistake_is_refused(write, name, text, message):
    with pytest.raises(UserError, match=message) as refused:
        random_names(CandidateSource(names=write(name, text)), (), 3)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("field", ["names", "male_first_names", "female_first_names", "last_names"])
def test_a_file_that_is_not_there_is_named(tmp_path, field):
    source = CandidateSource(**{field: str(tmp_path / "none.csv")})
    for function in (names_digest, lambda source: random_names(source, (), 1)):
        with pytest.raises(UserError, match=r"cannot read .*none.csv \(No such file"):
            function(source)


def test_a_file_that_changes_is_read_again(write):
    source = CandidateSource(names=write("n.txt", "Ada\n"))
    assert random_names(source, (), 1) == ("Ada",)
    write("n.txt", "Beatrice\n")
    assert random_names(source, (), 1) == ("Beatrice",)


_CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["name", "count", "Ada", "BEA COE", "1", "-1", '"', "(S)"]),
)


@settings(deadline=None, max_examples=150)
@given(
    name=st.sampled_from(["any.csv", "any.txt"]),
    content=st.one_of(
        st.binary(max_size=80),
        st.lists(st.lists(_CELLS, max_size=4).map(",".join), max_size=6).map(
            lambda lines: "\n".join(["name,count", *lines]).encode()
        ),
        st.lists(_CELLS, max_size=6).map(lambda lines: "\n".join(lines).encode()),
    ),
)
def test_no_file_is_met_with_anything_but_a_sentence(tmp_path_factory, name, content):
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(content)
    drawn, message = (), ""
    try:
        drawn = random_names(CandidateSource(names=str(path)), (), 1)
    except UserError as error:
        message = str(error)
    assert "\n" not in message
    assert all(name.isprintable() and words_of(name) for name in drawn)


@pytest.mark.skipif(not CENSUS.exists(), reason="no table beside the checkout")
def test_the_last_names_of_the_census_are_read_as_they_are():
    source = CandidateSource(last_names=str(CENSUS))
    names = random_names(source, (), 1000)
    lasts = Counter(name.split(" ", 1)[1] for name in names)
    assert all(last == last.title() for last in lasts)
    assert len(lasts) > 300
    # Smith is about 2 % of the people with one of the 1,000 names.
    assert 5 <= lasts["Smith"] <= 45
    assert names_digest(source) != names_digest(CandidateSource())
