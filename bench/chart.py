# SPDX-License-Identifier: Apache-2.0
"""Draws lines over logarithmic axes as SVG, small enough to read in a diff."""
import math

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 700, 360, 70, 210, 34, 46
COLOURS = ["#1f6f8b", "#c4572a", "#5a7d2a", "#7a4f9a", "#8a6d1d"]


def decades(values):
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def short(exponent):
    names = {-3: "0.001", -2: "0.01", -1: "0.1", 0: "1", 1: "10", 2: "100", 3: "1k", 4: "10k",
             5: "100k", 6: "1M", 7: "10M", 8: "100M", 9: "1G", 10: "10G"}
    return names.get(exponent, "1e%d" % exponent)


def svg(title, x_name, lines):
    """`lines`: {name: [(x, y), …]}, all above zero."""
    x_low, x_high = decades([x for points in lines.values() for x, _ in points])
    y_low, y_high = decades([y for points in lines.values() for _, y in points])
    inner_width, inner_height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def place(x, y):
        return (LEFT + (math.log10(x) - x_low) / (x_high - x_low) * inner_width,
                TOP + (y_high - math.log10(y)) / (y_high - y_low) * inner_height)

    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" '
           'font-size="12">' % (WIDTH, HEIGHT), '<rect width="100%" height="100%" fill="#ffffff"/>',
           '<text x="%d" y="20" font-size="14">%s</text>' % (LEFT, title)]
    for exponent in range(x_low, x_high + 1):
        x, _ = place(10.0 ** exponent, 10.0 ** y_low)
        out.append('<path d="M%.1f %d V%d" stroke="#dddddd"/>' % (x, TOP, HEIGHT - BOTTOM))
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%s</text>' % (x, HEIGHT - BOTTOM + 16, short(exponent)))
    for exponent in range(y_low, y_high + 1):
        _, y = place(10.0 ** x_low, 10.0 ** exponent)
        out.append('<path d="M%d %.1f H%d" stroke="#dddddd"/>' % (LEFT, y, WIDTH - RIGHT))
        out.append('<text x="%d" y="%.1f" text-anchor="end">%s</text>' % (LEFT - 6, y + 4, short(exponent)))
    out.append('<text x="%d" y="%d" text-anchor="middle">%s</text>'
               % (LEFT + inner_width // 2, HEIGHT - 10, x_name))
    for number, (name, points) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " L".join("%.1f %.1f" % place(x, y) for x, y in points)
        out.append('<path d="M%s" fill="none" stroke="%s" stroke-width="2"/>' % (path, colour))
        out += ['<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (*place(x, y), colour) for x, y in points]
        x, y = place(*points[-1])
        out.append('<text x="%.1f" y="%.1f" fill="%s">%s</text>' % (x + 8, y + 4, colour, name))
    return "\n".join(out + ["</svg>", ""])
