# Runs make demo where the kernel's settings cannot be written; where they can, the demo itself is a step of CI.

load lib/common

@test "demo: in a container gdb makes the core, and every step is shown" {
	need gdb
	need_mounts
	run -0 unshare --mount sh -c 'mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys &&
		exec sh "$1"' sh "$T/demo.sh"
	[[ $output == *'core_pattern cannot be set here'* ]]
	[[ $output == *'  stored=whole'* ]]
	[[ $output == *'elf-uuid victim prints the same: '* ]]
	[[ $output == *'Done; the settings of the machine are restored' ]]
}
