# SPDX-License-Identifier: Apache-2.0
"""Compares two answers to one query: the same but for the last digits of sums."""
import json
import math

RELATIVE = 1e-9


def same_cell(one, other):
    if isinstance(one, bool) or isinstance(other, bool) or isinstance(one, str) or one is None:
        return one == other and type(one) is type(other)
    if isinstance(other, (int, float)):
        return one == other or math.isclose(one, other, rel_tol=RELATIVE, abs_tol=1e-9)
    return False


def same_row(one, other):
    return len(one) == len(other) and all(map(same_cell, one, other))


def same_rows(ones, others):
    """Rows of one time may stand in any order: InfluxDB promises none."""
    if len(ones) != len(others):
        return False
    at = 0
    while at < len(ones):
        end = at + 1
        while end < len(ones) and ones[end][0] == ones[at][0]:
            end += 1
        left = list(others[at:end])
        for row in ones[at:end]:
            match = next((i for i, other in enumerate(left) if same_row(row, other)), None)
            if match is None:
                return False
            left.pop(match)
        at = end
    return True


def same_series(one, other):
    return (one.get("name") == other.get("name") and one.get("tags") == other.get("tags")
            and one["columns"] == other["columns"]
            and same_rows(one.get("values", []), other.get("values", [])))


def difference(query, wanted, seen):
    """An empty text, or what each said."""
    if wanted.body == seen.body:
        return ""
    if wanted.status != seen.status:
        return "  wanted %r\n  seen   %r" % (wanted, seen)
    if b"json: " in wanted.body[:20]:
        return ""  # InfluxDB cannot write an infinite number.
    one, other = wanted.json(), seen.json()
    ones = one.get("results", [{}])[0]
    others = other.get("results", [{}])[0]
    errors = [str(each.get("error", "")) for each in (ones, others)]
    if all("iterator type" in error for error in errors):
        return ""  # Of several such calls any may be named.
    if (one.get("error") == other.get("error") and ones.get("error") == others.get("error")
            and len(ones.get("series", [])) == len(others.get("series", []))
            and all(map(same_series, ones.get("series", []), others.get("series", [])))):
        return ""
    return "  wanted %s\n  seen   %s" % (json.dumps(one)[:1500], json.dumps(other)[:1500])
