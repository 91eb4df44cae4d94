/*
 * A disk that loses power.  While it records, it keeps a log of what the
 * library does to files of one directory (the linker sends open, write, fsync,
 * rename and unlink here); it then lays out, in another directory, what can be
 * left if the power goes off behind any entry of the log:
 *
 *     - what was written to a file and not synced may be there, be cut off
 *       anywhere, or have blocks of zeros in it;
 *     - of the names that were made, changed or removed since the directory was
 *       synced, any may be as before.  A rename is one change.
 *
 * Threads: one.
 */
#ifndef SL_TEST_DISK_H
#define SL_TEST_DISK_H

#include <stdbool.h>
#include <stdint.h>

/* Calls of fsync() that the disk does not hear of: for tests of the test. */
enum sl_disk_deafness {
    SL_DISK_HEARS = 0,
    SL_DISK_NO_FILE_SYNC,
    SL_DISK_NO_DIRECTORY_SYNC,
};

/* Record what happens to files of `dir` from now on, until
 * sl_disk_stop(). */
void sl_disk_record(const char *dir);
void sl_disk_stop(void);

/* Put a mark into the log: what came before it has succeeded. */
void sl_disk_mark(void);

/* Entries of the log. */
int sl_disk_n_entries(void);

/*
 * Lay out in the empty directory `dir` what is left behind the first `n`
 * entries; `seed` decides about what is left open.
 *
 * Returns  how many marks are among them.
 */
int sl_disk_lose_power(int n, uint64_t seed, enum sl_disk_deafness deafness,
                       const char *dir);

/* Forget the log. */
void sl_disk_fini(void);

#endif
