/* What a process keeps of a tensor.  The caller, between steps.
 *
 * Kept are the elements of each berth in this process, one berth after the
 * other, unless a berth before it has the same. */
#include "pipeline/pieces/kept.h"

#include <string.h>

#include "pipeline/parameters.h"
#include "pipeline/pieces/berth.h"

static bool is_same(const struct sl_berth *a, const struct sl_berth *b)
{
    return a->shard.n_runs == b->shard.n_runs && a->shard.run == b->shard.run &&
           a->shard.stride == b->shard.stride &&
           a->shard.first == b->shard.first &&
           a->piece.first == b->piece.first && a->piece.n == b->piece.n;
}

/* Whether berth number i is here, with elements that none before it has. */
static bool is_kept(const sluice_pipeline *pipe, struct sl_tensor_item item,
                    int i, struct sl_berth *berth)
{
    *berth = sl_item_berth_at(pipe, item, i);
    bool is_new = berth->values && berth->piece.n > 0;
    for (int j = 0; j < i && is_new; j++) {
        struct sl_berth before = sl_item_berth_at(pipe, item, j);
        is_new = !before.values || !is_same(&before, berth);
    }
    return is_new;
}

struct sl_kept sl_kept_of(const sluice_pipeline *pipe,
                          const sluice_state_tensor *tensor)
{
    struct sl_tensor_item item = sl_tensor_item_of(tensor);
    struct sl_kept kept = {0};
    struct sl_berth berth;
    for (int i = 0; i < sl_item_n_berths(pipe, item); i++)
        if (is_kept(pipe, item, i, &berth)) {
            kept.is_whole = berth.piece.n == tensor->parameter.n;
            kept.n += berth.piece.n;
        }
    kept.is_whole = kept.is_whole && kept.n == tensor->parameter.n;
    return kept;
}

void sl_kept_pick(const sluice_pipeline *pipe,
                  const sluice_state_tensor *tensor, const float *whole,
                  float *kept)
{
    struct sl_tensor_item item = sl_tensor_item_of(tensor);
    struct sl_berth berth;
    for (int i = 0; i < sl_item_n_berths(pipe, item); i++)
        if (is_kept(pipe, item, i, &berth)) {
            sl_shard_scatter_piece(&berth.shard, berth.piece, whole, kept);
            kept += berth.piece.n;
        }
}

/* Put what a berth has there, and wherever else the same is. */
static void put_same(sluice_pipeline *pipe, struct sl_tensor_item item,
                     int first, const struct sl_berth *berth, const float *kept)
{
    for (int i = first; i < sl_item_n_berths(pipe, item); i++) {
        struct sl_berth to = sl_item_berth_at(pipe, item, i);
        if (!to.values || !is_same(&to, berth))
            continue;
        memcpy(to.values, kept, (size_t)to.piece.n * sizeof *kept);
        if (item.state == SL_VALUES)
            sl_berth_forget(&to);
    }
}

void sl_kept_put(sluice_pipeline *pipe, const sluice_state_tensor *tensor,
                 const float *kept)
{
    struct sl_tensor_item item = sl_tensor_item_of(tensor);
    struct sl_berth berth;
    for (int i = 0; i < sl_item_n_berths(pipe, item); i++)
        if (is_kept(pipe, item, i, &berth)) {
            put_same(pipe, item, i, &berth, kept);
            kept += berth.piece.n;
        }
}
