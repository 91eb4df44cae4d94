/* Cutting a table by its rows.  The thread that creates the pipeline. */
#include "blueprint/shards/table_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/split.h"
#include "nn/model/model.h"

/* The tensor that the end's first parameter is: of a tied one the first use. */
static struct sl_tensor describe(const sluice_model *model,
                                 const struct sl_end_layer *end)
{
    const struct sl_parameter_use first = sl_model_first_use(
        model, (struct sl_parameter_use){end->layer, end->param});
    const sluice_param_spec *spec = sl_model_spec(model, first);
    struct sl_tensor tensor = {
        .shape = spec->shape,
        .shard = sl_shard_all(&spec->shape),
        .n = sluice_shape_elements(&spec->shape),
        .layer = first.layer,
        .param = first.param,
        .first = first.param,
    };
    for (int i = 0; i < first.layer; i++)
        tensor.first += sluice_model_layer_plan(model, i)->n_params;
    snprintf(tensor.name, sizeof tensor.name, "%d.%s", first.layer, spec->name);
    return tensor;
}

static struct sl_table_part make_part(const struct sl_cut_table *table, int d)
{
    enum { LINE = SL_ALIGN / sizeof(float) };
    const struct sl_table_share *share = &table->share;
    struct sl_rows rows =
        sl_split_rows(table->tensor.shape.dims[0], table->n_parts, d);
    int64_t n = rows.n * table->width;
    int64_t n_floats = (n + LINE - 1) / LINE * LINE;
    return (struct sl_table_part){
        .first = rows.first,
        .n = rows.n,
        .shape = sluice_shape_matrix(rows.n, table->width),
        .shard = {.n_runs = 1,
                  .run = n,
                  .stride = n,
                  .first = rows.first * table->width},
        .n_floats = n_floats,
        .own = sl_chunk_of(n_floats, share->n_holders, share->holder),
        .n_states = sl_chunk_largest(n_floats, share->n_holders),
    };
}

sluice_status sl_cut_table_init(struct sl_cut_table *table,
                                const sluice_model *model,
                                const struct sl_end_layer *end, int n_parts,
                                int n_states, struct sl_table_share share,
                                const sluice_allocator *allocator)
{
    size_t n = (size_t)n_parts;
    *table = (struct sl_cut_table){
        .allocator = allocator,
        .share = share,
        .tensor = describe(model, end),
        .n_states = n_states,
        .n_parts = n_parts,
        .parts = sl_alloc(allocator, n, sizeof *table->parts),
        .first = sl_alloc(allocator, n + 1, sizeof *table->first),
    };
    if (!table->parts || !table->first)
        return SLUICE_NO_MEMORY;
    table->width = table->tensor.shape.dims[1];
    for (int d = 0; d < n_parts; d++) {
        table->parts[d] = make_part(table, d);
        table->first[d] = table->parts[d].first;
    }
    table->first[n_parts] = table->tensor.shape.dims[0];
    return SLUICE_OK;
}

void sl_cut_table_fini(struct sl_cut_table *table)
{
    size_t n = (size_t)table->n_parts;
    sl_free(table->allocator, table->first, n + 1, sizeof *table->first);
    sl_free(table->allocator, table->parts, n, sizeof *table->parts);
    *table = (struct sl_cut_table){0};
}

size_t sl_cut_table_bytes(const struct sl_cut_table *table, int number)
{
    return (size_t)table->parts[number].n_floats * sizeof(float);
}

/* Of one holder: an optimizer's state, and its share of rows in common. */
static size_t shared_bytes(const struct sl_cut_table *table, int number)
{
    return (size_t)table->parts[number].n_states * sizeof(float);
}

void sl_cut_table_plan(const struct sl_cut_table *table, int number,
                       sluice_memory_plan *plan)
{
    size_t bytes = sl_cut_table_bytes(table, number);
    size_t shared = shared_bytes(table, number);
    size_t parameters = table->share.in_common ? shared : bytes;
    size_t states = (size_t)table->n_states * shared;
    plan->parameters += parameters;
    plan->gradients += bytes;
    plan->optimizer += states;
    plan->total += parameters + bytes + states;
}

void sl_cut_table_bind(struct sl_cut_table *table, int number,
                       struct sl_arena *arena)
{
    struct sl_table_part *part = &table->parts[number];
    size_t bytes = sl_cut_table_bytes(table, number);
    if (!table->share.in_common)
        part->w = sl_arena_take(arena, bytes);
    part->g = sl_arena_take(arena, bytes);
    for (int i = 0; i < table->n_states; i++)
        part->states[i] = sl_arena_take(arena, shared_bytes(table, number));
}

static sluice_status take_part(struct sl_cut_table *const *tables, int n,
                               int number)
{
    struct sl_arena *common = &tables[0]->parts[number].common;
    size_t bytes = (size_t)n * shared_bytes(tables[0], number);
    sluice_status st = sl_arena_init(common, bytes, tables[0]->allocator);
    if (st)
        return st;
    memset(common->base, 0, bytes);
    for (int i = 0; i < n; i++)
        tables[i]->parts[number].w = (float *)(void *)common->base;
    return SLUICE_OK;
}

sluice_status sl_cut_table_take_common(struct sl_cut_table *const *tables,
                                       int n)
{
    sluice_status st = SLUICE_OK;
    for (int d = 0; d < tables[0]->n_parts && !st; d++)
        if (tables[0]->share.in_common)
            st = take_part(tables, n, d);
    return st;
}

void sl_cut_table_give_common(struct sl_cut_table *table)
{
    for (int d = 0; d < table->n_parts; d++) {
        struct sl_arena *common = &table->parts[d].common;
        if (common->base)
            sl_arena_fini(common);
        *common = (struct sl_arena){0};
    }
}
