/* Whether a file can be written, asked before the work whose result it is. */
#ifndef BENCH_OUTPUT_OUTPUT_PATH_H
#define BENCH_OUTPUT_OUTPUT_PATH_H

#include <sluice/status.h>

/*
 * Try to create a file as sluice_file_create() does, and leave what is there as
 * it is.  A pipe or a device is not opened, because its reader would take that
 * for the whole output.
 *
 * Returns  SLUICE_OK; SLUICE_IO with path and reason; SLUICE_NO_MEMORY.
 */
sluice_status output_path_check(const char *path, sluice_diag *why);

/*
 * Whether a file that is to be written is another one than `input`, of which
 * there may be none (NULL).
 *
 * Returns  SLUICE_OK; SLUICE_INVALID.
 */
sluice_status output_path_apart(const char *path, const char *input,
                                sluice_diag *why);

#endif
