/* The cut vocabularies of all replicas.  The thread that creates the pipeline.
 */
#include "blueprint/shards/cut_heads.h"

#include "blueprint/shards/cut_streams.h"

int sl_cut_heads_n_tables(const sluice_model *model)
{
    const struct sl_end_layer head = sl_model_last_end(model);
    bool tied = sl_end_spec(model, &head)->tied;
    return sl_rows_can_be_cut(model) && !tied ? 2 : 1;
}

sluice_status sl_cut_heads_init(struct sl_cut_heads *vocabulary,
                                const struct sl_cut_head_input *input,
                                const struct sl_grid *grid,
                                sluice_memory_plan *plans, sluice_diag *why)
{
    size_t n = (size_t)grid->n_replicas;
    *vocabulary = (struct sl_cut_heads){.allocator = input->allocator};
    vocabulary->heads =
        sl_alloc(input->allocator, n, sizeof *vocabulary->heads);
    if (!vocabulary->heads)
        return sl_no_memory(why, "the vocabulary of each replica");
    vocabulary->n_replicas = grid->n_replicas;
    sluice_status st = SLUICE_OK;
    for (int r = 0; r < grid->n_replicas && !st; r++) {
        struct sl_cut_head *head = &vocabulary->heads[r];
        st = sl_cut_head_init(head, input, why);
        if (!st && sl_cut_streams_init(head, input->processes, grid))
            st = sl_no_memory(why, "the vocabulary of each replica");
    }
    for (int d = 0; d < grid->n_devices && !st; d++) {
        size_t bytes = sl_cut_streams_bytes(&vocabulary->heads[0], d);
        sl_cut_head_plan(&vocabulary->heads[0], d, &plans[d]);
        plans[d].boundary += bytes;
        plans[d].total += bytes;
    }
    return st;
}

void sl_cut_heads_fini(struct sl_cut_heads *vocabulary)
{
    for (int r = 0; r < vocabulary->n_replicas; r++) {
        sl_cut_streams_fini(&vocabulary->heads[r]);
        sl_cut_head_fini(&vocabulary->heads[r]);
    }
    sl_free(vocabulary->allocator, vocabulary->heads,
            (size_t)vocabulary->n_replicas, sizeof *vocabulary->heads);
    *vocabulary = (struct sl_cut_heads){0};
}
