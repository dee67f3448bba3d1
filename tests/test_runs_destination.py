import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import nbformat
import pytest

from kuzbass_lean import cli
from kuzbass_lean.errors import CapabilityError, UsageError
from kuzbass_lean.runs import Destination, Site

URL = "memory://office/site"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    fsspec.filesystem("memory").makedirs("/office", exist_ok=True)
    yield tmp_path / "cache"
    fsspec.filesystem("memory").rm("/office", recursive=True)


@pytest.fixture
def store() -> Any:
    return fsspec.filesystem("memory")


def there(store: Any) -> dict[str, bytes]:
    return {path.removeprefix("/office/site/"): store.cat_file(path) for path in store.find("/office/site")}


def fill(folder: Path, **texts: str) -> None:
    for name, text in {"index.html": "i", "manifest.json": "{}", **texts}.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_a_folder_and_a_file_url_are_folders_and_nothing_is_sent(tmp_path: Path) -> None:
    assert Destination.of("output") == Destination(Path("output"))
    assert Destination.of(f"file://{tmp_path}") == Destination(tmp_path)
    assert Destination(tmp_path).send() == 0


def test_every_url_has_a_folder_of_its_own_and_its_password_is_not_shown(cache: Path) -> None:
    one, other = Destination.of("s3://bucket/site"), Destination.of("s3://other/site/")
    assert {one.folder.parent, other.folder.parent} == {cache / "kuzbass-lean"}
    assert one.folder != other.folder
    assert one.folder.name.startswith("site-")
    assert Destination.of("ftp://me:secret@host/site").shown == "ftp://host/site"


def test_pages_are_sent_first_index_and_manifest_last(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    pipe = type(store).pipe_file

    def noting(self: Any, path: str, *arguments: Any, **options: Any) -> Any:
        sent.append(path)
        return pipe(self, path, *arguments, **options)

    monkeypatch.setattr(type(store), "pipe_file", noting)
    target = Destination.of(URL)
    fill(target.folder, zeta="z", a__b="b")
    assert target.send() == 4
    assert sent == [f"/office/site/{name}" for name in ("a/b", "zeta", "index.html", "manifest.json")]


def test_only_what_changed_is_sent_and_what_is_gone_is_removed_but_no_file_of_others(store: Any) -> None:
    target = Destination.of(URL)
    fill(target.folder, a="1", b="2")
    target.send()
    store.pipe_file("/office/site/theirs.txt", b"x")
    (target.folder / "a").unlink()
    (target.folder / "b").write_text("3", encoding="utf-8")
    assert target.send() == 1
    assert set(there(store)) == {"b", "index.html", "manifest.json", "theirs.txt"}
    assert there(store)["b"] == b"3"


def test_a_file_lost_or_cut_off_in_the_store_is_sent_again(store: Any) -> None:
    target = Destination.of(URL)
    fill(target.folder, a="whole", b="2")
    target.send()
    store.pipe_file("/office/site/a", b"who")
    store.rm_file("/office/site/b")
    assert target.send() == 2
    assert there(store)["a"] == b"whole"


def test_a_site_that_another_machine_published_is_fetched_before_it_is_built_upon(store: Any) -> None:
    target = Destination.of(URL)
    fill(target.folder, mine="1")
    target.send()
    store.rm_file("/office/site/mine")
    store.pipe_file("/office/site/theirs", b"2")
    store.pipe_file("/office/site/manifest.json", b"[]")
    target.fetch()
    names = {path.name for path in target.folder.iterdir()}
    assert names == {"theirs", "index.html", "manifest.json"}
    assert target.send() == 0


def test_a_copy_that_was_cut_off_is_repeated_without_fetching(store: Any) -> None:
    target = Destination.of(URL)
    fill(target.folder, a="1")
    target.send()
    fill(target.folder, a="2", **{"manifest.json": "[]"})
    store.pipe_file("/office/site/a", b"2")  # then the line broke
    target.fetch()
    assert (target.folder / "a").read_text(encoding="utf-8") == "2"
    assert target.send() == 2
    assert there(store)["manifest.json"] == b"[]"


def test_names_that_climb_out_of_the_folder_are_not_fetched(store: Any, cache: Path) -> None:
    store.pipe_file("/office/site/manifest.json", b"{}")
    store.store["/office/site/../../../escaped"] = store.store["/office/site/manifest.json"]
    try:
        Destination.of(URL).fetch()
    finally:
        del store.store["/office/site/../../../escaped"]
    assert not list(cache.parent.rglob("escaped"))


def test_an_unknown_scheme_is_wrong_usage_and_a_refusing_store_an_unable_environment(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="nosuch"):
        Destination.of("nosuch://x/y").fetch()

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError("read only")

    target = Destination.of(URL)
    fill(target.folder)
    monkeypatch.setattr(type(store), "pipe_file", refuse)
    with pytest.raises(
        CapabilityError, match=r"memory://office/site cannot be written: read only.*is kept in"
    ):
        target.send()


def test_a_build_into_a_url_gives_the_files_of_a_build_into_a_folder(
    store: Any, tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("params", "notebooks"):
        (tmp_path / folder).mkdir()
    parameters = nbformat.v4.new_code_cell('municipality: str = ""', metadata={"tags": ["parameters"]})
    page = nbformat.v4.new_code_cell('import kuzbass_lean as kl\nkl.blocks.heading(municipality, "a")')
    nbformat.write(nbformat.v4.new_notebook(cells=[parameters, page]), tmp_path / "notebooks/a.ipynb")
    places = "[kemerovsky-okrug, kemerovsky-rayon]"
    text = f'notebook: a\noutput: "municipalities/{{municipality}}"\nmatrix: {{municipality: {places}}}\n'
    (tmp_path / "params/a.yaml").write_text(text, encoding="utf-8")
    asked = [
        "build",
        "--params",
        str(tmp_path / "params"),
        "--notebooks",
        str(tmp_path / "notebooks"),
        "--json",
    ]
    assert cli.run([*asked, "--out", URL]) == 0
    assert cli.run([*asked, "--out", str(tmp_path / "out")]) == 0
    local = {p.relative_to(tmp_path / "out").as_posix(): p.read_bytes()
             for p in (tmp_path / "out").rglob("*") if p.is_file()}  # fmt: skip
    assert there(store) == local

    # The cache is lost, and one page alone is asked for: the others stay.
    site = Site(Destination.of(URL).folder)
    for path in (*site.out.rglob("*.html"), *site.runs.rglob("*.json"), site.out / "manifest.json"):
        path.unlink()
    capsys.readouterr()
    assert cli.run([*asked, "--out", URL, "--only", "municipalities/kemerovsky-rayon"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["reports"]
    assert told["status"] == "unchanged"
    assert {"municipalities/kemerovsky-okrug.html", "municipalities/kemerovsky-rayon.html"} <= set(
        there(store)
    )
