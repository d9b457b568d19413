/* Kinds of mappings that the kernel's own parts make: rings, devices. */
#define _GNU_SOURCE
#include "kinds.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BOTH (PROT_READ | PROT_WRITE)

static void
perf_ring(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_DUMMY,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);

	if (fd < 0)
		refuse("perf_event_open");
	map(9 * page, BOTH, MAP_SHARED, fd);
}

static void
uring(void)
{
	struct io_uring_params params = { 0 };
	int fd = (int)syscall(SYS_io_uring_setup, 64, &params);
	static const off_t rings[] = { IORING_OFF_SQ_RING, IORING_OFF_SQES };

	if (fd < 0)
		refuse("io_uring_setup");
	for (int i = 0; i < 2; i++) {
		/* The entries are 64 bytes each. */
		char *p = mmap(NULL, page, BOTH, MAP_SHARED | MAP_POPULATE, fd, rings[i]);

		if (p == MAP_FAILED)
			refuse("io_uring's rings");
		if (i == 1)
			fill(p, page);
	}
}

static void
aio_ring(void)
{
	aio_context_t context = 0;

	if (syscall(SYS_io_setup, 100, &context) < 0)
		refuse("io_setup");
}

static void
packet_ring(void)
{
	struct tpacket_req req = { .tp_frame_size = 2048 };
	/* With protocol 0, no packet comes. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	req.tp_block_size = (unsigned)(4 * page);
	req.tp_block_nr = 4;
	req.tp_frame_nr = req.tp_block_size / req.tp_frame_size * req.tp_block_nr;
	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)) < 0)
		refuse("PACKET_RX_RING");
	fill_some(map(16 * page, BOTH, MAP_SHARED, fd), 16);
}

static void
bpf_array(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY };
	int fd;

	attr.key_size = 4;
	attr.value_size = (unsigned)page;
	attr.max_entries = 8;
	attr.map_flags = BPF_F_MMAPABLE;
	fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	if (fd < 0)
		refuse("BPF_MAP_CREATE");
	fill_some(map(8 * page, BOTH, MAP_SHARED, fd), 8);
}

static void
dev_mem(void)
{
	int fd = open("/dev/mem", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		refuse("/dev/mem");
	map(page, PROT_READ, MAP_SHARED, fd);
}

const struct kind device_kinds[] = {
	{ "perf-ring", perf_ring, EVERYTHING },
	{ "io_uring", uring, EVERYTHING },
	{ "aio-ring", aio_ring, EVERYTHING },
	{ "packet-ring", packet_ring, EVERYTHING },
	{ "bpf-array", bpf_array, EVERYTHING },
	{ "dev-mem", dev_mem, EVERYTHING },
	{ NULL, NULL, 0 },
};
