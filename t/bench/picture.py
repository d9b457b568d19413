"""Pictures in SVG."""

import math
import os

from handlers import COPY, MEMORY, PIPE

OURS, OTHERS, LIMIT = "#06c", "#444", "#c00"
MADE = '<!-- Made by "make bench". -->'
HEAD = ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="11">'
        '<rect width="100%%" height="100%%" fill="white"/>')


class Seconds:
    """A logarithmic axis of milliseconds, from the least to the most of these, between two places."""

    def __init__(self, times, left, right, before=0.05, after=0.12):
        self.low, self.high = math.log10(min(times)) - before, math.log10(max(times)) + after
        self.left, self.right = left, right

    def at(self, ms):
        return self.left + (math.log10(ms) - self.low) / (self.high - self.low) * (self.right - self.left)

    def grid(self, top, bottom):
        lines = []
        for decade in range(math.floor(self.low), math.ceil(self.high) + 1):
            for k in 1, 2, 5:
                ms = k * 10 ** decade
                if self.low <= math.log10(ms) <= self.high:
                    lines.append('<path d="M%.1f %dV%d" stroke="#ddd"/>' % (self.at(ms), top, bottom))
                    lines.append(text(self.at(ms), bottom + 16, "%g" % (ms / 1000), anchor="middle"))
        return lines

    def limit(self, ms, name, top, bottom, label):
        return ['<path d="M%.1f %dV%d" stroke="%s" stroke-dasharray="4 3"/>' % (self.at(ms), top, bottom, LIMIT),
                text(self.at(ms) + 4, label, name, LIMIT)]


def text(x, y, words, colour="black", anchor="start", size=11):
    for plain, escaped in ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"):
        words = words.replace(plain, escaped)
    return '<text x="%.1f" y="%.1f" fill="%s" text-anchor="%s" font-size="%d">%s</text>' % (x, y, colour, anchor, size, words)


def write(path, width, height, lines):
    with open(path, "w") as f:
        f.write("\n".join([MADE, HEAD % (width, height), *lines, "</svg>\n"]))


def is_level(name):
    """Only the levels of gzdeflate, not their variants."""
    return name.startswith("gzdeflate") and name.count("-") == 1 and name[-2] == "-"


def draw_sizes(path, report, what):
    """Plots the size against the time of each compressor."""
    points = {name: (report.median(what, name), size) for (part, name), size in report.bytes.items()
              if part == what and size}
    limit, core_size = points.pop("cat")
    points = {name: p for name, p in points.items() if is_level(name) or not name.startswith(("gz", "zd")) or
              name.startswith("gzip")}
    w, h, left, bottom = 860, 520, 70, 60
    seconds = Seconds([limit, *(ms for ms, _ in points.values())], left, w - 20)
    most = max(size for _, size in points.values()) / 1e6 * 1.08

    def y(mb):
        return h - bottom - mb / most * (h - bottom - 40)

    lines = [text(left, 20, "A Python core of %.0f MB: size against time, %d processors" % (
        core_size / 1e6, len(os.sched_getaffinity(0))), size=14)]
    lines += seconds.grid(40, h - bottom)
    step = 10 ** math.floor(math.log10(most / 2))
    for i in range(int(most / step) + 1):
        lines.append('<path d="M%d %.1fH%d" stroke="#ddd"/>' % (left, y(i * step), w - 20))
        lines.append(text(left - 6, y(i * step) + 4, "%g" % (i * step), anchor="end"))
    lines += [text(w / 2, h - 12, "seconds, logarithmic", anchor="middle"),
              '<text x="16" y="%d" transform="rotate(-90 16 %d)" text-anchor="middle">stored, MB</text>' % (h / 2, h / 2)]
    lines += seconds.limit(limit, "cat", 40, h - bottom, 52)
    lines.append('<polyline fill="none" stroke="%s" points="%s"/>' % (OURS, " ".join(
        "%.1f,%.1f" % (seconds.at(ms), y(size / 1e6)) for name, (ms, size) in points.items() if is_level(name))))
    taken = []
    for name, (ms, size) in points.items():
        ours = is_level(name)
        colour = OURS if ours else OTHERS
        label = name.replace("gzdeflate ", "")
        px, py, wide = seconds.at(ms), y(size / 1e6), 6.2 * len(label)
        # Put the label at the first place around the point where no other label is.
        places = [(px + 6, py - 5), (px + 6, py + 14), (px - 6 - wide, py - 5), (px - 6 - wide, py + 14)]
        at = next((p for p in (places[1:] + places[:1] if ours else places)
                   if not any(p[0] < t[0] + t[2] and t[0] < p[0] + wide and abs(p[1] - t[1]) < 11 for t in taken)),
                  places[0])
        taken.append((*at, wide))
        lines += ['<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"/>' % (px, py, colour), text(*at, label, colour)]
    write(path, w, h, lines)


def draw_released(path, report, words):
    """Plots, for each handler of a crash, when the process is released and when all is stored."""
    what = "crash of " + words
    rows = {}
    for part, name, measure in report.times:
        if part == what and name not in (PIPE, MEMORY, COPY):
            rows[name] = report.median(part, name, "released"), report.median(part, name, "stored")
    rows = dict(sorted(rows.items(), key=lambda row: row[1][0]))
    pipe, memory = (report.median(what, name, "released") for name in (PIPE, MEMORY))
    w, left, top, high = 860, 250, 66, 20
    bottom = top + high * len(rows)
    seconds = Seconds([pipe, memory, *(ms for row in rows.values() for ms in row if ms)], left, w - 60, after=0.02)
    lines = [text(left, 20, "A crash of %s: how long each handler takes, %d processors" % (
                 words, len(os.sched_getaffinity(0))), size=14),
             *circles(left, 38, OURS), text(left + 12, 42, "the process is released"),
             *circles(left + 160, 38, OURS, stored=True), text(left + 172, 42, "all is stored"),
             text(left + 270, 42, "×: released, against the limit of the pipe"),
             *seconds.grid(top, bottom), text((left + w) / 2, bottom + 34, "seconds, logarithmic", anchor="middle"),
             *seconds.limit(memory, "limit of memory", 50, bottom, 60), *seconds.limit(pipe, "limit of the pipe", 50, bottom, 60)]
    for i, (name, (released, stored)) in enumerate(rows.items()):
        y = top + high * i + high / 2
        ours = name.startswith(("gz", "core-", "tap")) and not name.startswith("gzip") and "mbuffer" not in name
        colour = OURS if ours else OTHERS
        lines.append(text(left - 12, y + 4, name, colour, "end"))
        if stored:
            lines.append('<path d="M%.1f %.1fH%.1f" stroke="%s" stroke-width="2" opacity="0.4"/>' % (
                seconds.at(released), y, seconds.at(stored), colour))
            lines += circles(seconds.at(stored), y, colour, stored=True)
        lines += circles(seconds.at(released), y, colour)
        lines.append(text(max(seconds.at(t) for t in (released, stored) if t) + 8, y + 4, times(released / pipe), colour))
    write(path, w, bottom + 44, lines)


def times(ratio):
    return "%.*f ×" % (1 if ratio >= 1 else 2, ratio)


def circles(x, y, colour, stored=False):
    return ['<circle cx="%.1f" cy="%.1f" r="4" fill="%s" stroke="%s" stroke-width="1.5"/>' % (
        x, y, "white" if stored else colour, colour)]
