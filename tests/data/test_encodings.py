"""Which encoding bytes are in."""

import pytest

from shinso.data._encodings import decode

JAPANESE = "地域,気温,売上\n大阪,3.2,164\nりんごとカメラ,5.4,207\n"
WESTERN = "café,prix,größe\nthé,8.99,1\ncrème brûlée,7.05,2\nNuñez,1,2\n"


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        (JAPANESE, "utf-8", "utf-8"),
        (JAPANESE, "utf-8-sig", "utf-8-sig"),
        (JAPANESE, "utf-16", "utf-16"),
        (JAPANESE, "utf-16-be", "utf-16-be"),
        ("a,b\n1,2\n" * 9, "utf-16-le", "utf-16-le"),
        (JAPANESE, "cp932", "cp932"),
        (JAPANESE, "euc_jp", "euc_jp"),
        (WESTERN, "latin-1", "latin-1"),
        ("name,n\ncrème,1\n", "latin-1", "latin-1"),  # valid Shift-JIS too
        (WESTERN + "5 €,1,2\n", "cp1252", "cp1252"),
        ("a,b\n1,2\n", "ascii", "utf-8"),
    ],
)
def test_found(text, encoding, found):
    decoded = decode(text.encode(encoding), "t.csv")
    assert (decoded.text, decoded.encoding) == (text, found)
    assert decoded.notes == (() if found.startswith("utf-8") else (f"the encoding is {found} (found)",))


def test_others_are_guessed():
    text = "имя,возраст\nАнна Каренина,28\nАлексей Вронский,30\nСтепан Облонский,34\nКонстантин Лёвин,32\n" * 3
    assert decode(text.encode("cp1251"), "t.csv").text == text


def test_told():
    assert decode("é".encode("cp1250"), "t.csv", "cp1250").text == "é"
    with pytest.raises(
        ValueError, match=r"t.csv is not in the encoding 'utf-8': line 2 holds the byte 0xe9; .*as latin-1"
    ):
        decode("a\né,1\n".encode("latin-1"), "t.csv", "utf-8")
    with pytest.raises(ValueError, match="encoding must be one Python knows .*; got 'utf8bit'"):
        decode(b"a", "t.csv", "utf8bit")


def test_damaged_text_is_named():
    broken = "name\n" + "café".encode().decode("latin-1") + "\n"
    assert "line 2 holds 'cafÃ©'" in decode(broken.encode(), "t.csv").notes[0]
    assert "line 2 holds" in decode("name\nca\ufffd\n".encode(), "t.csv").notes[0]
