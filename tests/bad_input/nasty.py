"""Texts that people, scripts and attackers put where something else is expected."""

from __future__ import annotations

import base64

UNKNOWN_ID = "5" * 24
NASTY: dict[str, str] = {
    "nothing but blanks": " \u3000\t ",
    "NUL": "a\x00b",
    "control character": "bell\x07",
    "emoji": "👩‍👩‍👧‍👦🇹🇼",
    "right to left": "\u202eעברית\u202c",
    "zero width": "\u200b\ufeff\u2060",
    "combining": "Z̵̧̢a̶l̷g̸o̶" * 20,
    "script": "</script><script>alert(1)</script>",
    "attribute": "\"'><img src=x onerror=alert(1)>",
    "operator": '{"$ne": null}',
    "formula": "=cmd|' /C calc'!A1",
    "template": "{{ 7*7 }}{label}{0}%s",
    "regular expression": "(a+)+$[",
    "path": "../../etc/passwd",
    "superscript digit": "²",
    "Arabic digits": "٣٤",
    "huge number": "1e99999",
    "forty digits": "9" * 40,
    "long number": "9" * 5000,
    "not a number": "NaN",
    "infinity": "-Infinity",
    "negative": "-1",
    "many decimals": "1.000000000000000000000000000000001",
    "date that is none": "2026-02-30",
    "first day": "0001-01-01",
    "last day": "9999-12-31",
    "moment of the first day": "0001-01-01T00:00",
    "moment of the last day": "9999-12-31T23:59",
    "malformed id": "zz",
    "unknown id": UNKNOWN_ID,
    "lone surrogate": "\ud800",
}


def _cursor(json: str) -> str:
    return base64.urlsafe_b64encode(json.encode()).decode().rstrip("=")


_ROW = '{"$oid":"' + UNKNOWN_ID + '"}'
CURSORS: dict[str, str] = {
    "no base64": "%%%",
    "not ASCII": "中文",
    "no JSON": _cursor("abc"),
    "empty": _cursor("[]"),
    "a number": _cursor("42"),
    "malformed id": _cursor('[1,{"$oid":"zz"}]'),
    "malformed decimal": _cursor('[{"$numberDecimal":"x"},' + _ROW + "]"),
    "malformed date": _cursor('[{"$date":"x"},' + _ROW + "]"),
    "operator": _cursor('[{"$ne":null},' + _ROW + "]"),
    "regular expression": _cursor('[{"$regex":"a","$options":"x"},' + _ROW + "]"),
    "malformed regular expression": _cursor('[{"$regularExpression":{"pattern":"(","options":"q"}},' + _ROW + "]"),
    "code": _cursor('[{"$code":"sleep(9)"},' + _ROW + "]"),
    "text": _cursor('["z",' + _ROW + "]"),
    "huge number": _cursor("[1e400," + _ROW + "]"),
    "long number": _cursor("[99999999999999999999999," + _ROW + "]"),
    "deep": _cursor("[" * 3000),
}
