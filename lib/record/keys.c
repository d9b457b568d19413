#include "record/keys.h"

#include <string.h>

#define ANY (KEY_LIVE | KEY_CORE | KEY_HANDLER)
#define INFO (KEY_LIVE | KEY_CORE)
#define LIVE KEY_LIVE
#define CORE KEY_CORE
#define HANDLER KEY_HANDLER
#define FORWARD KEY_FORWARD
#define LISTED KEY_LISTED

#define PATTERN(pattern) "\"pattern\": \"" pattern "\""
#define HEX PATTERN("^0x[0-9a-f]+$")
#define WORD PATTERN("^[a-z0-9_-]+$")

/* The schema of a frame; what a record says has no bounds but its types. */
#define MEMBER(name, type) "\"" name "\": {\"type\": \"" type "\"}"
#define STACKS "\"items\": {\"type\": \"object\", \"required\": [\"tid\", \"frames\"], " \
	"\"additionalProperties\": false, \"properties\": {" MEMBER("tid", "integer") ", " \
	"\"frames\": {\"type\": \"array\", " FRAMES "}}}"
#define FRAMES "\"items\": {\"type\": \"object\", \"required\": [\"pc\"], " \
	"\"additionalProperties\": false, \"properties\": {" MEMBER("pc", "string") ", " \
	MEMBER("module", "string") ", " MEMBER("offset", "string") ", " \
	MEMBER("build_id", "string") ", " MEMBER("function", "string") ", " \
	MEMBER("function_offset", "string") ", " MEMBER("file", "string") ", " \
	MEMBER("line", "integer") ", " MEMBER("inlined", "boolean") ", " \
	MEMBER("unsure", "boolean") "}}"

const struct key keys_all[] = {
	{ "name", KEY_TEXT, LISTED, .words = "The name of the dump where it was stored" },
	{ "state", KEY_TEXT, LISTED,
	    .bounds = "\"enum\": [\"whole\", \"cut\", \"partial\", \"none\", \"open\", \"gone\", "
	    "\"lost\", \"small\"]",
	    .words = "What there is of it: whole, cut, partial, none, open, gone, lost or small" },
	{ "file", KEY_TEXT, LISTED, .words = "The name of the file where it was stored" },
	{ "size", KEY_NUMBER, LISTED,
	    .words = "The size of that file, and so of the object, in bytes" },
	{ "small_file", KEY_TEXT, LISTED,
	    .words = "The name of the small core's file where it was stored" },
	{ "small_size", KEY_NUMBER, LISTED,
	    .words = "The size of the small core's file, in bytes" },

	{ "uuid", KEY_TEXT, ANY, .bounds = "\"maxLength\": 2048",
	    .words = "The identity that the executable was given; empty: none" },
	{ "record", KEY_NUMBER, ANY, .bounds = "\"const\": 1",
	    .words = "The version of this list: 1" },
	{ "uuid_from", KEY_TEXT, INFO, .bounds = "\"enum\": [\"section\", \"note\"]",
	    .words = "Where uuid is from: section or note" },
	{ "build_id", KEY_TEXT, INFO, .bounds = PATTERN("^([0-9a-f]{2}){1,64}$"),
	    .words = "The executable's GNU build-id, in hexadecimal" },
	{ "pid", KEY_NUMBER, ANY,
	    .words = "The process; from a core, in the process's own PID namespace" },
	{ "nspid", KEY_NUMBER, LIVE,
	    .words = "The process in its own PID namespace, where that is another number" },
	{ "tid", KEY_NUMBER, ANY, .words = "The thread that got the signal, or was asked for" },
	{ "uid", KEY_NUMBER, ANY, .words = "The real user" },
	{ "gid", KEY_NUMBER, ANY, .words = "The real group" },
	{ "signal", KEY_NUMBER, CORE | HANDLER, .words = "The signal's number" },
	{ "signame", KEY_TEXT, CORE | HANDLER, .bounds = PATTERN("^SIG[A-Z0-9+-]+$"),
	    .words = "The signal's name" },
	{ "comm", KEY_TEXT, ANY, .words = "The name of the process, that of its first thread" },
	{ "exe", KEY_TEXT, INFO, .words = "The path of the executable" },
	{ "exe_deleted", KEY_FLAG, LIVE, .words = "The file that runs no longer has its path" },
	{ "cmdline", KEY_TEXT, INFO, KEY_PRIVATE,
	    .words = "The arguments, with a blank between two" },
	{ "threads", KEY_NUMBER, INFO, .words = "How many threads there are" },
	{ "time", KEY_TEXT, LIVE | HANDLER,
	    .bounds = PATTERN("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"),
	    .words = "When the handler began, or the facts were read, in UTC" },
	{ "host", KEY_TEXT, LIVE | HANDLER, .words = "The host's name" },
	{ "container_host", KEY_TEXT, HANDLER,
	    .words = "The host's name as the process saw it, where that is another" },
	{ "limit", KEY_NUMBER, HANDLER,
	    .words = "The soft limit on the size of the core, in bytes; 18446744073709551615: "
	    "none" },
	{ "dumpable", KEY_NUMBER, HANDLER,
	    .words = "The dump mode: 1 as usual, 2 a core for root alone" },
	{ "bytes", KEY_NUMBER, CORE, .words = "How many bytes of the core there were" },
	{ "promised", KEY_NUMBER, CORE, .words = "How many bytes the core's headers promise" },
	{ "sigcode", KEY_TEXT, CORE, .bounds = PATTERN("^([A-Z]+_[A-Z0-9_]+|-?[0-9]+)$"),
	    .words = "Why there was a signal, such as SEGV_MAPERR" },
	{ "sigaddr", KEY_TEXT, CORE, .bounds = HEX,
	    .words = "The address of the fault, in hexadecimal" },
	{ "sigpid", KEY_NUMBER, CORE, .words = "The process that sent the signal" },
	{ "siguid", KEY_NUMBER, CORE, .words = "The user who sent the signal" },
	{ "syscall", KEY_TEXT, CORE, .bounds = PATTERN("^[a-z][a-z0-9_]*$"),
	    .words = "SIGSYS: the system call that was not allowed" },
	{ "syscall_nr", KEY_NUMBER, CORE, .words = "SIGSYS: the number of the system call" },
	{ "syscall_arch", KEY_TEXT, CORE, .bounds = WORD,
	    .words = "SIGSYS: the machine whose numbering that is" },
	{ "syscall_addr", KEY_TEXT, CORE, .bounds = HEX,
	    .words = "SIGSYS: the address behind the call, in hexadecimal" },
	{ "machine", KEY_TEXT, CORE, .bounds = WORD,
	    .words = "The processor, such as x86-64, or its e_machine" },
	{ "class", KEY_NUMBER, CORE, .bounds = "\"enum\": [32, 64]",
	    .words = "How many bits a word has: 32 or 64" },
	{ "byteorder", KEY_TEXT, CORE, .bounds = "\"enum\": [\"little\", \"big\"]",
	    .words = "The order of bytes: little or big" },
	{ "files", KEY_TEXT, CORE, .bounds = "\"enum\": [\"dropped\", \"cut\"]",
	    .words = "The core's list of mapped files is not there (dropped) or not whole (cut)" },
	{ "modules", KEY_NUMBER, CORE,
	    .words = "How many mapped ELF files there are whose first bytes the core has" },
	{ "segments", KEY_NUMBER, CORE, .words = "How many segments have bytes in the core" },
	{ "segments_there", KEY_NUMBER, CORE, .words = "How many segments are there to their end" },
	{ "missing", KEY_NUMBER, CORE, .words = "How many of the promised bytes are not there" },
	{ "secure_exec", KEY_FLAG, CORE,
	    .words = "It was started with more rights than its user had" },
	{ "thread_name", KEY_TEXT, LIVE,
	    .words = "The name of the thread that crashed, or was asked for" },
	{ "euid", KEY_NUMBER, LIVE, .words = "The effective user, where that is not the real one" },
	{ "egid", KEY_NUMBER, LIVE,
	    .words = "The effective group, where that is not the real one" },
	{ "rights", KEY_TEXT, LIVE, .bounds = "\"enum\": [\"user\", \"more\"]",
	    .words = "Whether it has more rights than its real user: user or more" },
	{ "cwd", KEY_TEXT, LIVE, .words = "The working directory" },
	{ "root", KEY_TEXT, LIVE, .words = "The root directory" },
	{ "cgroup", KEY_TEXT, LIVE, .words = "The control group" },
	{ "unit", KEY_TEXT, LIVE, .words = "The unit of systemd" },
	{ "user_unit", KEY_TEXT, LIVE, .words = "The unit of the user's own systemd" },
	{ "container", KEY_TEXT, LIVE, .words = "The container's ID or name" },
	{ "container_owner", KEY_NUMBER, LIVE,
	    .words = "The user who made the process's user namespace" },
	{ "limits", KEY_TEXT, LIVE,
	    .bounds = PATTERN("^[a-z]+=[a-z0-9]+:[a-z0-9]+( [a-z]+=[a-z0-9]+:[a-z0-9]+)*$"),
	    .words = "The resource limits that limit, each as NAME=SOFT:HARD" },
	{ "open_files", KEY_NUMBER, LIVE, .words = "How many files are open" },
	{ "io_uring", KEY_FLAG, INFO, .bounds = "\"const\": true",
	    .words = "It has rings of io_uring" },
	{ "uptime_ms", KEY_NUMBER, LIVE,
	    .words = "How long ago the process was started, in milliseconds" },
	{ "vsize", KEY_NUMBER, LIVE, .words = "The size of its address space, in bytes" },
	{ "rss", KEY_NUMBER, LIVE, .words = "How much of it was in memory, in bytes" },
	{ "rss_peak", KEY_NUMBER, LIVE, .words = "How much of it was in memory at most, in bytes" },
	{ "swap", KEY_NUMBER, LIVE, .words = "How much of it was swapped out, in bytes" },
	{ "trimmed", KEY_TEXT, KEY_ALONE, .bounds = "\"enum\": [\"file\", \"stream\", \"process\"]",
	    .words = "It is a small core, and its memory is from there: file, stream or process" },
	{ "trimmed_of", KEY_NUMBER, KEY_ALONE,
	    .words = "How many bytes the whole core's headers promised" },
	{ "holes_left_out", KEY_NUMBER, CORE,
	    .words = "How many bytes of memory that was never touched are zeros in the process, "
	    "and not in the core file" },
	{ "captured", KEY_TEXT, HANDLER, .bounds = "\"enum\": [\"process\", \"stream\"]",
	    .words = "Where the whole core's memory was read: from the process, or all of the "
	    "kernel's stream" },
	{ "captured_why", KEY_TEXT, HANDLER, .words = "Why all of it came from the stream" },
	{ "held_ms", KEY_NUMBER, HANDLER,
	    .words = "How long the process was held for that, in milliseconds" },
	{ "shared_memory", KEY_NUMBER, HANDLER,
	    .words = "How many bytes of its memory other processes may have too, and may have "
	    "changed while it was read" },
	{ "kept", KEY_TEXT, KEY_ALONE, .repeats = 1,
	    .words = "What a small core has, for each rule: its name, ranges, bytes" },

	{ "kept_module", KEY_TEXT, HANDLER, .repeats = 1,
	    .words = "A module whose file is kept: its first address, its name in modules" },
	{ "kept_owner", KEY_TEXT, HANDLER, .repeats = 1,
	    .words = "The user who alone can write the file of a kept digest: its first address, "
	    "the user" },
	{ "reason", KEY_TEXT, CORE | KEY_STACK,
	    .words = "Why the process died, in a sentence; perhaps marks what is not certain" },
	{ "frame", KEY_TEXT, KEY_STACK, .repeats = 1,
	    .words = "A frame of the crashed thread's stack, the innermost first" },
	{ "frames", KEY_OBJECTS, LISTED, .bounds = FRAMES,
	    .words = "The same frames as objects, as core-trace -j has them; function is that of "
	    "frame" },
	{ "thread_frame", KEY_TEXT, KEY_STACK, .repeats = 1,
	    .words = "With stack=all, a frame of another thread's stack: its ID, then as frame" },
	{ "stacks", KEY_OBJECTS, LISTED, .bounds = STACKS,
	    .words = "The same stacks as objects, each with the thread's ID and its frames" },
	{ "stack_end", KEY_TEXT, KEY_STACK,
	    .words = "Why the stack could not be followed further" },
	{ "abort_message", KEY_TEXT, KEY_STACK, KEY_PRIVATE,
	    .words = "What a library said before the process aborted" },
	{ "registers", KEY_TEXT, KEY_STACK, KEY_PRIVATE,
	    .words = "The registers of the crashed thread, each as NAME=VALUE" },
	{ "code", KEY_TEXT, KEY_STACK,
	    .words = "The code around its program counter, in hexadecimal; <> marks the byte at "
	    "the program counter" },
	{ "fingerprint", KEY_TEXT, KEY_STACK,
	    .words = "Of the crashed thread's stack: the same for the same bug" },
	{ "fingerprint_version", KEY_NUMBER, KEY_STACK,
	    .words = "The version of the way it is made; compare only equal versions; absent: 1" },
	{ "where", KEY_TEXT, KEY_STACK,
	    .words = "The first frame that counts for the fingerprint, in a few words" },
	{ "env", KEY_TEXT, LIVE, KEY_SECRET, .repeats = 1,
	    .words = "A variable of the environment, as NAME=VALUE" },
	{ "env_left_out", KEY_NUMBER, LIVE, KEY_SECRET,
	    .words = "How many variables look secret, and were left out" },
	{ "thread", KEY_TEXT, KEY_ALONE, .repeats = 1, .words = "A thread: its ID, its name" },
	{ "module", KEY_TEXT, INFO, .repeats = 1,
	    .words = "A mapped ELF file: its addresses, build-id, path" },
	{ "module_uuid", KEY_TEXT, INFO, .repeats = 1,
	    .words = "The .note.uuid of a module: its first address, the text" },
	{ "module_package", KEY_TEXT, INFO, .repeats = 1,
	    .words = "The package metadata of a module: its first address, the JSON" },
	{ "pending", KEY_TEXT, HANDLER, .local = 1,
	    .words = "What is still to come, for which the record is replaced once more: stack" },
	{ "error", KEY_TEXT, HANDLER, .repeats = 1, .words = "What a stage of the pipeline said" },
	{ "object", KEY_TEXT, HANDLER | FORWARD,
	    .words = "The path of the object below the remote, absent while only the small core "
	    "is there; of a record alone, that of this file without .json" },
	{ "object_whole", KEY_FLAG, HANDLER,
	    .words = "The body was streamed there: whether all of it" },
	{ "small_object", KEY_TEXT, FORWARD, .words = "The path of the small core's object" },
	{ "modules_sent", KEY_TEXT, FORWARD,
	    .words = "When all kept modules were at the remote, in UTC" },
	{ "symbols", KEY_TEXT, FORWARD,
	    .words = "The path below the remote of the symbol server that has the user's own files "
	    "of these" },
	{ "loop_count", KEY_NUMBER, HANDLER, .words = "How many crashes this record counts" },
	{ "loop_last", KEY_TEXT, HANDLER, .words = "When the last of them was, in UTC" },
	{ "small", KEY_TEXT, HANDLER, .words = "What became of the small core: whole or no" },
	{ "small_bytes", KEY_NUMBER, HANDLER,
	    .words = "The size of the small core's file when it was stored" },
	{ "small_why", KEY_TEXT, HANDLER,
	    .words = "Why the small core alone was to be stored: only, loop or places" },
	{ "stored", KEY_TEXT, HANDLER, .words = "What became of the file: whole, partial or no" },
	{ "complete", KEY_FLAG, CORE | HANDLER, .words = "All that the core promised is there" },

	{ "small_sent", KEY_TEXT, FORWARD, .local = 1,
	    .words = "When the small core was sent, in UTC" },
	{ "small_verified", KEY_TEXT, FORWARD, .local = 1,
	    .words = "How that was verified: a checksum's name, size or bytes" },
	{ "on_request", KEY_TEXT, FORWARD, .local = 1,
	    .words = "What is sent only when it is asked for: full" },
	{ "sent", KEY_TEXT, FORWARD, .local = 1, .words = "When all of the dump was sent, in UTC" },
	{ "verified", KEY_TEXT, FORWARD, .local = 1,
	    .words = "How that was verified: a checksum's name, size or bytes" },
};
const size_t keys_count = sizeof(keys_all) / sizeof(*keys_all);

const struct key *
keys_find(const char *name, size_t len)
{
	for (size_t i = 0; i < keys_count; i++)
		if (strlen(keys_all[i].name) == len && memcmp(keys_all[i].name, name, len) == 0)
			return &keys_all[i];
	return NULL;
}
