/* Waiting until a set time, exactly, while others have the core. */
#ifndef SL_BASE_PAUSE_H
#define SL_BASE_PAUSE_H

#include <stdint.h>

/*
 * Wait until `end_ns`, a time of sl_now_ns(); not at all if it is over.
 *
 * Threads  any; exact to a few microseconds if its timer slack is off and a
 *          core is free in the end.
 * Blocks   until then; a signal does not end it.
 * Returns  what the thread's CPU clock shows then.
 */
int64_t sl_pause_until(int64_t end_ns);

#endif
