/* What the process holds, by the kernel's account: threads, descriptors,
 * memory. */
#ifndef SL_TEST_PROCESS_H
#define SL_TEST_PROCESS_H

#include <stdbool.h>

/* Threads of the process, this one included. */
int sl_test_threads(void);

/* Open descriptors. */
int sl_test_descriptors(void);

/* Resident memory in KiB. */
long sl_test_resident_kib(void);

/*
 * Whether the number of threads is `n`, or becomes so: a thread that has been
 * joined stays in the kernel's list for an instant.  Gives up after a second.
 */
bool sl_test_threads_return_to(int n);

#endif
