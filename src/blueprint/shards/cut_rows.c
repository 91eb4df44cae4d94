/* Cutting an embedding by rows.  The thread that creates the pipeline. */
#include "blueprint/shards/cut_rows.h"

#include <inttypes.h>

bool sl_rows_can_be_cut(const sluice_model *model)
{
    struct sl_end_layer begin = sl_model_first_end(model);
    return begin.ops->add_rows;
}

int sl_cut_rows_tensor(const sluice_model *model)
{
    struct sl_end_layer begin = sl_model_first_end(model);
    return begin.ops->add_rows ? begin.number : -1;
}

/* Whether a parameter is one with the table, and not by being the head. */
static bool is_other_use(const sluice_param_spec *spec,
                         const struct sl_end_layer *begin,
                         const sluice_param_spec *head)
{
    return spec != head && spec->tied && spec->first_layer == begin->layer &&
           spec->first_param == begin->param;
}

sluice_status sl_cut_rows_check(const sluice_model *model, int n_devices,
                                sluice_diag *why)
{
    struct sl_end_layer begin = sl_model_first_end(model);
    struct sl_end_layer end = sl_model_last_end(model);
    const sluice_param_spec *head = sl_end_spec(model, &end);
    int64_t n_rows = sl_end_spec(model, &begin)->shape.dims[0];
    for (int i = 0; i < sluice_model_n_layers(model); i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        for (int p = 0; p < plan->n_params; p++)
            if (is_other_use(&plan->params[p], &begin, head))
                return sluice_diag_set(
                    why, SLUICE_INVALID,
                    "%d.%s is tied to the table of layer %d (%s), which is cut "
                    "across the devices for that layer and the head alone; do "
                    "not tie it, or do not cut the vocabulary",
                    i, plan->params[p].name, begin.layer, begin.ops->name);
    }
    if (n_rows >= n_devices)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "layer %d (%s) has a vocabulary of %" PRId64
                           ", cut across %d devices; use at most as many",
                           begin.layer, begin.ops->name, n_rows, n_devices);
}

static bool ends_item(const struct sl_op *op)
{
    return op->action.stage == 0 &&
           (op->kind == SL_OP_B || op->kind == SL_OP_W);
}

/* Number the items, and note which are there by an S: those before its F. */
static void number_items(struct sl_cut_rows *rows,
                         const struct sl_program *program)
{
    int32_t n = 0;
    for (int i = 0; i < program->n_ops; i++) {
        const struct sl_op *op = &program->ops[i];
        if (op->kind == SL_OP_F && op->action.stage == 0)
            rows->ready[op->forward_no] = n;
        if (!ends_item(op))
            continue;
        rows->item[op->action.microbatch] = n;
        rows->microbatch[n++] = op->action.microbatch;
    }
    rows->ready[rows->n_items] = n;
}

static int count_slots(const struct sl_cut_rows *rows,
                       const struct sl_program *program)
{
    int taken = 0, n = 0, most = 1;
    for (int i = 0; i < program->n_ops; i++) {
        const struct sl_op *op = &program->ops[i];
        bool begins = op->kind == SL_OP_B || op->kind == SL_OP_I;
        if (begins && op->action.stage == 0 &&
            rows->ready[op->forward_no] > taken)
            taken = rows->ready[op->forward_no];
        n += ends_item(op);
        most = n - taken > most ? n - taken : most;
    }
    return most;
}

static sluice_status alloc_tables(struct sl_cut_rows *rows)
{
    size_t m = (size_t)rows->n_items, k = (size_t)rows->n_parts;
    rows->rows = sl_alloc(rows->allocator, k, sizeof *rows->rows);
    rows->shares = sl_alloc(rows->allocator, k, sizeof *rows->shares);
    rows->item = sl_alloc(rows->allocator, m, sizeof *rows->item);
    rows->microbatch = sl_alloc(rows->allocator, m, sizeof *rows->microbatch);
    rows->ready = sl_alloc(rows->allocator, m + 1, sizeof *rows->ready);
    return rows->rows && rows->shares && rows->item && rows->microbatch &&
                   rows->ready
               ? SLUICE_OK
               : SLUICE_NO_MEMORY;
}

sluice_status sl_cut_rows_init(struct sl_cut_rows *rows,
                               const struct sl_cut_rows_input *input)
{
    struct sl_end_layer begin = sl_model_first_end(input->model);
    struct sl_end_layer end = sl_model_last_end(input->model);
    *rows = (struct sl_cut_rows){
        .allocator = input->head->allocator,
        .ops = begin.ops,
        .config = begin.config,
        .plan = begin.plan,
        .layer = begin.layer,
        .tied = sl_end_spec(input->model, &end)->tied,
        .n_parts = input->head->n_parts,
        .first_part = input->first_part,
        .n_items = input->n_microbatches,
    };
    sluice_status st = SLUICE_OK;
    if (!rows->tied)
        st = sl_cut_table_init(&rows->own, input->model, &begin,
                               input->head->n_parts, input->head->n_states,
                               input->head->share, rows->allocator);
    if (!st)
        st = alloc_tables(rows);
    if (st)
        return st;
    number_items(rows, input->train);
    rows->dy = (struct sl_ring){
        .n_slots = count_slots(rows, input->train),
        .slot_bytes =
            sl_round_up((size_t)(input->max_rows *
                                 sluice_shape_elements(&begin.plan->out)) *
                        sizeof(float)),
    };
    return SLUICE_OK;
}

void sl_cut_rows_fini(struct sl_cut_rows *rows)
{
    if (!rows->ops)
        return;
    size_t m = (size_t)rows->n_items, k = (size_t)rows->n_parts;
    sl_free(rows->allocator, rows->ready, m + 1, sizeof *rows->ready);
    sl_free(rows->allocator, rows->microbatch, m, sizeof *rows->microbatch);
    sl_free(rows->allocator, rows->item, m, sizeof *rows->item);
    sl_free(rows->allocator, rows->shares, k, sizeof *rows->shares);
    sl_free(rows->allocator, rows->rows, k, sizeof *rows->rows);
    if (!rows->tied)
        sl_cut_table_fini(&rows->own);
    *rows = (struct sl_cut_rows){0};
}

static size_t ring_bytes(const struct sl_cut_rows *rows, int number)
{
    size_t bytes = (size_t)rows->dy.n_slots * rows->dy.slot_bytes;
    return number == rows->first_part ? bytes : 0;
}

void sl_cut_rows_plan(const struct sl_cut_rows *rows,
                      const struct sl_cut_table *head, int number,
                      sluice_memory_plan *plan)
{
    size_t ring = ring_bytes(rows, number);
    if (rows->tied) {
        size_t bytes = sl_cut_table_bytes(head, number);
        plan->gradients += bytes;
        plan->total += bytes;
    } else {
        sl_cut_table_plan(&rows->own, number, plan);
    }
    plan->boundary += ring;
    plan->total += ring;
}

void sl_cut_rows_bind(struct sl_cut_rows *rows, const struct sl_cut_table *head,
                      int number, struct sl_arena *arena)
{
    struct sl_row_share *share = &rows->shares[number];
    if (rows->tied) {
        share->g = sl_arena_take(arena, sl_cut_table_bytes(head, number));
        rows->rows[number] = head->parts[number].w;
    } else {
        sl_cut_table_bind(&rows->own, number, arena);
        share->g = rows->own.parts[number].g;
        rows->rows[number] = rows->own.parts[number].w;
    }
    if (number == rows->first_part)
        rows->dy.slots = sl_arena_take(arena, ring_bytes(rows, number));
}
