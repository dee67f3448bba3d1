from kuzbass_lean.press.digests import program, sha256, versions


def test_lists_of_parts_with_equal_text_differ() -> None:
    assert sha256(b"ab", b"c") != sha256(b"a", b"bc")


def test_the_program_digest_knows_the_library_and_its_versions() -> None:
    assert {"python", "pandas", "matplotlib", "nbconvert"} <= set(versions())
    assert len(program()) == 64
