import pytest

from kuzbass_lean import catalogue
from kuzbass_lean.errors import UnknownNameError


def test_there_are_34_municipalities_of_two_kinds_with_unique_keys() -> None:
    entries = catalogue.municipalities()
    assert len({entry.key for entry in entries}) == 34
    kinds = [entry.kind for entry in entries]
    assert (kinds.count("urban_okrug"), kinds.count("municipal_district")) == (16, 18)


def test_six_names_stand_for_two_municipalities_each() -> None:
    names = [entry.name for entry in catalogue.municipalities()]
    assert {name for name in names if names.count(name) == 2} == {
        "Беловский",
        "Кемеровский",
        "Ленинск-Кузнецкий",
        "Новокузнецкий",
        "Прокопьевский",
        "Юргинский",
    }


def test_every_code_says_how_sure_it_is_and_an_unknown_one_stays_unknown() -> None:
    statuses = [entry.oktmo_status for entry in catalogue.municipalities()]
    assert (statuses.count("verified"), statuses.count("pattern_only"), statuses.count("not_found")) == (
        29,
        4,
        1,
    )
    assert catalogue.municipality("krasnobrodsky-okrug").oktmo is None
    assert catalogue.municipality("kemerovsky-okrug").oktmo == "32701000"


def test_no_two_tiles_overlap() -> None:
    tiles = {(entry.tile_row, entry.tile_column) for entry in catalogue.municipalities()}
    assert len(tiles) == 34


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("kemerovsky-okrug", "kemerovsky-okrug"),
        ("г. Кемерово", "kemerovsky-okrug"),
        ("г.Кемерово", "kemerovsky-okrug"),
        ("КЕМЕРОВО", "kemerovsky-okrug"),
        ("Кемеровский ГО", "kemerovsky-okrug"),
        ("Кемеровский\u00a0городской  округ", "kemerovsky-okrug"),
        ("Кемеровский р-н", "kemerovsky-rayon"),
        ("Кемеровский муниципальный район", "kemerovsky-rayon"),
        ("Берёзовский", "berezovsky-okrug"),
        ("Киселёвск", "kiselevsky-okrug"),
        ("г. Ленинск-Кузнецкий", "leninsk-kuznetsky-okrug"),
        ("Мариинск", "mariinsky-rayon"),
    ],
)
def test_common_spellings_find_the_municipality(text: str, key: str) -> None:
    assert catalogue.municipality(text).key == key


@pytest.mark.parametrize("name", ["Кемеровский", "Беловский", "Новокузнецкий"])
def test_a_name_that_fits_two_kinds_is_refused_with_both(name: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        catalogue.municipality(name)
    assert [key.rsplit("-", 1)[1] for key in caught.value.nearest] == ["okrug", "rayon"]


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="kemerovsky-okrug"):
        catalogue.municipality("Кемерва")
    with pytest.raises(UnknownNameError, match='unknown sector "helth": did you mean "health"'):
        catalogue.sector("helth")


def test_the_sectors_cross_to_all_nine_directions_of_the_model() -> None:
    crossed = [entry.maturity_direction for entry in catalogue.sectors()]
    assert len(crossed) == 17
    assert sorted(number for number in crossed if number) == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_each_of_the_14_municipal_directions_belongs_to_one_sector() -> None:
    keys = [entry.key for entry in catalogue.municipal_directions()]
    assert len(keys) == 14
    assert sorted(key for entry in catalogue.sectors() for key in entry.municipal_directions) == sorted(keys)


def test_the_typical_projects_are_those_of_the_deck_by_group() -> None:
    groups = [entry.group for entry in catalogue.typical_projects()]
    assert {group: groups.count(group) for group in groups} == {
        "health": 11,
        "edu": 5,
        "kemsu": 3,
        "metal": 2,
        "mfc": 3,
        "empl_dep": 6,
        "empl_czn": 8,
        "transport": 5,
        "uszn": 4,
        "housing": 8,
        "kumi": 7,
        "gov": 11,
    }
    assert catalogue.typical_project("health-1").title == "Разделение потоков больных и здоровых пациентов"
