/* module - what the program of ways.c loads: with data of its own, and between it and itself on the stack */
static volatile int calls = 1;
volatile int room[3000];

void pass(void (*next)(void));

void
pass(void (*next)(void))
{
	calls++;
	room[2999] = calls;
	next();
	calls--;
}
