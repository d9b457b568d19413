# soon COMMAND…: waits until it succeeds.  The limit only turns a hang into a failure, since everything is slow under load.
soon() {
	local end=$((SECONDS + 300))
	until "$@"; do
		[ $SECONDS -lt $end ] || { echo "not in 300 s: $*"; return 1; }
		sleep 0.05
	done
}
