/* Cutting a table by its rows.  The thread that creates the pipeline. */
#include "blueprint/shards/table_parts.h"

#include <stdio.h>

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

sluice_status sl_cut_table_init(struct sl_cut_table *table,
                                const sluice_model *model,
                                const struct sl_end_layer *end, int n_parts,
                                int n_states, const sluice_allocator *allocator)
{
    size_t n = (size_t)n_parts;
    *table = (struct sl_cut_table){
        .allocator = allocator,
        .tensor = describe(model, end),
        .n_states = n_states,
        .n_parts = n_parts,
        .parts = sl_alloc(allocator, n, sizeof *table->parts),
        .first = sl_alloc(allocator, n + 1, sizeof *table->first),
    };
    if (!table->parts || !table->first)
        return SLUICE_NO_MEMORY;
    int64_t width = table->width = table->tensor.shape.dims[1];
    for (int d = 0; d < n_parts; d++) {
        struct sl_rows rows =
            sl_split_rows(table->tensor.shape.dims[0], n_parts, d);
        table->parts[d] = (struct sl_table_part){
            .first = rows.first,
            .n = rows.n,
            .shape = sluice_shape_matrix(rows.n, width),
            .shard = {.n_runs = 1,
                      .run = rows.n * width,
                      .stride = rows.n * width,
                      .first = rows.first * width},
        };
        table->first[d] = rows.first;
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

size_t sl_cut_table_bytes(const struct sl_cut_table *table, int place)
{
    return sl_round_up((size_t)table->parts[place].shard.run * sizeof(float));
}

void sl_cut_table_plan(const struct sl_cut_table *table, int place,
                       sluice_memory_plan *plan)
{
    size_t bytes = sl_cut_table_bytes(table, place);
    size_t states = (size_t)table->n_states;
    plan->parameters += bytes;
    plan->gradients += bytes;
    plan->optimizer += states * bytes;
    plan->total += (2 + states) * bytes;
}

void sl_cut_table_bind(struct sl_cut_table *table, int place,
                       struct sl_arena *arena)
{
    struct sl_table_part *part = &table->parts[place];
    size_t bytes = sl_cut_table_bytes(table, place);
    part->w = sl_arena_take(arena, bytes);
    part->g = sl_arena_take(arena, bytes);
    for (int i = 0; i < table->n_states; i++)
        part->states[i] = sl_arena_take(arena, bytes);
}
