/*
 * What a training allocates: room for a batch of rows.
 *
 * Threads: the caller's of sluice_train().
 */
#ifndef SL_TRAIN_TRAIN_BUFFERS_H
#define SL_TRAIN_TRAIN_BUFFERS_H

#include <sluice/train.h>

#include "base/split.h"
#include "train/train_reads.h"

/* One batch of rows, and the order in which an epoch takes the rows. */
struct sl_train_buffers {
    const sluice_allocator *allocator;
    size_t rows;         /* of an epoch, or of the test set if that is larger */
    size_t x_bytes;      /* of a batch */
    size_t target_bytes; /* of a batch */
    int64_t *order;      /* order[rows] */
    void *x;             /* NULL: it reads none */
    char *targets;       /* the same */
    size_t row_bytes;
    float *image; /* room for a row; NULL: none is augmented */
};

/*
 * Room for a batch of `config`, as far as this process reads it.
 *
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY, with nothing to be freed.
 */
sluice_status sl_train_buffers_init(struct sl_train_buffers *b,
                                    const sluice_train_config *config,
                                    const struct sl_train_reads *reads,
                                    sluice_diag *why);

/* The same where this process reads more than it did.  Returns as above; what
 * there is stays. */
sluice_status sl_train_buffers_follow(struct sl_train_buffers *b,
                                      const struct sl_train_reads *reads,
                                      sluice_diag *why);

void sl_train_buffers_fini(struct sl_train_buffers *b);

/*
 * Gather the rows index[n]: all targets, if any are read, and of the inputs
 * `mine`, which devices of this process read.
 *
 * Returns  as sluice_dataset_gather().
 */
sluice_status sl_train_buffers_gather(struct sl_train_buffers *b,
                                      const sluice_dataset *data,
                                      const int64_t *index, int64_t n,
                                      struct sl_rows mine, sluice_diag *why);

#endif
