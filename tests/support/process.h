/* What the process holds, by the kernel's account: threads, descriptors,
 * memory. */
#ifndef SL_TEST_PROCESS_H
#define SL_TEST_PROCESS_H

#include <stdbool.h>

/* Threads of the process, this one included.  One that has been joined may be
 * counted for an instant more. */
int sl_test_threads(void);

/* The same after a few looks, the least number seen: a baseline. */
int sl_test_threads_at_rest(void);

/* Open descriptors. */
int sl_test_descriptors(void);

/* Resident memory in KiB. */
long sl_test_resident_kib(void);

/* Whether there are no more than `n` threads, now or within ten seconds. */
bool sl_test_threads_return_to(int n);

#endif
