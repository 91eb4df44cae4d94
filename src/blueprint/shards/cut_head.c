/* Cutting the vocabulary.  The thread that creates the pipeline. */
#include "blueprint/shards/cut_head.h"

#include <inttypes.h>
#include <string.h>

#include <sluice/schedule_passes.h>

#include "nn/across/body.h"

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* A head has its own rows, or those of an embedding that is cut as well. */
static sluice_status check_tie(const sluice_model *model,
                               const struct sl_end_layer *head,
                               sluice_diag *why)
{
    const struct sl_end_layer begin = sl_model_first_end(model);
    const sluice_param_spec *spec = sl_end_spec(model, head);
    if (!spec->tied || (begin.ops->add_rows && spec->first_layer == 0 &&
                        spec->first_param == begin.param))
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "%d.%s is tied to layer %d, which is on one device; "
                           "tie it to an embedding that the model begins with, "
                           "or to nothing, or do not cut the vocabulary",
                           head->layer, spec->name, spec->first_layer);
}

static sluice_status check(const sluice_model *model,
                           const sluice_loss_ops *loss,
                           const struct sl_grid *grid, sluice_diag *why)
{
    const struct sl_end_layer head = sl_model_last_end(model);
    if (!head.ops->part)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "layer %d (%s), the last one, cannot be cut "
                               "across devices; end the model with a head",
                               head.layer, head.ops->name);
    if (sluice_model_n_layers(model) == 1 &&
        head.plan == sluice_model_layer_plan(model, 0))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the model is a head alone, so no layers are "
                               "left for stages; add layers before it, or do "
                               "not cut the vocabulary");
    if (!loss->part)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "loss %s needs all outputs on one device; use "
                               "cross_entropy, or do not cut the vocabulary",
                               loss->name);
    int n_devices = sl_n_replica_devices(grid);
    int64_t rows = head.plan->params[0].shape.dims[0];
    if (rows < n_devices)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a vocabulary of %" PRId64
                               " on %d devices; use at most as many",
                               rows, n_devices);
    sluice_status st = check_tie(model, &head, why);
    if (!st && sl_rows_can_be_cut(model))
        st = sl_cut_rows_check(model, n_devices, why);
    return st;
}

sluice_status sl_cut_head_begin(const sluice_model *model,
                                const sluice_loss_ops *loss,
                                const struct sl_grid *grid, int queue_capacity,
                                const sluice_allocator *allocator,
                                sluice_schedule **forward, sluice_model **body,
                                sluice_diag *why)
{
    const sluice_vocabulary_config wanted = {.queue_capacity = queue_capacity};
    sluice_schedule *cut;
    sluice_status st = check(model, loss, grid, why);
    if (!st)
        st = sl_model_body_create(model, allocator, body, why);
    if (!st)
        st = sluice_schedule_vocabulary(*forward, &wanted, &cut, why);
    if (st)
        return st;
    sluice_schedule_destroy(*forward);
    *forward = cut;
    return SLUICE_OK;
}

/* The most forwards of a place's first stage before an action that reads an
 * item, less the item. */
static int slots_of(const struct sl_program *program, int first, int last)
{
    int n = 0, most = 1;
    for (int i = 0; i < program->n_ops; i++) {
        const struct sl_op *op = &program->ops[i];
        bool starts_back = op->action.stage == last &&
                           (op->kind == SL_OP_B || op->kind == SL_OP_I);
        n += op->kind == SL_OP_F && op->action.stage == first;
        if ((starts_back || op->kind == SL_OP_T) && n - op->forward_no > most)
            most = n - op->forward_no;
    }
    return most;
}

/* The most S before a T, less its item. */
static int p_slots_of(const struct sl_program *program)
{
    int n = 0, most = 1;
    for (int i = 0; i < program->n_ops; i++) {
        n += program->ops[i].kind == SL_OP_S;
        if (program->ops[i].kind == SL_OP_T &&
            n - program->ops[i].forward_no > most)
            most = n - program->ops[i].forward_no;
    }
    return most;
}

static int most_of(int a, int b)
{
    return a > b ? a : b;
}

static void find_slots(struct sl_cut_head *v,
                       const struct sl_cut_head_input *input)
{
    int last = sluice_schedule_n_stages(input->schedule) - 1;
    v->n_slots = 1;
    for (int d = 0; d < v->n_parts; d++) {
        struct sl_head_part *part = &v->parts[d];
        const struct sl_program *train = &input->train[d / input->n_shards];
        const struct sl_program *forward = &input->forward[d / input->n_shards];
        v->n_slots = most_of(v->n_slots, slots_of(train, part->stage, last));
        v->n_slots = most_of(v->n_slots, slots_of(forward, part->stage, last));
        part->p.n_slots = most_of(p_slots_of(train), p_slots_of(forward));
    }
}

/* Let the layer plan for the rows of a part. */
static sluice_status infer_part(struct sl_cut_head *v,
                                const struct sl_end_layer *head, int64_t n,
                                struct sl_head_part *part, sluice_diag *why)
{
    const sluice_allocator *allocator = v->allocator;
    part->config = sl_alloc(allocator, v->ops->config_bytes, 1);
    part->plan.in = head->plan->in;
    part->plan.params =
        sl_alloc(allocator, SLUICE_LAYER_MAX_PARAMS, sizeof *part->plan.params);
    part->plan.products = sl_alloc(allocator, SLUICE_LAYER_MAX_PRODUCTS,
                                   sizeof *part->plan.products);
    part->products =
        sl_alloc(allocator, SLUICE_LAYER_MAX_PRODUCTS, sizeof *part->products);
    if (!part->config || !part->plan.params || !part->plan.products ||
        !part->products)
        return sl_no_memory(why, "a part of the vocabulary");
    memcpy(part->config, head->config, v->ops->config_bytes);
    v->ops->part(head->config, n, part->config);
    sluice_layer_plan plan = part->plan;
    sluice_status st = v->ops->infer(part->config, &plan, why);
    plan.in = head->plan->in;
    part->plan = plan;
    return st;
}

static void size_part(struct sl_cut_head *v, int64_t n,
                      struct sl_head_part *part)
{
    size_t vectors = (size_t)sl_cut_head_vectors(v);
    part->p.slot_bytes = sl_round_up(vectors * (size_t)n * sizeof(float));
    part->terms = (struct sl_ring){
        .n_slots = v->n_slots,
        .slot_bytes = sl_round_up(vectors * sizeof(sluice_part_term)),
    };
    part->gives = (struct sl_ring){
        .n_slots = v->n_slots,
        .slot_bytes =
            sl_round_up(2 * vectors * (size_t)v->width * sizeof(float)),
    };
}

static sluice_status make_part(struct sl_cut_head *v, int d,
                               const struct sl_end_layer *head,
                               const struct sl_products_choice *products,
                               sluice_diag *why)
{
    struct sl_head_part *part = &v->parts[d];
    int64_t n = v->table.parts[d].n;
    sluice_status st = infer_part(v, head, n, part, why);
    if (!st)
        st = sl_products_settle_layer(&part->plan, products, 1, part->products,
                                      part->products, why);
    size_part(v, n, part);
    return st;
}

static sluice_status make_tables(struct sl_cut_head *v,
                                 const struct sl_cut_head_input *input,
                                 const struct sl_end_layer *head)
{
    int first_place = sluice_schedule_stage_device(input->schedule, 0);
    const struct sl_cut_rows_input rows = {
        .model = input->model,
        .head = &v->table,
        .train = &input->train[first_place],
        .first_part = first_place * input->n_shards,
        .n_microbatches = sluice_schedule_n_microbatches(input->schedule),
        .max_rows = input->max_rows,
    };
    sluice_status st =
        sl_cut_table_init(&v->table, input->model, head, v->n_parts,
                          input->n_states, input->share, v->allocator);
    if (!st && sl_rows_can_be_cut(input->model))
        st = sl_cut_rows_init(&v->rows, &rows);
    return st;
}

static void name_stages(struct sl_cut_head *v,
                        const struct sl_cut_head_input *input)
{
    for (int s = sluice_schedule_n_stages(input->schedule) - 1; s >= 0; s--) {
        int place = sluice_schedule_stage_device(input->schedule, s);
        for (int m = 0; m < input->n_shards; m++)
            v->parts[place * input->n_shards + m].stage = s;
    }
}

sluice_status sl_cut_head_init(struct sl_cut_head *v,
                               const struct sl_cut_head_input *input,
                               sluice_diag *why)
{
    const struct sl_end_layer head = sl_model_last_end(input->model);
    const sluice_schedule *schedule = input->schedule;
    int n_stages = sluice_schedule_n_stages(schedule);
    *v = (struct sl_cut_head){
        .allocator = input->allocator,
        .ops = head.ops,
        .layer = head.layer,
        .width = head.plan->params[0].shape.dims[1],
        .max_rows = input->max_rows,
        .n_parts = sluice_schedule_n_devices(schedule) * input->n_shards,
        .last_part = sluice_schedule_stage_device(schedule, n_stages - 1) *
                     input->n_shards,
    };
    v->positions = sluice_shape_elements(&head.plan->in) / v->width;
    v->parts = sl_alloc(v->allocator, (size_t)v->n_parts, sizeof *v->parts);
    if (!v->parts || make_tables(v, input, &head))
        return sl_no_memory(why, "the parts of the vocabulary");
    name_stages(v, input);
    find_slots(v, input);
    v->x = (struct sl_ring){
        .n_slots = v->n_slots,
        .slot_bytes = sl_round_up((size_t)sl_cut_head_vectors(v) *
                                  (size_t)v->width * sizeof(float)),
    };
    sluice_status st = SLUICE_OK;
    for (int d = 0; d < v->n_parts && !st; d++)
        st = make_part(v, d, &head, input->products, why);
    return st;
}

struct sl_cut_table *sl_cut_table_made(struct sl_cut_head *v, int i)
{
    if (i == 0)
        return &v->table;
    return i == 1 && v->rows.ops && !v->rows.tied ? &v->rows.own : NULL;
}

const struct sl_cut_table *sl_cut_table_at(const struct sl_cut_head *v, int i)
{
    if (i == 0)
        return &v->table;
    return i == 1 && v->rows.ops && !v->rows.tied ? &v->rows.own : NULL;
}

void sl_cut_head_fini(struct sl_cut_head *v)
{
    for (int d = 0; d < v->n_parts && v->parts; d++) {
        struct sl_head_part *part = &v->parts[d];
        sl_free(v->allocator, part->products, SLUICE_LAYER_MAX_PRODUCTS,
                sizeof *part->products);
        sl_free(v->allocator, part->plan.products, SLUICE_LAYER_MAX_PRODUCTS,
                sizeof *part->plan.products);
        sl_free(v->allocator, part->plan.params, SLUICE_LAYER_MAX_PARAMS,
                sizeof *part->plan.params);
        sl_free(v->allocator, part->config, v->ops->config_bytes, 1);
    }
    sl_cut_rows_fini(&v->rows);
    sl_cut_table_fini(&v->table);
    sl_free(v->allocator, v->parts, (size_t)v->n_parts, sizeof *v->parts);
    *v = (struct sl_cut_head){0};
}

static size_t ring_bytes(const struct sl_ring *ring)
{
    return (size_t)ring->n_slots * ring->slot_bytes;
}

/* Within an action: row_sum, workspace, scratch, and the products' own. */
struct temporary {
    size_t row_sum, workspace, scratch, product;
};

static struct temporary temporary_of(const struct sl_cut_head *v,
                                     const struct sl_head_part *part)
{
    struct temporary t = {
        .row_sum = sl_round_up((size_t)v->width * sizeof(float)),
        .workspace =
            sl_round_up((size_t)(v->max_rows * part->plan.workspace_row_bytes)),
        .scratch = sl_round_up((size_t)part->plan.scratch_bytes),
    };
    for (int k = 0; k < part->plan.n_products; k++)
        t.product =
            larger(t.product, sl_round_up(part->products[k].scratch_bytes));
    return t;
}

static size_t packed_bytes(const struct sl_head_part *part)
{
    size_t bytes = 0;
    for (int k = 0; k < part->plan.n_products; k++)
        bytes += sl_product_packed_bytes(&part->products[k]);
    return bytes;
}

void sl_cut_head_plan(const struct sl_cut_head *v, int number,
                      sluice_memory_plan *plan)
{
    const struct sl_head_part *part = &v->parts[number];
    struct temporary t = temporary_of(v, part);
    size_t boundary = ring_bytes(&part->terms) + ring_bytes(&part->gives) +
                      (number == v->last_part ? ring_bytes(&v->x) : 0);
    size_t workspace = t.row_sum + t.workspace + t.scratch + t.product;
    plan->packed += packed_bytes(part);
    plan->boundary += boundary;
    plan->stash += ring_bytes(&part->p);
    plan->workspace += workspace;
    plan->total +=
        packed_bytes(part) + boundary + ring_bytes(&part->p) + workspace;
    sl_cut_table_plan(&v->table, number, plan);
    if (v->rows.ops)
        sl_cut_rows_plan(&v->rows, &v->table, number, plan);
}

static void bind_ring(struct sl_ring *ring, struct sl_arena *arena)
{
    ring->slots = sl_arena_take(arena, ring_bytes(ring));
}

void sl_cut_head_bind(struct sl_cut_head *v, int number, struct sl_arena *arena)
{
    struct sl_head_part *part = &v->parts[number];
    struct temporary t = temporary_of(v, part);
    sl_cut_table_bind(&v->table, number, arena);
    if (v->rows.ops)
        sl_cut_rows_bind(&v->rows, &v->table, number, arena);
    part->product_scratch = sl_arena_take(arena, t.product);
    for (int k = 0; k < part->plan.n_products; k++)
        sl_product_bind(
            &part->products[k],
            sl_arena_take(arena, sl_product_packed_bytes(&part->products[k])),
            part->product_scratch);
    bind_ring(&part->p, arena);
    bind_ring(&part->terms, arena);
    bind_ring(&part->gives, arena);
    if (number == v->last_part)
        bind_ring(&v->x, arena);
    part->row_sum = sl_arena_take(arena, t.row_sum);
    part->workspace = sl_arena_take(arena, t.workspace);
    part->scratch = sl_arena_take(arena, t.scratch);
}
