/* crash32 - a program of 32 bits that crashes, without a C library: few machines have that one */
static long
call(long number, long arg)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(arg) : "memory");
	return result;
}

__attribute__((noinline)) void
crash_here(void)
{
	*(volatile int *)0 = 1;
}

void
_start(void)
{
	crash_here();
	call(1, 3);
}
