"""The ratios that are worth a line: how many times slower than the limit, or than another program, one is."""

from files import of, of_null, unpacked
from handlers import CAPTURE, DEFLATE, MBUFFER, MEMORY, PEERS, PIPE, WHOLE

BEHIND = [CAPTURE + ", gzdeflate -" + rest for rest in ("1", "9", "1, age", "1, 3 MB/s")]


def say_all(report, victims):
    report.say("\nratios of the medians")
    for words in victims:
        crashes(report, words)
    for core in "python", "node":
        files(report, core)


def crashes(report, words):
    what = "crash of " + words

    def line(of_name, to, measure="released"):
        report.ratio("%s, %s: %s / %s" % (words, measure, of_name, to), what, of_name, to, measure)

    line(MEMORY, PIPE)
    for name in [DEFLATE, MBUFFER + ", gzdeflate -1", *BEHIND]:
        line(name, PIPE)
    for name in BEHIND:
        line(name, MEMORY)
    for name in WHOLE, WHOLE + ", capture=yes", WHOLE + ", capture=no", "systemd-coredump":
        line(name, PIPE)
    line(WHOLE + ", capture=yes", WHOLE + ", capture=no")
    for name in BEHIND[0], CAPTURE + " -b 0, gzdeflate -1", "tap, gzdeflate -1", MBUFFER + ", gzdeflate -1":
        line(name, DEFLATE, "stored")
    line(WHOLE + ", capture=yes", WHOLE + ", capture=no", "stored")
    for name in ["cat >file", *(name for names in PEERS.values() for name in names)]:
        line(name, DEFLATE)


def files(report, core):
    part = of(core)
    gzip = report.bytes.get((part, "gzip -9"), 0)

    def line(words, what, slow, fast):
        report.ratio("%s: %s" % (core, words), what, slow, fast)

    line("pigz -6 / gzdeflate -6", part, "pigz -6", "gzdeflate -6")
    for mine in [*("gzdeflate -%d" % n for n in range(1, 8)), "gzdeflate -7 -b 1M", "gzdeflate -8", "gzdeflate -9"]:
        if 0 < report.bytes.get((part, mine), 0) <= gzip:
            line("pigz -9 / %s, no larger than gzip -9" % mine, part, "pigz -9", mine)
            break
    line("to /dev/null: gzdeflate -6 -T1 / -6", of_null(core), "gzdeflate -6 -T1", "gzdeflate -6")
    part = unpacked(core)
    line("zinflate -T1 / zinflate, members", part, "zinflate -T1: members", "zinflate: members")
    for kind in "members", "one member":
        for peer in "igzip -d", "gzip -d":
            line("%s / zinflate, %s" % (peer, kind), part, "%s -c: %s" % (peer, kind), "zinflate: " + kind)
