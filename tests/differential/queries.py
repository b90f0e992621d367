# SPDX-License-Identifier: Apache-2.0
"""Random InfluxQL over what points.py writes. A query is a tree of lists and dictionaries, so that it
can be made smaller piece by piece while it still shows a difference."""
import re

from points import SHAPES, START_S

NUMBER_CALLS = ["mean", "sum", "min", "max", "count", "first", "last", "spread", "stddev", "median",
                "distinct", "percentile", "integral"]
ANY_CALLS = ["count", "first", "last", "distinct"]  # mode() takes any of equally frequent values.
TRANSFORMS = ["derivative", "non_negative_derivative", "difference", "non_negative_difference",
              "moving_average", "cumulative_sum", "elapsed"]
MATHS = ["abs", "ceil", "floor", "round", "sqrt", "exp", "ln", "log2", "log10", "sin", "cos", "tan",
         "atan"]
TECHNICAL = ["exponential_moving_average", "double_exponential_moving_average", "relative_strength_index",
             "chande_momentum_oscillator", "kaufmans_efficiency_ratio"]  # Since 1.8.
INTERVALS = ["1s", "7s", "10s", "30s", "1m", "90s", "5m", "1h", "1d", "1w"]
ZONES = ["America/New_York", "Europe/Berlin", "Asia/Kolkata", "UTC"]


class Writer:
    """Writes queries of one seed."""

    def __init__(self, chance):
        self.chance = chance

    def maybe(self, share):
        return self.chance.random() < share

    def field(self, name, kinds=("float", "int")):
        fields = [f for f, kind in SHAPES[name][1].items() if kind in kinds]
        return self.chance.choice(fields) if fields else None

    def literal(self):
        return self.chance.choice(["1", "2", "0", "-3", "0.5", "10", "100"])

    def expression(self, name, depth=0):
        """Arithmetic over number fields."""
        roll = self.chance.random()
        if depth > 2 or roll < 0.5:
            return self.field(name)
        if roll < 0.65:
            return self.literal()
        if roll < 0.75:
            return "(%s)" % self.expression(name, depth + 1)
        return "%s %s %s" % (self.expression(name, depth + 1),
                             self.chance.choice(["+", "-", "*", "/", "%"]),
                             self.expression(name, depth + 1))

    def call(self, name):
        """One aggregate or selector."""
        if self.maybe(0.2):
            field = self.field(name, ("float", "int", "string", "bool"))
            return "%s(%s)" % (self.chance.choice(ANY_CALLS), field)
        function, field = self.chance.choice(NUMBER_CALLS), self.field(name)
        if function == "percentile":
            return "percentile(%s, %s)" % (field, self.chance.choice(["50", "75", "90", "99.9", "100"]))
        if function == "count" and self.maybe(0.3):
            return "count(distinct(%s))" % field
        if function == "integral" and self.maybe(0.5):
            return "integral(%s, %s)" % (field, self.chance.choice(["1s", "1m"]))
        if self.maybe(0.06):
            return "%s(*)" % self.chance.choice(["mean", "count", "max", "first", "sum"])
        return "%s(%s)" % (function, field)

    def transform(self, inner):
        if self.maybe(0.15):
            return "%s(%s, %d)" % (self.chance.choice(TECHNICAL), inner, self.chance.randrange(2, 5))
        function = self.chance.choice(TRANSFORMS)
        if function == "moving_average":
            return "moving_average(%s, %d)" % (inner, self.chance.randrange(2, 5))
        if "derivative" in function and self.maybe(0.5):
            return "%s(%s, %s)" % (function, inner, self.chance.choice(["1s", "1m", "10s"]))
        if function == "elapsed" and self.maybe(0.6):
            return "elapsed(%s, %s)" % (inner, self.chance.choice(["1s", "1ms"]))
        return "%s(%s)" % (function, inner)

    def raw_items(self, name):
        roll = self.chance.random()
        if roll < 0.2:
            return ["*"]
        if roll < 0.25:
            return [self.chance.choice(["*::field", "/u/", "/^v|n$/"])]
        items = []
        for _ in range(self.chance.choice([1, 1, 2, 3])):
            pick = self.chance.random()
            if pick < 0.5:
                items.append(self.field(name, ("float", "int", "string", "bool")))
            elif pick < 0.75:
                items.append(self.expression(name))
            elif pick < 0.85:
                items.append(self.math(name))
            else:
                tags = list(SHAPES[name][0])
                items.append(self.chance.choice(tags) if tags else self.field(name))
        items[0] = self.field(name, ("float", "int", "string", "bool")) if self.maybe(0.7) else items[0]
        return [item + (" AS x%d" % at if self.maybe(0.08) else "") for at, item in enumerate(items)]

    def math(self, name):
        roll = self.chance.random()
        if roll < 0.6:
            return "%s(%s)" % (self.chance.choice(MATHS), self.field(name))
        if roll < 0.75:
            return "%s(%s, %s)" % (self.chance.choice(["pow", "atan2", "log"]), self.field(name),
                                   self.chance.choice(["2", "3", "0.5"]))
        if roll < 0.88:
            return "%s::%s" % (self.field(name, ("float", "int", "string", "bool")),
                               self.chance.choice(["integer", "float", "string", "boolean", "field"]))
        whole = self.field(name, ("int",))
        return "%s %s %d" % (whole, self.chance.choice("&|^%"), self.chance.randrange(1, 9))

    def show(self):
        """A SHOW statement as a query of one piece."""
        name = self.chance.choice(list(SHAPES))
        tags = list(SHAPES[name][0]) or ["host"]
        source = self.chance.choice([" FROM " + name, " FROM /a/", "", " FROM cpu, mem"])
        where = ""
        if self.maybe(0.4):
            where = " WHERE %s %s" % (self.chance.choice(tags), self.chance.choice(
                ["= 'a'", "!= 'a'", "=~ /[ab1]/", "!~ /a/", "= ''", "!= ''"]))
        limit = " LIMIT %d" % self.chance.randrange(1, 5) if self.maybe(0.3) else ""
        limit += " OFFSET %d" % self.chance.randrange(0, 3) if self.maybe(0.15) else ""
        key = self.chance.choice(["= host", "IN (host, region)", "=~ /o|e/", "!= host", "!~ /h/", "= none"])
        form = self.chance.choice([
            "SHOW TAG VALUES%s WITH KEY %s%s%s" % (source, key, where, limit),
            "SHOW TAG KEYS%s%s%s" % (source, where, limit), "SHOW SERIES%s%s%s" % (source, where, limit),
            "SHOW FIELD KEYS%s%s" % (source, limit),
            "SHOW MEASUREMENTS%s%s%s" % (self.chance.choice(["", " WITH MEASUREMENT = cpu", " WITH MEASUREMENT =~ /a/"]),
                                         where, limit)])
        return {"show": form}

    def time_condition(self):
        step = self.chance.choice([60, 300, 900, 86_400])
        first = START_S + self.chance.randrange(-3, 12) * step // 4
        low = "time %s %s" % (self.chance.choice([">=", ">"]), self.moment(first))
        high = "time %s %s" % (self.chance.choice(["<", "<="]),
                               self.moment(first + self.chance.randrange(1, 40) * step // 4))
        return [low, high]

    def moment(self, seconds):
        return self.chance.choice(["%d" % (seconds * 1_000_000_000), "%ds" % seconds, "%dms" % (seconds * 1000)])

    def condition(self, name, depth=0):
        """Of tags and fields."""
        if depth < 2 and self.maybe(0.25):
            return "(%s %s %s)" % (self.condition(name, depth + 1), self.chance.choice(["AND", "OR"]),
                                   self.condition(name, depth + 1))
        tags, fields, _, _ = SHAPES[name]
        if tags and self.maybe(0.5):
            tag = self.chance.choice(list(tags))
            if self.maybe(0.4):
                return "%s %s /%s/" % (tag, self.chance.choice(["=~", "!~"]),
                                       self.chance.choice(["a", "^[ab]$", "e|1", ".*", "z", ".+"]))
            return "%s %s '%s'" % (tag, self.chance.choice(["=", "!="]),
                                   self.chance.choice(tags[tag] + ["", "none"]))
        field, kind = self.chance.choice(list(fields.items()))
        if kind == "string":
            return "%s %s '%s'" % (field, self.chance.choice(["=", "!="]), self.chance.choice(["up", "a", ""]))
        if kind == "bool":
            return "%s %s %s" % (field, self.chance.choice(["=", "!="]), self.chance.choice(["true", "false"]))
        left = field if self.maybe(0.85) else "%s + %s" % (field, self.literal())
        return "%s %s %s" % (left, self.chance.choice([">", "<", ">=", "<=", "=", "!="]), self.literal())

    def fair_select(self, version):
        if self.maybe(0.08):
            return self.show()
        while True:
            query = self.select()
            if is_fair(query) and (not version.startswith("1.6") or is_as_in_newer(query)):
                return query

    def select(self, depth=0):
        name = self.chance.choice(list(SHAPES))
        query = {"items": [], "from": [name], "where": [], "group": [], "fill": "", "order": "",
                 "limits": [], "tz": "", "name": name}
        aggregates = self.maybe(0.65)
        if self.maybe(0.6):
            query["where"] += self.time_condition()
        if self.maybe(0.35):
            query["where"].append(self.condition(name))
        if SHAPES[name][0] and self.maybe(0.5):
            tags = list(SHAPES[name][0])
            query["group"] += self.chance.choice([["*"], tags, tags[:1], tags[-1:], ["/host|dev/"]])
        windows = aggregates and self.maybe(0.6)
        if windows:
            self.add_windows(query)
        if name in ("gap", "days") and self.maybe(0.15):
            query["from"] = self.chance.choice([["gap", "days"], ["/gap|days/"], ["days", "gap"], ["/^(g|x)a/"]])
        query["items"] = self.aggregate_items(name, windows) if aggregates else self.raw_items(name)
        if any("integral" in item for item in query["items"]):
            # Its series come in random order.
            query["group"] = [one for one in query["group"] if one.startswith("time")]
            query["from"] = [name]
        if depth < 2 and self.maybe(0.12):
            query = self.outer(query, depth)
        if self.maybe(0.25):
            query["order"] = self.chance.choice(["ORDER BY time DESC", "ORDER BY time ASC"])
        if self.maybe(0.25) and not query["items"][0].startswith(("top", "bottom")):
            query["limits"].append("LIMIT %d" % self.chance.randrange(1, 12))
            if self.maybe(0.4):
                query["limits"].append("OFFSET %d" % self.chance.randrange(0, 5))
        if query["group"] and self.maybe(0.1):
            query["limits"].append("SLIMIT %d" % self.chance.randrange(1, 4))
        if windows and self.maybe(0.12):
            query["tz"] = "tz('%s')" % self.chance.choice(ZONES)
        return query

    def add_windows(self, query):
        if not any(one.startswith("time") for one in query["where"]):
            query["where"] += self.time_condition()
        if query["name"] == "days":
            interval = self.chance.choice(INTERVALS[-3:])
        else:
            interval = self.chance.choice(INTERVALS[:-2])
        offset = ", %s" % self.chance.choice(["3s", "-5s", "1m", "1h"]) if self.maybe(0.15) else ""
        query["group"].append("time(%s%s)" % (interval, offset))
        if self.maybe(0.5):
            query["fill"] = "fill(%s)" % self.chance.choice(["null", "none", "previous", "linear", "0", "7.5"])

    def aggregate_items(self, name, windows):
        roll = self.chance.random()
        if roll < 0.1:
            extra = list(SHAPES[name][0])[:1] if self.maybe(0.4) else []
            return ["%s(%s, %d)" % (self.chance.choice(["top", "bottom"]),
                                    ", ".join([self.field(name)] + extra), self.chance.randrange(1, 5))]
        if roll < 0.3:
            return [self.transform(self.call_of_number(name) if windows else self.field(name))]
        if roll < 0.4:
            extra = self.field(name, ("float", "int", "string", "bool"))
            return ["%s(%s)" % (self.chance.choice(["min", "max", "first", "last"]), self.field(name)), extra]
        if roll < 0.5:
            return ["%s %s %s" % (self.call_of_number(name), self.chance.choice("+-*/"),
                                  self.chance.choice([self.literal(), self.call_of_number(name)]))]
        items = [self.call(name) for _ in range(self.chance.choice([1, 1, 2, 3]))]
        return [items[0]] if len(items) > 1 and any("distinct(" in i and "count" not in i for i in items) else items

    def call_of_number(self, name):
        return "%s(%s)" % (self.chance.choice(["mean", "sum", "min", "max", "count", "last", "first", "median",
                                               "spread"]), self.field(name))

    def outer(self, inner, depth):
        """A query over another one, whose columns have plain names."""
        names = []
        for at, item in enumerate(inner["items"]):
            if "*" in item.split("(")[0] or item.startswith("/"):
                return inner
            if " AS " not in item:
                item += " AS c%d" % at
            inner["items"][at] = item
            names.append(item.rsplit(" AS ", 1)[1])
        query = {"items": [], "from": [inner], "where": [], "group": [], "fill": "", "order": "", "limits": [],
                 "tz": "", "name": inner["name"]}
        if self.maybe(0.7):
            query["items"] = ["%s(%s)" % (self.chance.choice(["mean", "max", "min", "sum", "count", "last"]), one)
                              for one in names[:2]]
            if self.maybe(0.4):
                self.add_windows(query)
        else:
            query["items"] = names
        tags = [one for one in inner["group"] if not one.startswith(("time", "*", "/"))]
        if tags and self.maybe(0.5):
            query["group"] = tags[:1] + query["group"]
        return query


def text(query):
    if "show" in query:
        return query["show"]
    source = ", ".join("(%s)" % text(one) if isinstance(one, dict) else one for one in query["from"])
    parts = ["SELECT", ", ".join(query["items"]), "FROM", source]
    if query["where"]:
        parts += ["WHERE", " AND ".join(query["where"])]
    if query["group"]:
        parts += ["GROUP BY", ", ".join(query["group"])]
    parts += [query["fill"], query["order"], *query["limits"], query["tz"]]
    return " ".join(part for part in parts if part)


def is_fair(query):
    """False where InfluxDB's answer is nobody's wish: docs/influxql-differences.md tells of each."""
    any_point = "percentile" in " ".join(query["items"]) and not has_windows(query)
    return (has_both_ends(query) and counts_once(query) and not any_point and
            all(is_fair(one) and is_fair_inside(one, query) for one in query["from"]
                if isinstance(one, dict)))


def has_windows(query):
    return any(one.startswith("time(") for one in query["group"])


def has_both_ends(query):
    """A range before InfluxDB's first time wraps around; windows without an end go on until now."""
    ends = [any(one.startswith("time " + sign) for one in query["where"]) for sign in "<>"]
    return all(ends) or not has_windows(query)


def counts_once(query):
    """An offset alone, a limit beside top() and SLIMIT count anew in each shard."""
    limits = " ".join(query["limits"])
    top = query["items"][0].startswith(("top", "bottom")) and limits
    return not (top or limits.startswith("OFFSET") or "SLIMIT" in limits and query["name"] == "days")


def is_fair_inside(inner, outer):
    windows, items = has_windows(inner), " ".join(inner["items"])
    if windows and any(one.startswith("time ") for one in outer["where"]):
        return False  # A window that begins before the range ends the outer call.
    tags = [one for one in inner["group"] if not one.startswith("time(")]
    if tags and tags != outer["group"][:len(tags)]:
        if windows and inner["fill"] != "fill(none)":
            return False  # Fills begin anew whenever the next row is of another group.
        if len(re.findall(r"[a-z]\(", items)) > 1 or "distinct" in items:
            return False  # Rows of several calls meet by their times alone.
    if tags and outer["limits"]:
        return False  # Which of two rows of one time comes first is nobody's promise.
    if inner["fill"] in ("fill(0)", "fill(7.5)") and any("(" not in one for one in inner["items"]):
        return False  # A number takes the place of a text.
    if items.startswith(("top", "bottom")) and has_windows(outer):
        return False  # Their rows come unsorted.
    # What is not a number becomes any integer, or is the first of the largest.
    return not re.search(r"\(\*\)|stddev|log|ln|sqrt", items)


def is_as_in_newer(query):
    """False where InfluxDB 1.6 does not obey ORDER BY time DESC yet, or has no such function."""
    words = text(query)
    if re.search("exponential|relative|chande|kaufman|abs", words):
        return False
    if any(isinstance(one, dict) and one["group"] for one in query.get("from", [])):
        return False  # It does not sort the rows of an inner query's groups.
    return "DESC" not in words or not re.search("top|bottom|distinct", words)


def smaller(query):
    """Fair queries with one piece less."""
    return filter(is_fair, pieces_less(query))


def pieces_less(query):
    if "show" in query:
        return
    for key in ("items", "where", "group", "limits"):
        for at in range(len(query[key])):
            if key != "items" or len(query[key]) > 1:
                yield {**query, key: query[key][:at] + query[key][at + 1:]}
    for key in ("fill", "order", "tz"):
        if query[key]:
            yield {**query, key: ""}
    for source in query["from"]:
        if isinstance(source, dict):
            yield source
            for less in pieces_less(source):
                yield {**query, "from": [less]}
