/*
 * Saving beside training: the pipeline is copied between two steps, and another
 * thread writes the copy while training goes on.
 *
 *     sluice_saver_create(pipe, NULL, &saver, &why);
 *     ...
 *     sluice_saver_start(saver, &run, &path, 1, &why);
 *     sluice_pipeline_step(...);          meanwhile it is written
 *     sluice_saver_join(saver, &saving, &why);
 *     ...
 *     sluice_saver_destroy(saver);
 *
 * The files are those of sluice_checkpoint_save(), and as safe: until the new
 * one is complete an older one stays.
 *
 * In several processes (world.h) create and start are calls of all processes,
 * at the same point between two calls of a pipeline; each copies what it holds.
 * Then a thread of each sends its copy to that of process 0, which writes the
 * file, by messages that have nothing to do with those of steps.  The world
 * must outlive the saver.
 */
#ifndef SLUICE_SAVER_H
#define SLUICE_SAVER_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/checkpoint.h>
#include <sluice/export.h>
#include <sluice/memory.h>
#include <sluice/pipeline.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sluice_saver sluice_saver;

enum { SLUICE_SAVER_PATHS = 4 }; /* that one copy is written to, at most */

/* What a save has cost. */
typedef struct sluice_saving {
    uint64_t n_steps; /* of the pipeline, when it was copied */
    int n_written;    /* paths; all of them if the save succeeded */
    uint64_t bytes;   /* of the tensors */
    int64_t copy_ns;  /* of the caller: it copied */
    int64_t write_ns; /* of the other thread: it wrote, or sent what another
                         process wrote, beside training */
    int64_t wait_ns;  /* of the caller: it waited in join */
} sluice_saving;

/*
 * Take memory for a copy of parameters and optimizer states, and start the
 * thread that writes.
 *
 * Takes    nothing: the pipeline must outlive the saver, except for
 *          sluice_saver_destroy(), which does not touch it.  `allocator` NULL:
 *          malloc; else the saver's thread calls it beside all others, so it
 *          must be safe for that.
 * Threads  as sluice_checkpoint_save(); the thread that was started takes no
 *          signals.
 * Blocks   in several processes, until all have called it.
 * Returns  SLUICE_OK; SLUICE_INVALID if the model has more parameters than the
 *          header of a checkpoint can list; SLUICE_NO_MEMORY; SLUICE_SYSTEM; in
 *          several processes the same in all of them, and what
 *          sluice_world_agree() returns.
 */
SLUICE_API sluice_status sluice_saver_create(const sluice_pipeline *pipe,
                                             const sluice_allocator *allocator,
                                             sluice_saver **out,
                                             sluice_diag *why);

/*
 * Copy all that sluice_checkpoint_save() writes, and have it written to each of
 * paths[n_paths], one after the other, until one fails.
 *
 * Takes    nothing: `run` (may be NULL) and the paths are copied.
 * Threads  as sluice_checkpoint_save().
 * Blocks   while it copies, in several processes until all have; the other
 *          thread writes.
 * Returns  SLUICE_OK: it is on its way, and join tells how it ended;
 *          SLUICE_INVALID for n_paths out of 1 to SLUICE_SAVER_PATHS, if the
 *          save before was not joined, if a text of `run` is not UTF-8, or in a
 *          child of fork();
 *          SLUICE_NOT_FINITE; SLUICE_NO_MEMORY; in several processes the same
 *          in all of them, and what sluice_world_agree() returns.
 */
SLUICE_API sluice_status sluice_saver_start(sluice_saver *saver,
                                            const sluice_run *run,
                                            const char *const *paths,
                                            int n_paths, sluice_diag *why);

/* Whether a save was started and is still being written: whether join would
 * wait.  In several processes each has an answer of its own.  Threads: as
 * start. */
SLUICE_API bool sluice_saver_is_busy(const sluice_saver *saver);

/*
 * How the save that was started has ended.
 *
 * Threads  as start.
 * Blocks   until it has.
 * Returns  what sluice_checkpoint_save() would have, and `*saving` (may be
 *          NULL) in any case; SLUICE_OK and zeros if none was started.  In
 *          several processes the same in all of them, unless one is lost: then
 *          SLUICE_SYSTEM, and the file is the old one, or the new one if
 *          process 0 had all of it.
 */
SLUICE_API sluice_status sluice_saver_join(sluice_saver *saver,
                                           sluice_saving *saving,
                                           sluice_diag *why);

/* Wait until what was started is written, end the thread, free the memory.
 * NULL is allowed.  In a child of fork() only the memory is freed. */
SLUICE_API void sluice_saver_destroy(sluice_saver *saver);

#ifdef __cplusplus
}
#endif

#endif
