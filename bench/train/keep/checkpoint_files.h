/*
 * The files of a directory of checkpoints: "step-000000000123.safetensors" of
 * each step that was saved, "best.safetensors".  Files of other names are not
 * touched.
 *
 * Threads: the main thread.
 */
#ifndef BENCH_TRAIN_KEEP_CHECKPOINT_FILES_H
#define BENCH_TRAIN_KEEP_CHECKPOINT_FILES_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/status.h>

/* The steps that a directory has checkpoints of. */
struct checkpoint_list {
    uint64_t *steps; /* [n], the newest first */
    size_t n;
};

/* Make the directory if it is not there.  Returns SLUICE_OK, SLUICE_IO. */
sluice_status checkpoint_directory(const char *dir, sluice_diag *why);

/* The path of the checkpoint of a step, and of the best one.  Returns
 * SLUICE_OK; SLUICE_INVALID if it would be too long. */
sluice_status checkpoint_path(const char *dir, uint64_t step,
                              char path[PATH_MAX], sluice_diag *why);
sluice_status checkpoint_best_path(const char *dir, char path[PATH_MAX],
                                   sluice_diag *why);

/* Make room for `n` steps, all 0.  Returns SLUICE_OK, SLUICE_NO_MEMORY. */
sluice_status checkpoint_list_init(struct checkpoint_list *list, size_t n,
                                   sluice_diag *why);

/*
 * List the checkpoints of a directory.
 *
 * Takes    nothing: the caller frees with checkpoint_list_fini().
 * Returns  SLUICE_OK, SLUICE_IO, SLUICE_NO_MEMORY.
 */
sluice_status checkpoint_list_read(struct checkpoint_list *list,
                                   const char *dir, sluice_diag *why);
void checkpoint_list_fini(struct checkpoint_list *list);

/*
 * Remove all but `keep` checkpoints: those of the steps up to `newest` that
 * come last.  Later ones are those of a training that went on from an earlier
 * step, and stay.
 *
 * Returns  SLUICE_OK, SLUICE_IO, SLUICE_NO_MEMORY.
 */
sluice_status checkpoint_prune(const char *dir, uint64_t newest, int keep,
                               sluice_diag *why);

#endif
