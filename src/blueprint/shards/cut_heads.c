/* The cut vocabularies of all replicas.  The thread that creates the pipeline.
 */
#include "blueprint/shards/cut_heads.h"

#include "blueprint/shards/cut_streams.h"
#include "blueprint/shards/zero.h"

int sl_cut_heads_n_tables(const sluice_model *model)
{
    const struct sl_end_layer head = sl_model_last_end(model);
    bool tied = sl_end_spec(model, &head)->tied;
    return sl_rows_can_be_cut(model) && !tied ? 2 : 1;
}

/* As the cut copy of the model is the replica's only one, replicas hold it.
 * Rows lie in common in one process.  In several a device has its own whole, in
 * each stage: every S and T reads them. */
static struct sl_table_share share_of(const struct sl_processes *processes,
                                      const struct sl_grid *grid, int zero,
                                      int replica)
{
    struct sl_table_share alone = {.n_holders = 1};
    struct sl_table_share shared = {
        .n_holders = grid->n_replicas,
        .holder = replica,
        .in_common = zero >= SL_ZERO_PARAMETERS && processes->n == 1,
    };
    return zero > 0 ? shared : alone;
}

sluice_status sl_cut_heads_init(struct sl_cut_heads *vocabulary,
                                const struct sl_cut_head_input *input,
                                const struct sl_grid *grid, int zero,
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
        struct sl_cut_head_input of_replica = *input;
        of_replica.share = share_of(input->processes, grid, zero, r);
        st = sl_cut_head_init(head, &of_replica, why);
        if (!st && sl_cut_streams_init(head, input->processes, grid))
            st = sl_no_memory(why, "the vocabulary of each replica");
    }
    for (int d = 0; d < sl_n_replica_devices(grid) && !st; d++) {
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

enum { MOST_TABLES = 2 };

static sluice_status take_table(struct sl_cut_heads *vocabulary, int i)
{
    size_t n = (size_t)vocabulary->n_replicas;
    struct sl_cut_table **tables =
        sl_alloc(vocabulary->allocator, n, sizeof(struct sl_cut_table *));
    if (!tables)
        return SLUICE_NO_MEMORY;
    for (size_t r = 0; r < n; r++)
        tables[r] = sl_cut_table_made(&vocabulary->heads[r], i);
    sluice_status st =
        tables[0] ? sl_cut_table_take_common(tables, vocabulary->n_replicas)
                  : SLUICE_OK;
    sl_free(vocabulary->allocator, tables, n, sizeof(struct sl_cut_table *));
    return st;
}

sluice_status sl_cut_heads_take_common(struct sl_cut_heads *vocabulary,
                                       sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < MOST_TABLES && vocabulary->n_replicas > 0 && !st; i++)
        st = take_table(vocabulary, i);
    if (!st)
        return SLUICE_OK;
    sl_cut_heads_give_common(vocabulary);
    return sl_no_memory(why, "the vocabulary that replicas share");
}

void sl_cut_heads_give_common(struct sl_cut_heads *vocabulary)
{
    struct sl_cut_table *table;
    for (int i = 0; vocabulary->n_replicas > 0 &&
                    (table = sl_cut_table_made(vocabulary->heads, i)) != NULL;
         i++)
        sl_cut_table_give_common(table);
}

size_t sl_cut_heads_common_bytes(const struct sl_cut_heads *vocabulary,
                                 int number)
{
    const struct sl_cut_table *table;
    size_t bytes = 0;
    for (int i = 0; vocabulary->n_replicas > 0 &&
                    (table = sl_cut_table_at(vocabulary->heads, i)) != NULL;
         i++)
        bytes +=
            table->parts[number].common.size / (size_t)vocabulary->n_replicas;
    return bytes;
}
