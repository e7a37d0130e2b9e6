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
        ("城市,y\n北京,1\n上海,2\n", "gb18030", "gb18030"),
        ("제품,값\n사과,1\n바나나,2\n", "cp949", "cp949"),
        ("都市,y\n東京,1\n大阪,2\n", "euc_jp", "euc_jp"),
        ("isim,x\nİstanbul,1\nŞişli,2\nçağ,3\n", "cp1254", "cp1254"),
        ("miasto,x\nŁódź,1\nKraków,2\nGdańsk,3\n" * 9, "cp1250", "cp1250"),
        ("Name,x\nMüller,1\nSchröder,2\nWeiß,3\n" * 9, "cp850", "cp850"),
    ],
)
def test_found(text, encoding, found):
    decoded = decode(text.encode(encoding), "t.csv")
    assert (decoded.text, decoded.encoding) == (text, found)
    assert decoded.notes == (() if found.startswith("utf-8") else (f"the encoding is {found} (found)",))


def test_others_are_guessed():
    text = "имя,возраст\nАнна Каренина,28\nАлексей Вронский,30\nСтепан Облонский,34\nКонстантин Лёвин,32\n" * 3
    assert decode(text.encode("cp1251"), "t.csv").text == text


def test_what_is_not_known_is_said():
    told = decode(("имя,x\nИван,1\nПётр,2\n" * 9).encode("cp866"), "t.csv").notes
    assert "the encoding is not known, and latin-1 is taken; encoding= says another" in told


def test_one_damaged_byte_is_no_other_encoding():
    decoded = decode(("é,1\n" * 40).encode() + b"\xe9,2\n", "t.csv")
    assert decoded.encoding == "utf-8"
    assert "line 41 holds '\ufffd,2'" in decoded.notes[0]


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
