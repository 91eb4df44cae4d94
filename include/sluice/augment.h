/*
 * Image augmentation: each epoch sees the rows of the training data shifted and
 * flipped by chance.  What happens to a row is drawn by (seed, epoch, row of
 * the data set): it depends on no batch, cut, schedule or resumption.
 *
 *     sluice_augmentation augment = {.shift = 2, .flip = true};
 */
#ifndef SLUICE_AUGMENT_H
#define SLUICE_AUGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/options.h>
#include <sluice/shape.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sluice_augmentation {
    int64_t shift; /* at most so many pixels up or down, and left or right, each
                      number of them as likely; what comes in is `fill` */
    bool flip;     /* left and right are exchanged with probability 1/2 */
} sluice_augmentation;

/* Its options by name, for sluice_options_parse(): "shift=2,flip". */
SLUICE_API sluice_option_table sluice_augmentation_options(void);

/* Whether there is anything to do. */
SLUICE_API bool
sluice_augmentation_acts(const sluice_augmentation *augmentation);

/*
 * Whether rows can be augmented: they are images of floats, [height, width] or
 * [channels, height, width], larger than the shift.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID.
 */
SLUICE_API sluice_status
sluice_augmentation_check(const sluice_augmentation *augmentation,
                          const sluice_shape *row, sluice_diag *why);

/*
 * Augment a row in place, one that sluice_augmentation_check() has accepted.
 * `index` is its number in the data set, `room` has room for a row.
 *
 * Threads  any.
 */
SLUICE_API void sluice_augment(const sluice_augmentation *augmentation,
                               uint64_t seed, uint64_t epoch, int64_t index,
                               const sluice_shape *row, float fill, float *x,
                               float *room);

#ifdef __cplusplus
}
#endif

#endif
