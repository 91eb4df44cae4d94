/*
 * The cut vocabulary of a pipeline: that of each replica.  All replicas cut it
 * in the same way, and each has its own rows of the tables, gradients, states
 * and slots.  The gradients of a part are added up over the replicas, in their
 * order (blueprint/updates.h).  With ZeRO the replicas share out the optimizer
 * states of a part, and in stage 3 its rows (blueprint/shards/table_parts.h).
 *
 * Threads: as blueprint/shards/cut_head.h.
 */
#ifndef SL_BLUEPRINT_SHARDS_CUT_HEADS_H
#define SL_BLUEPRINT_SHARDS_CUT_HEADS_H

#include "blueprint/coordinates.h"
#include "blueprint/shards/cut_head.h"

struct sl_cut_heads {
    const sluice_allocator *allocator;
    int n_replicas;            /* 0: it is not cut */
    struct sl_cut_head *heads; /* [n_replicas] */
};

/* How many tables of a model a cut vocabulary divides: that of the head, and of
 * an embedding that is not tied to it. */
int sl_cut_heads_n_tables(const sluice_model *model);

/*
 * Cut it in each replica, for a ZeRO stage, and add what its parts take to
 * plans[devices of a replica].  `share` of the input is set here.
 * sl_cut_heads_fini() in both cases.
 *
 * Returns  as sl_cut_head_init(); SLUICE_INVALID for teams in several
 *          processes.
 */
sluice_status sl_cut_heads_init(struct sl_cut_heads *vocabulary,
                                const struct sl_cut_head_input *input,
                                const struct sl_grid *grid, int zero,
                                sluice_memory_plan *plans, sluice_diag *why);
void sl_cut_heads_fini(struct sl_cut_heads *vocabulary);

/*
 * Take the memory of rows that lie in common, if they do, before parts are
 * bound; and give it back, also if taking it has failed.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_cut_heads_take_common(struct sl_cut_heads *vocabulary,
                                       sluice_diag *why);
void sl_cut_heads_give_common(struct sl_cut_heads *vocabulary);

/* Bytes of it that part number `number` counts as its own. */
size_t sl_cut_heads_common_bytes(const struct sl_cut_heads *vocabulary,
                                 int number);

#endif
