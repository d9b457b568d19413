"""What was measured: tables for people, lines for programs, and ratios."""

import csv
import statistics

from handlers import CAPTURE, MEMORY, PIPE

HEADER = ["what", "command", "measure", "median_ms", "least_ms", "most_ms", "ratio_pipe", "ratio_memory", "bytes",
          "memory_kib"]


class Report:
    def __init__(self):
        self.text, self.rows = [], []
        # By (what, command, measure): milliseconds.  By (what, command): bytes.
        self.times, self.bytes = {}, {}

    def say(self, line=""):
        print(line, flush=True)
        self.text.append(line)

    def parts(self):
        return {what for what, _ in self.bytes}

    def median(self, what, command, measure="time"):
        times = self.times.get((what, command, measure))
        return statistics.median(times) if times else None

    def put(self, what, command, measure, times, base=None, memory=None, size="", kib=""):
        """Keeps the times; base and memory are what they are compared with."""
        if not times:
            return
        self.times[what, command, measure] = times
        median = statistics.median(times)
        self.rows.append([what, command, measure, *("%.1f" % t for t in (median, min(times), max(times))),
                          "%.3f" % (median / base) if base else "", "%.3f" % (median / memory) if memory else "", size, kib])

    def commands(self, what, limit, times, sizes):
        """The table of whole commands, compared with one of them."""
        base = statistics.median(times[limit])
        self.say("\n%s (ms: median, least, most; ratio to %s; at most %d runs of each)" % (
            what, limit, max(map(len, times.values()))))
        for name, all_times in times.items():
            self.put(what, name, "time", all_times, base, size=sizes.get(name, ""))
            self.bytes[what, name] = sizes.get(name, 0)
            line = "  %-38s%s  %7.2f x" % (name, three(all_times), statistics.median(all_times) / base)
            if sizes.get(name):
                line += " %12d bytes" % sizes[name]
            self.say(line)

    def crashes(self, what, there, results):
        """The table of handlers, of which some are the limits; so many bytes of the process are there to be read."""
        base, least = (statistics.median(results[name].released) for name in (PIPE, MEMORY))
        self.say("\n%s, which has %.1f MB of its own in memory; at most %d runs of each" % (
            what, there / 1e6, max(len(r.released) for r in results.values())))
        self.say("  %-34s%27s%10s%10s%27s%10s%10s" % ("(ms: median, least, most)", "released", "/ pipe", "/ memory",
                                                     "stored", "most MiB", "stored MB"))
        for name, r in results.items():
            self.put(what, name, "released", r.released, base, least, r.size, r.memory)
            self.put(what, name, "stored", r.stored, base, least, r.size, r.memory)
            self.bytes[what, name] = r.size
            middle = statistics.median(r.released)
            line = "  %-34s%s%8.2f x%8.2f x%s%10s%10s" % (
                name, three(r.released), middle / base, middle / least, three(r.stored),
                "%.1f" % (r.memory / 1024) if r.memory else "", "%.1f" % (r.size / 1e6) if r.size else "")
            if CAPTURE in r.stages:
                kib = r.stages[CAPTURE]
                line += "  (%.1f MiB %s)" % (kib / 1024, CAPTURE)
                self.rows.append([what, name, "memory of " + CAPTURE, "", "", "", "", "", "", kib])
            self.say(line.rstrip())

    def ratio(self, words, what, of, to, measure="time", to_measure=None, to_what=None):
        """A line of the ratio of two medians, if both were measured."""
        a, b = self.median(what, of, measure), self.median(to_what or what, to, to_measure or measure)
        if a is not None and b:
            self.say("  %-84s %7.2f x" % (words, a / b))
            self.rows.append(["ratio", words, "", "", "", "", "%.3f" % (a / b), "", "", ""])

    def write(self, out):
        with open(out + "/bench.csv", "w", newline="") as f:
            writer = csv.writer(f)
            writer.writerow(HEADER)
            writer.writerows(self.rows)
        with open(out + "/bench.txt", "w") as f:
            f.write("\n".join(self.text) + "\n")


def three(times):
    if not times:
        return " " * 27
    return "%9.1f%9.1f%9.1f" % (statistics.median(times), min(times), max(times))
