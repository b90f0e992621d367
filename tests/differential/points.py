# SPDX-License-Identifier: Apache-2.0
"""Random points: a few measurements whose fields have every type, some absent, in any order of time."""

START_S = 1_577_836_800  # 2020-01-01T00:00:00Z, a Wednesday: a week's segment ends a day later.
# None so large that sums of different order differ where it shows.
FLOATS = [0.0, -0.0, 0.1, -2.5, 3, 1e-7, 123456.789, -1e-9, 99.5]
WORDS = ["", "a", "b", "up", "down", "x y", 'q"t', "back\\\\slash", "ü"]
# name: (tags and their values, fields and their types, seconds between points, share of points kept)
SHAPES = {
    "cpu": ({"host": ["a", "b", "c"], "region": ["eu", "us"]},
            {"usage": "float", "idle": "float", "cores": "int"}, 10, 1.0),
    "mem": ({"host": ["a", "b", "10", "2"]},
            {"used": "int", "free": "float", "ok": "bool", "state": "string"}, 17, 0.8),
    "gap": ({"dev": ["d1", "d2"]},
            {"v": "float", "n": "int"}, 45, 0.35),
    "bare": ({}, {"v": "float", "n": "int", "s": "string", "b": "bool"}, 30, 0.9),
    "days": ({"host": ["a", "b"]}, {"v": "float", "n": "int"}, 40_000, 0.9),
}


def value(chance, kind):
    if kind == "float":
        roll = chance.random()
        if roll < 0.08:
            return repr(chance.choice(FLOATS))
        if roll < 0.5:
            return "%.1f" % chance.uniform(-20, 100)
        return str(chance.randrange(-5, 30))
    if kind == "int":
        return "%di" % (chance.randrange(-10, 50) if chance.random() < 0.97
                        else chance.choice([0, 2**31, -2**20]))
    if kind == "bool":
        return chance.choice(["true", "false"])
    return '"%s"' % chance.choice(WORDS).replace('"', '\\"')


def series_of(chance, tags):
    """Every tag set of the shape but a few; now and then one that lacks a tag."""
    sets = [{}]
    for key, values in tags.items():
        sets = [{**one, key: each} for one in sets for each in values]
    sets = [one for one in sets if chance.random() < 0.85] or sets[:1]
    if tags and chance.random() < 0.4:
        short = dict(sets[0])
        short.pop(chance.choice(sorted(short)))
        if short not in sets:
            sets.append(short)
    return sets


def points(chance):
    """Lines of line protocol, shuffled a little, some times written twice."""
    lines = []
    for name, (tags, fields, step, kept) in SHAPES.items():
        length = chance.choice([3, 12, 40])
        shift = chance.choice([0, 0, 3, 7])
        for number, one in enumerate(series_of(chance, tags)):
            # Apart by a millisecond a series: which of two rows of one time comes first is nobody's promise.
            own = 0 if chance.random() < 0.02 else number * 1_000_000
            key = name + "".join(",%s=%s" % pair for pair in sorted(one.items()))
            for at in range(length):
                if chance.random() > kept:
                    continue
                cells = ["%s=%s" % (field, value(chance, kind)) for field, kind in fields.items()
                         if chance.random() < 0.88]
                if cells:
                    time = (START_S + shift + at * step) * 1_000_000_000 + own
                    lines.append("%s %s %d" % (key, ",".join(cells), time))
    if chance.random() < 0.5:
        chance.shuffle(lines)
    return lines


def deletes(chance):
    """Statements that take some of the points away."""
    some = []
    for _ in range(chance.randrange(3)):
        name, (tags, _, step, _) = chance.choice(list(SHAPES.items()))
        words = []
        if tags and chance.random() < 0.6:
            tag = chance.choice(sorted(tags))
            words.append("%s = '%s'" % (tag, chance.choice(tags[tag])))
        if chance.random() < 0.7:
            begin = START_S + step * chance.randrange(20)
            words.append("time >= %ds AND time < %ds" % (begin, begin + step * chance.randrange(1, 15)))
        some.append("DELETE FROM %s%s" % (name, " WHERE " + " AND ".join(words) if words else ""))
    return some
