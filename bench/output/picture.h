/*
 * A trace as a file, in the kind that the file's name ends with:
 *
 *     .txt   timeline for a terminal
 *     .svg   timeline
 *     .json  for Perfetto and chrome://tracing
 *     .html  timeline, and where the time went
 */
#ifndef BENCH_OUTPUT_PICTURE_H
#define BENCH_OUTPUT_PICTURE_H

#include <stdbool.h>

#include <sluice/status.h>
#include <sluice/trace.h>

struct picture {
    const char *title; /* what was run, and by which clock */
    const sluice_trace *trace;
    const sluice_trace *predicted; /* of the same schedule, for .html; NULL:
                                      none */
    bool cells_sleep;              /* as in sluice_attribution_config */
};

/*
 * Whether the name ends with a kind there is, and the file can be written: to
 * be asked before a long run.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID naming the kinds; as output_path_check().
 */
sluice_status picture_check(const char *path, sluice_diag *why);

/* A title, with what a trace of several processes says about their clocks. */
void picture_title(const sluice_trace *trace, const char *says, char *title,
                   size_t bytes);

/*
 * Write the file, as a whole or not at all.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID as picture_check(); SLUICE_IO;
 *          SLUICE_NO_MEMORY.
 */
sluice_status picture_write(const struct picture *picture, const char *path,
                            sluice_diag *why);

#endif
