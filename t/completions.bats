# Completions for shells, in these shells.

load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	export HOME=$PWD XDG_CONFIG_HOME=$PWD XDG_DATA_HOME=$PWD
	DIR=$BUILD/completions
	# What is stored; one of it has a name of its owner's choice.
	mkdir bin
	cat >bin/core-list <<-'EOF'
	#!/bin/sh
	[ "$1" = -r ] || exit 2
	cat <<'END'
	name=prog.1
	pid=1
	name=4711/prog.2
	name=4711/$(touch${IFS}caught)`touch${IFS}caught`;touch${IFS}caught
	END
	EOF
	chmod +x bin/core-list
	PATH=$PWD/bin:$PATH
}

# completed: the programs that have completions.
completed() {
	find "$DIR/fish" -name '*.fish' -exec basename -s .fish {} + | sort
}

# in_bash WORD …, in_fish WORDS, in_zsh SEEN WORDS: what the shell offers for the last word, each on a line; zsh, which shows
# nothing while keys are waiting, until SEEN was among it.
in_bash() {
	bash --norc -c '. "$0" && COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) && _gzcoredump && printf "%s\n" "${COMPREPLY[@]}"' \
		"$DIR/gzcoredump" "$@"
}

in_fish() {
	fish --no-config -c 'set fish_complete_path $argv[1]; complete -C "$argv[2..]"' "$DIR/fish" "$@" | cut -f 1
}

in_zsh() {
	python3 -c '
import os, pty, re, select, sys, time
folder, seen, typed = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM="dumb", PS1="", COLUMNS="200", LINES="200")
    os.execvp("zsh", ["zsh", "-f", "-i"])

def answer(line, end):
    """What comes until the end of it, which the line does not have in one piece."""
    os.write(fd, line.encode())
    said, until = "", time.time() + 60
    while end not in said:
        if time.time() > until or not select.select([fd], [], [], 60)[0]:
            sys.exit("zsh: no %s after: %s" % (end, said))
        said += os.read(fd, 65536).decode()
    return said

answer("stty -echo cols 200 rows 200; fpath=(%s $fpath); autoload -U compinit; compinit -u -D; LISTMAX=1000\n"
       "zstyle \":completion:*\" verbose no\nprint be\"\"gins\n" % folder, "begins")
said = answer(typed + "\t", seen)
# With nothing left of what was typed the shell goes on.
said += answer("\x15print en\"\"ds\n", "ends")
os.close(fd)
print("\n".join(sorted(set(re.split(r"\s+", said)))))
' "$DIR" "$@"
}

# options PROGRAM: the options of its usage.
options() {
	"$BUILD/$1" -h | grep -oE '(\[| )-[A-Za-z0-9]+' | tr -d ' [-' | fold -w 1 | sed 's/^/-/' | sort -u
}

@test "completions: every option of every program, and no other: bash" {
	diff <(completed) <(find "$T/../tools" -maxdepth 1 -name '*.[18]' -exec basename -a {} + | sed 's/\.[18]$//' | sort)
	for program in $(completed); do
		diff <(in_bash "$program" - | sort -u) <(options "$program") || { echo "$program"; return 1; }
	done
}

@test "completions: every option of every program, and no other: fish" {
	need fish
	for program in $(completed); do
		diff <(in_fish "$program -" | grep -E '^-.$' | sort -u) <(options "$program") ||
			{ echo "$program"; return 1; }
	done
}

@test "completions: every option of a program: zsh" {
	need zsh
	for program in core-open core-list gzcoredump; do
		diff <(in_zsh -V "$program -" | grep -xE -e '-[A-Za-z0-9]' | sort -u) <(options "$program") || { echo "$program"; return 1; }
	done
}

@test "completions: names of stored dumps, where a program takes them; no name is run" {
	for program in core-open core-trace core-info core-prune; do
		[ "$(in_bash $program '')" = $'last\nprog.1\n4711/prog.2' ]
		[ "$(in_bash $program p)" = prog.1 ]
	done
	[ -z "$(in_bash gzdeflate '')" ]
	# Behind an option with an operand stands that.
	[ -z "$(in_bash core-open -e '')" ]
	if command -v fish; then
		in_fish 'core-open ' >said
		grep -qx last said
		grep -qx 4711/prog.2 said
		run ! grep -F touch said
	fi
	if command -v zsh; then
		in_zsh prog.2 'core-open 47' >said
		cat said
		grep -qF 4711/prog.2 said
		run ! grep -F touch said
	fi
	[ ! -e caught ]
}
