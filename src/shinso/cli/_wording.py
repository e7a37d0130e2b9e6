"""Sentences about arguments as sentences about options."""

import re

from shinso.settings import rows

_OTHER = {"image_size": "resize"}
_FLAG = re.compile(r"\b([a-z_]+)=(True|False)\b")
_VALUE = re.compile(r"\b([a-z_]+)=(?:\[?('[^']*')\]?)?")
_KINDS = re.compile(r"kinds=\{('[^']*'): (?:…|'([a-z]+)')\}")


def in_options(sentence: str) -> str:
    """Return a sentence with what overrules a guess written as an option: `header=True` becomes `--header`.

    Only names of settings are rewritten: `kinds={'zip': …}` becomes `--column 'zip=KIND'`, `group='shop'` `--group shop`.
    """
    sentence = _FLAG.sub(_flag, sentence)
    sentence = _VALUE.sub(_valued, sentence)
    sentence = _KINDS.sub(lambda match: f"--column {match[1][:-1]}={match[2] or 'KIND'}'", sentence)
    return re.sub(r"`kind` overrides", "--kind overrides", sentence)


def _flag(match: re.Match[str]) -> str:
    if match[1] not in rows():
        return match[0]
    return f"--{'' if match[2] == 'True' else 'no-'}{match[1].replace('_', '-')}"


def _valued(match: re.Match[str]) -> str:
    name = _OTHER.get(match[1], match[1])
    if name not in rows():
        return match[0]
    return f"--{name.replace('_', '-')}" + (f" {match[2]}" if match[2] else "")
