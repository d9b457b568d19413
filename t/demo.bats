# make demo where the kernel's settings cannot be written; where they can, the demo itself is a step of CI.

load lib/common

@test "demo: in a container gdb makes the core, and every step is shown" {
	need gdb
	need_mounts
	run -0 unshare --mount sh -c 'mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys &&
		exec sh "$1"' sh "$T/demo.sh"
	[[ $output == *'core_pattern is out of reach here'* ]]
	[[ $output == *'  stored=whole'* ]]
	[[ $output == *'The same as elf-uuid victim says: '* ]]
	[[ $output == *'Done; the machine is as it was' ]]
}
