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
    try:
        data.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        pass
    scores = {name: _japanese(data, name) for name in ("cp932", "euc_jp")}
    best = max(scores, key=lambda name: scores[name])
    if scores[best] > 0.8:
        return best
    western = "cp1252" if re.search(rb"[\x80-\x9f]", data) else "latin-1"
    if _western(data, western) > 0.8:
        return western
    from charset_normalizer import from_bytes

    match = from_bytes(data[:_SAMPLE]).best()
    found = match.encoding if match else western
    try:
        data.decode(found)
    except UnicodeDecodeError:
        return western if western == "latin-1" else "latin-1"
    return found


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
    return good / max(sum(map(len, runs)), 1)
