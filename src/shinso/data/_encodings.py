"""Bytes → text: which encoding a file is in."""

import codecs
import re
from typing import NamedTuple

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DAMAGE = re.compile("\ufffd|[ÃÂ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|縺|繧|ã[\u0080-\u0083€‚ƒ]")
_EAST = {
    "euc_jp": "日本東京都道府県市区町村山川田大阪小中高人名前年月時分男女店番号商品種類価格金額売上数量気温電力",
    "gb18030": "的是不中国市省区县北京上海广州深圳天津重庆人名姓年月日男女大小号类价格金额数量温度电力",
    "cp949": "이가다는의에서을로고도기시부대구산인울한국남여성명일월년번호이름지역수량가격금액온도",
}
"""Characters that are frequent in tables of the languages whose encodings share their bytes."""
_USUAL = ["cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "koi8_r", "cp866", "cp850", "mac_roman"]
_USUAL += ["big5", "cp949", "gb18030", "cp874"]
UNKNOWN = "iso8859-1"
"""Reads any bytes: Python's other name of latin-1, for what nothing speaks for."""
_SIGNS = "€£°²³µ½¼«»“”‘’–—…§©®±·\u00a0"
_SAMPLE = 200_000


class Decoded(NamedTuple):
    """Text, the encoding its bytes were in, and what should be said about it.

    Attributes:
        text: the text.
        encoding: Python's name of the encoding.
        notes: sentences.
    """

    text: str
    encoding: str
    notes: tuple[str, ...]


def decode(data: bytes, source: str, encoding: str | None = None) -> Decoded:
    """Turn the bytes of a file into text.

    A byte-order mark decides; then UTF-16 shows by its zero bytes, and UTF-8 by being valid. Of the rest, Shift-JIS
    (cp932) and EUC-JP are taken where they give Japanese text, cp1252 (or latin-1) where it gives Western letters,
    and otherwise what charset-normalizer finds.

    Args:
        data: the bytes.
        source: what the file is called in errors.
        encoding: name of the encoding, where it is known.

    Raises:
        ValueError: the encoding is unknown, or the bytes are not in it.
    """
    if encoding is None:
        found = _marked(data) or _guessed(data)
        text = data.decode(found, errors="replace")
    else:
        found = _known(encoding)
        try:
            text = data.decode("utf-8-sig" if found == "utf-8" else found)
        except UnicodeDecodeError as error:
            row = data[: error.start].count(b"\n") + 1
            raise ValueError(
                f"{source} is not in the encoding {encoding!r}: line {row} holds the byte 0x{data[error.start]:02x}; "
                f"without encoding= it would be read as {_marked(data) or _guessed(data)}."
            ) from None
    text = text.removeprefix("\ufeff")
    notes = [] if found in ("utf-8", "utf-8-sig") else [f"the encoding is {found}{'' if encoding else ' (found)'}"]
    if found == UNKNOWN and encoding is None:
        found, notes = "latin-1", ["the encoding is not known, and latin-1 is taken; encoding= says another"]
    damage = _DAMAGE.search(text)
    if damage:
        word = re.search(r"\S{0,12}" + re.escape(damage[0]) + r"\S{0,8}", text)
        line = text.count("\n", 0, damage.start()) + 1
        notes.append(
            f"some text was damaged by a wrong encoding before it was stored, or encoding= must be given: "
            f"line {line} holds {(word or damage)[0]!r}"
        )
    return Decoded(text, found, tuple(notes))


def _known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise ValueError(
            f"encoding must be one Python knows (utf-8, utf-16, cp932, euc_jp, cp1252, latin-1, …); got {encoding!r}."
        ) from None


def _marked(data: bytes) -> str | None:
    return next((name for mark, name in _MARKS if data.startswith(mark)), None)


def _guessed(data: bytes) -> str:
    start = data[:_SAMPLE]
    zeros = start.count(0)
    if 4 * zeros > len(start):
        return "utf-16-le" if start[1::2].count(0) * 2 >= zeros else "utf-16-be"
    if _is_utf_8(data):
        return "utf-8"
    scores = {name: _japanese(data, name) for name in ("cp932", "euc_jp")}
    best = max(scores, key=lambda name: scores[name])
    if scores[best] > 0.8:
        return _eastern(data) if best == "euc_jp" else best
    western = "cp1252" if re.search(rb"[\x80-\x9f]", data) else "latin-1"
    if _western(data, western) > 0.8:
        turkish = western == "latin-1" and re.search(rb"[\xd0\xdd\xde\xf0\xfd\xfe]", data)
        return "cp1254" if turkish and not re.search(rb"[\xe1\xe6\xe9\xed\xf3\xfa]", data) else western
    from charset_normalizer import from_bytes

    matches = from_bytes(data[:_SAMPLE], cp_isolation=_USUAL)
    found = (match.encoding for match in matches if not _strange(str(match)) and _decodes(data, match.encoding))
    return next(found, UNKNOWN)


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _is_utf_8(data: bytes) -> bool:
    """Whether bytes are UTF-8, but for one damaged place among twenty beyond ASCII."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", errors="replace")
        beyond = sum(character > "\x7f" for character in text)
        return 20 * text.count("\ufffd") <= beyond
    return True


def _eastern(data: bytes) -> str:
    """Return which of the Japanese, the Chinese and the Korean encoding of the same bytes gives frequent characters."""
    shares = {}
    for name, frequent in _EAST.items():
        beyond = [character for character in data.decode(name, errors="replace") if character > "\x7f"]
        good = float(sum(character in frequent for character in beyond))
        if name == "euc_jp":
            good += sum("\u3040" <= character <= "\u30ff" for character in beyond)
        if name == "cp949" and all("\uac00" <= character <= "\ud7a3" for character in beyond):
            good += 0.3 * len(beyond)  # syllables only, as in Korean text
        shares[name] = good / max(len(beyond), 1)
    return max(shares, key=lambda name: shares[name])


def _japanese(data: bytes, encoding: str) -> float:
    """Return the share of characters beyond ASCII that speak for Japanese, less those that speak against it."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return -1.0
    beyond = [place for place, character in enumerate(text) if character > "\x7f"]
    good = 0.0
    for place in beyond[:5000]:
        character = text[place]
        if "\uff61" <= character <= "\uff9f":  # half-width kana: what other encodings look like in Shift-JIS
            good -= 0.5
        elif _in_latin_word(text, place) and not "\u3040" <= character <= "\u30ff":
            good -= 1
        elif "\u3000" <= character <= "\u30ff" or "\uff00" <= character <= "\uff60" or _common(character):
            good += 1
    return good / max(min(len(beyond), 5000), 1)


def _common(character: str) -> bool:
    """Whether a character is a kanji of the first level of JIS X 0208, which holds nearly all of ordinary text."""
    try:
        code = character.encode("euc_jp")
    except UnicodeEncodeError:
        return False
    return len(code) == 2 and code[0] < 0xD0


def _in_latin_word(text: str, place: int) -> bool:
    around = text[max(place - 1, 0) : place] + text[place + 1 : place + 2]
    return any(character.isascii() and character.islower() for character in around)


def _western(data: bytes, encoding: str) -> float:
    """Return the share of characters beyond ASCII that are Western letters, two of them in a row at most, or signs."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return -1.0
    runs = re.findall("[^\x00-\x7f]+", text)[:5000]
    good = sum(len(run) for run in runs if len(run) <= 2 and all(c in _SIGNS or c.isalpha() for c in run))
    good -= sum(map(len, _strange(text)[:5000]))
    return good / max(sum(map(len, runs)), 1)


def _strange(text: str) -> list[str]:
    """Return capitals and signs within words, which are what other encodings look like: Žté, GdaÑsk, £ódŸ."""
    return re.findall(r"[a-zà-ÿ][ŠŒŽŸÀ-Þ“”‘„‚ˆ˜¹³£¯¼]+(?=[a-zà-ÿ])|[£¯¹][a-zà-ÿ]|[a-zà-ÿ]Ÿ|[A-Z][ÅÎ][a-z]", text)
