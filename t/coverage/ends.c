/*
 * For the coverage build, by the linker's --wrap: a process that ends by _exit, or executes another program, writes its
 * counters first.
 */
void __gcov_dump(void);
void __gcov_reset(void);
void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));
int __real_execvp(const char *file, char *const *argv);
int __wrap_execvp(const char *file, char *const *argv);

void
__wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}

int
__wrap_execvp(const char *file, char *const *argv)
{
	__gcov_dump();
	/* If it cannot be executed, the process goes on counting. */
	__gcov_reset();
	return __real_execvp(file, argv);
}
