/* Waiting until a set time.  Any thread. */
#include "base/pause.h"

#include <sched.h>
#include <time.h>

#include "base/clock.h"

/*
 * A sleeper wakes late: by the thread's timer slack, which devices have turned
 * off, and the time until it gets a core.  So it sleeps until that much before
 * the end and spends the rest offering its core to others.
 */
enum { MARGIN_NS = 100 * 1000 };

/*
 * The last of it is not offered, so that the turn of no other thread makes the
 * wait end late.  It is longer than reading the thread's CPU clock takes, a
 * system call that would otherwise come after the end.
 */
enum { EXACT_NS = 3 * 1000 };

static void sleep_until(int64_t end_ns)
{
    struct timespec end = {
        .tv_sec = end_ns / 1000000000,
        .tv_nsec = end_ns % 1000000000,
    };
    /* If a signal ends the sleep early, the loop below waits for the rest. */
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL);
}

int64_t sl_pause_until(int64_t end_ns)
{
    if (end_ns - sl_now_ns() > MARGIN_NS)
        sleep_until(end_ns - MARGIN_NS);
    while (sl_now_ns() < end_ns - EXACT_NS)
        sched_yield();
    int64_t cpu_ns = sl_thread_cpu_ns(), read_ns = sl_now_ns(), now_ns;
    do
        now_ns = sl_now_ns();
    while (now_ns < end_ns);
    int64_t spent_ns = now_ns - read_ns;
    /* If that took longer, the thread was off its core meanwhile. */
    return spent_ns > 2 * EXACT_NS ? sl_thread_cpu_ns() : cpu_ns + spent_ns;
}
