/* Room for a batch.  The caller's thread. */
#include "train/train_buffers.h"

#include "base/memory.h"

void sl_train_buffers_fini(struct sl_train_buffers *b)
{
    sl_free(b->allocator, b->image, b->row_bytes, 1);
    sl_free(b->allocator, b->targets, b->target_bytes, 1);
    sl_free(b->allocator, b->x, b->x_bytes, 1);
    sl_free(b->allocator, b->order, b->rows, sizeof *b->order);
}

static sluice_status no_batch(sluice_diag *why)
{
    return sl_no_memory(why, "the batch of a training");
}

sluice_status sl_train_buffers_follow(struct sl_train_buffers *b,
                                      const struct sl_train_reads *reads,
                                      sluice_diag *why)
{
    if (reads->x && !b->x)
        b->x = sl_alloc(b->allocator, b->x_bytes, 1);
    if (reads->targets && !b->targets)
        b->targets = sl_alloc(b->allocator, b->target_bytes, 1);
    return (b->x || !reads->x) && (b->targets || !reads->targets)
               ? SLUICE_OK
               : no_batch(why);
}

sluice_status sl_train_buffers_init(struct sl_train_buffers *b,
                                    const sluice_train_config *config,
                                    const struct sl_train_reads *reads,
                                    sluice_diag *why)
{
    sluice_shape input = sluice_dataset_input(config->train);
    size_t row = (size_t)sluice_shape_elements(&input) *
                 sluice_element_bytes(sluice_dataset_input_type(config->train));
    size_t batch = (size_t)config->batch;
    int64_t rows = sluice_dataset_rows(config->train);
    if (config->test && sluice_dataset_rows(config->test) > rows)
        rows = sluice_dataset_rows(config->test);
    *b = (struct sl_train_buffers){
        .allocator = config->allocator,
        .rows = (size_t)rows,
        .row_bytes = row,
    };
    if (!sl_mul(batch, row, &b->x_bytes) ||
        !sl_mul(batch, sluice_dataset_target_bytes(config->train),
                &b->target_bytes))
        return sl_no_memory(why, "a batch, whose size overflows");
    b->order = sl_alloc(b->allocator, b->rows, sizeof *b->order);
    if (sluice_augmentation_acts(&config->augment))
        b->image = sl_alloc(b->allocator, b->row_bytes, 1);
    bool has_image = b->image || !sluice_augmentation_acts(&config->augment);
    sluice_status st = b->order && has_image ? SLUICE_OK : no_batch(why);
    if (!st)
        st = sl_train_buffers_follow(b, reads, why);
    if (st)
        sl_train_buffers_fini(b);
    return st;
}

sluice_status sl_train_buffers_gather(struct sl_train_buffers *b,
                                      const sluice_dataset *data,
                                      const int64_t *index, int64_t n,
                                      struct sl_rows mine, sluice_diag *why)
{
    sluice_status st =
        sluice_dataset_gather(data, index, n, NULL, b->targets, why);
    if (st || mine.n == 0)
        return st;
    char *x = (char *)b->x + (size_t)mine.first * b->row_bytes;
    return sluice_dataset_gather(data, index + mine.first, mine.n, x, NULL,
                                 why);
}
