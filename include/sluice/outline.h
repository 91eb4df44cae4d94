/*
 * A data set without its rows, or with a part of them: for processes that train
 * together, each of which needs the features, the targets, both or neither
 * (sluice_pipeline_reads() of world.h).
 *
 * One process opens the data set and shares its outline.  Another makes a data
 * set of that, which has all that is known of the rows, their numbers and
 * shapes, labels and normalization, but not the rows; then it fills in what it
 * needs, from the same files.  One that has rows which it does not need leaves
 * them out.
 */
#ifndef SLUICE_OUTLINE_H
#define SLUICE_OUTLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/dataset.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Numbers alone, so that its bytes can be sent to a process of the same
 * program.  The checksum of a part that the data set is without is that of the
 * outline from which it was created; 0 if it was created with its rows, which
 * were left out since. */
typedef struct sluice_outline {
    sluice_shape features; /* as they are stored; of a text zeros */
    sluice_shape targets;
    int64_t rows;         /* of an epoch */
    int64_t places;       /* where a window of a text may begin; 0: no text */
    int64_t row;          /* elements of a row's features */
    int64_t target_bytes; /* of a row's target */
    double scale;         /* as in sluice_dataset_config */
    double mean;
    double deviation;
    int32_t stored;          /* types: of the features in the file, */
    int32_t gathered;        /* of those that are gathered, */
    int32_t target_type;     /* and of targets */
    int32_t classes;         /* as sluice_dataset_classes() */
    uint32_t features_crc32; /* of the elements, as they are stored */
    uint32_t targets_crc32;
} sluice_outline;

/*
 * The outline of a data set.  It reads all rows that there are.
 *
 * Threads  any number at once.
 */
SLUICE_API void sluice_dataset_outline(const sluice_dataset *dataset,
                                       sluice_outline *out);

/*
 * Make a data set of an outline, without rows.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if it is no outline of a data set;
 *          SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_dataset_create_outline(
    const sluice_outline *outline, const sluice_allocator *allocator,
    sluice_dataset **out, sluice_diag *why);

/*
 * Fill in features, targets or both, as sluice_dataset_create() takes them;
 * NULL: none.  They must be those of the outline, to the bit.
 *
 * Takes    the arrays, if OK: the caller's structs are set to zeros.
 * Returns  SLUICE_OK; SLUICE_INVALID if type, shape or values differ, or the
 *          data set has such rows, or is a text; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_dataset_fill(sluice_dataset *dataset,
                                             sluice_array *features,
                                             sluice_array *targets,
                                             sluice_diag *why);

/*
 * The same from the files of a data set that sluice_dataset_open() opens by
 * name: only those are read whose rows are wanted.
 *
 * Returns  as sluice_dataset_open(); SLUICE_FORMAT if they are others than
 *          those of the outlines.
 */
SLUICE_API sluice_status sluice_dataset_fill_named(const char *name,
                                                   bool features, bool targets,
                                                   sluice_dataset *train,
                                                   sluice_dataset *test,
                                                   sluice_diag *why);

/*
 * Free features, targets or both.  From then on they cannot be gathered, and
 * nothing checks their values.  A text, which has both in one, is left out only
 * if both are, in one call; it is not freed.  What was left out of a data set
 * that was not created from an outline cannot be filled in again.
 */
SLUICE_API void sluice_dataset_leave_out(sluice_dataset *dataset, bool features,
                                         bool targets);

/* Which rows the data set has. */
SLUICE_API void sluice_dataset_has(const sluice_dataset *dataset,
                                   bool *features, bool *targets);

#ifdef __cplusplus
}
#endif

#endif
