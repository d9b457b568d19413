# Completions of all programs for a shell, from the options that their manuals describe: with shell=bash or zsh on standard
# output, with shell=fish in OUT/PROGRAM.fish.  The programs in dumps, words with blanks around, take names of dumps too.

# A user may have given a dump any name: those with what a shell could take for its own are left out.
BEGIN {
	names = "core-list -r 2>/dev/null | sed -n 's/^name=//p' | grep -x '[A-Za-z0-9._/:@+-]*'"
}

# The words of a macro's line, without macros and delimiters between quotes.
function words(line,    n, word, i, text) {
	sub(/^\.[A-Z][a-z] /, "", line)
	n = split(line, word, " ")
	text = ""
	for (i = 1; i <= n; i++)
		if (word[i] !~ /^(Ar|Fl|Cm|Xr|Pa|Ql|Sq|Dq|Ns|No|Pq|Ev|Dv|Er|Va|Sx|[0-9])$/)
			text = text (text == "" || word[i] ~ /^[.,:;]$/ ? "" : " ") word[i]
	return text
}

# The start of what the manual says, short enough for a list, without what a shell could take for its own.
function brief(text) {
	sub(/^With [A-Za-z]: */, "", text)
	sub(/[.:;].*/, "", text)
	gsub(/\\&/, "", text)
	gsub(/[^A-Za-z0-9 ,.%\/_=-]/, "", text)
	if (length(text) > 70) {
		text = substr(text, 1, 70)
		sub(/,? [^ ]*$/, "", text)
	}
	return text
}

function end_option() {
	if (letter != "" && !((program, letter) in said)) {
		said[program, letter] = brief(text)
		takes[program, letter] = operand
		letters[program] = letters[program] letter
	}
	letter = text = ""
}

function add(letters_of, operand_of,    i) {
	end_option()
	letter = letters_of
	operand = operand_of
}

FNR == 1 {
	end_option()
	program = FILENAME
	sub(/.*\//, "", program)
	sub(/\.[0-9]$/, "", program)
	programs[++count] = program
}

/^\.It Fl 0 No to Fl 9/ {
	end_option()
	for (level = 0; level <= 9; level++) {
		said[program, level] = "level"
		letters[program] = letters[program] level
	}
	next
}

/^\.It Fl [A-Za-z0-9]($| )/ {
	add($3, NF > 3 ? ($4 == "Ar" ? $5 : "WORD") : "")
	next
}

/^\./ && !/^\.(Ar|Cm|Xr|Pa|Ql|Sq|Dq|Pq|Ev|Fl) / {
	if (letter != "")
		end_option()
	next
}

letter != "" && (text !~ /[.:;]/ || text ~ /^With [A-Za-z]:$/) {
	text = text (text == "" ? "" : " ") ($0 ~ /^\./ ? words($0) : $0)
}

function kind(name) {
	return name ~ /^(DIR|DEBUGDIR|ROOT)$/ ? "directories" : "files"
}

function bash(    i, j, p, l, all, with) {
	print "# Options of gzcoredump's programs, and names of stored dumps."
	print "_gzcoredump() {"
	print "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} options='' with='' dumps='' name"
	print "\tcase ${COMP_WORDS[0]##*/} in"
	for (i = 1; i <= count; i++) {
		p = programs[i]
		all = with = ""
		for (j = 1; j <= length(letters[p]); j++) {
			l = substr(letters[p], j, 1)
			all = all (all == "" ? "" : " ") "-" l
			if (takes[p, l] != "")
				with = with "-" l " "
		}
		printf "\t%s) options='%s' with=' %s' dumps=%s ;;\n", p, all, with, index(dumps, " " p " ") ? 1 : "''"
	}
	print "\tesac"
	print "\tif [[ $with == *\" $prev \"* ]]; then"
	print "\t\treturn"
	print "\telif [[ $cur == -* ]]; then"
	print "\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")"
	print "\telif [[ -n $dumps ]]; then"
	print "\t\twhile IFS= read -r name; do"
	print "\t\t\t[[ $name != \"$cur\"* ]] || COMPREPLY+=(\"$name\")"
	print "\t\tdone < <(echo last; " names ")"
	print "\tfi"
	print "}"
	printf "complete -o bashdefault -o default -F _gzcoredump"
	for (i = 1; i <= count; i++)
		printf " %s", programs[i]
	print ""
}

function zsh(    i, j, p, l) {
	printf "#compdef"
	for (i = 1; i <= count; i++)
		printf " %s", programs[i]
	print "\n"
	print "_gzcoredump_dumps() {"
	print "\tlocal -a dumps"
	print "\tdumps=(last ${(f)\"$(" names ")\"})"
	print "\t_alternative 'dumps:stored dump:compadd -a dumps' 'files:file:_files'"
	print "}\n"
	print "case $service in"
	for (i = 1; i <= count; i++) {
		p = programs[i]
		printf "%s)\n\t_arguments -s", p
		for (j = 1; j <= length(letters[p]); j++) {
			l = substr(letters[p], j, 1)
			printf " \\\n\t\t'*-%s[%s]%s'", l, said[p, l],
			    takes[p, l] == "" ? "" : ":" takes[p, l] ":_files" (kind(takes[p, l]) == "files" ? "" : " -/")
		}
		printf " \\\n\t\t'*: :%s'\n\t;;\n", index(dumps, " " p " ") ? "_gzcoredump_dumps" : "_default"
	}
	print "esac"
}

function fish(    i, j, p, l, to) {
	for (i = 1; i <= count; i++) {
		p = programs[i]
		to = out "/" p ".fish"
		print "# Options of " p (index(dumps, " " p " ") ? ", and names of stored dumps." : ".") >to
		for (j = 1; j <= length(letters[p]); j++) {
			l = substr(letters[p], j, 1)
			printf "complete -c %s -s %s%s -d '%s'\n", p, l, takes[p, l] == "" ? "" : " -r", said[p, l] >to
		}
		if (index(dumps, " " p " "))
			printf "complete -c %s -a \"last (%s)\" -d 'stored dump'\n", p, names >to
		close(to)
	}
}

END {
	end_option()
	if (shell == "bash")
		bash()
	else if (shell == "zsh")
		zsh()
	else
		fish()
}
