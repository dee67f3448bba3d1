import pandas as pd

from kuzbass_lean.places import Origin, Place, Stretch

TWO = Origin((Stretch("a.xlsx", "Проекты"), Stretch("b.xlsx", "Проекты", before=4)))


def test_a_row_of_one_sheet_is_its_line() -> None:
    assert Origin((Stretch("projects.csv"),)).place(7) == Place("projects.csv", "", 7)


def test_rows_after_the_first_sheet_belong_to_the_second() -> None:
    assert [TWO.place(row) for row in (2, 4, 5, 6)] == [
        Place("a.xlsx", "Проекты", 2),
        Place("a.xlsx", "Проекты", 4),
        Place("b.xlsx", "Проекты", 1),
        Place("b.xlsx", "Проекты", 2),
    ]


def test_a_line_of_a_sheet_is_found_again() -> None:
    assert TWO.row("b.xlsx", "Проекты", 2) == 6
    assert TWO.row("b.xlsx", "Другой", 2) is None


def test_the_places_of_many_rows_are_those_of_each() -> None:
    rows = pd.Index([6, 2, 4], name="row")
    places = TWO.places(rows)
    assert [Place(*each) for each in places.itertuples(index=False)] == [TWO.place(row) for row in rows]
    assert list(places.index) == [6, 2, 4]


def test_an_origin_that_nobody_knows_gives_the_number_alone() -> None:
    assert Origin().place(3) == Place("", "", 3)
