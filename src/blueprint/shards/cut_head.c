/* Cutting the vocabulary.  The thread that creates the pipeline. */
#include "blueprint/shards/cut_head.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sluice/schedule_passes.h>

#include "base/split.h"
#include "nn/model/model.h"

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static int last_layer(const sluice_model *model)
{
    return sluice_model_n_layers(model) - 1;
}

static sluice_status check(const sluice_model *model,
                           const sluice_loss_ops *loss,
                           const struct sl_grid *grid, sluice_diag *why)
{
    int last = last_layer(model);
    const sluice_layer_ops *ops = sluice_model_layer(model, last);
    const sluice_layer_plan *plan = sluice_model_layer_plan(model, last);
    if (!ops->part)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "layer %d (%s), the last one, cannot be cut "
                               "across devices; end the model with a head",
                               last, ops->name);
    if (!loss->part)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "loss %s needs all outputs on one device; use "
                               "cross_entropy, or do not cut the vocabulary",
                               loss->name);
    if (plan->params[0].tied)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d.%s is tied to layer %d, which is on one "
                               "device; do not tie it, or do not cut the "
                               "vocabulary",
                               last, plan->params[0].name,
                               plan->params[0].first_layer);
    if (grid->n_replicas > 1 || grid->n_shards > 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a vocabulary is cut across the devices of one "
                               "pipeline; use one replica, and no teams");
    int64_t rows = plan->params[0].shape.dims[0];
    if (rows < grid->n_devices)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a vocabulary of %" PRId64
                               " on %d devices; use at most as many",
                               rows, grid->n_devices);
    return SLUICE_OK;
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
        st = sl_model_prefix(model, last_layer(model), allocator, body, why);
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
        v->n_slots =
            most_of(v->n_slots, slots_of(&input->train[d], part->stage, last));
        v->n_slots = most_of(v->n_slots,
                             slots_of(&input->forward[d], part->stage, last));
        part->p.n_slots = most_of(p_slots_of(&input->train[d]),
                                  p_slots_of(&input->forward[d]));
    }
}

/* Let the layer plan for the rows of a part. */
static sluice_status infer_part(struct sl_cut_head *v, const void *config,
                                const sluice_layer_plan *whole,
                                struct sl_head_part *part, sluice_diag *why)
{
    const sluice_allocator *allocator = v->allocator;
    part->config = sl_alloc(allocator, v->ops->config_bytes, 1);
    part->plan.in = whole->in;
    part->plan.params =
        sl_alloc(allocator, SLUICE_LAYER_MAX_PARAMS, sizeof *part->plan.params);
    part->plan.products = sl_alloc(allocator, SLUICE_LAYER_MAX_PRODUCTS,
                                   sizeof *part->plan.products);
    part->products =
        sl_alloc(allocator, SLUICE_LAYER_MAX_PRODUCTS, sizeof *part->products);
    if (!part->config || !part->plan.params || !part->plan.products ||
        !part->products)
        return sl_no_memory(why, "a part of the vocabulary");
    memcpy(part->config, config, v->ops->config_bytes);
    v->ops->part(config, part->n, part->config);
    sluice_layer_plan plan = part->plan;
    sluice_status st = v->ops->infer(part->config, &plan, why);
    plan.in = whole->in;
    part->plan = plan;
    return st;
}

static void size_part(struct sl_cut_head *v, struct sl_head_part *part)
{
    size_t vectors = (size_t)sl_cut_head_vectors(v);
    part->p.slot_bytes = sl_round_up(vectors * (size_t)part->n * sizeof(float));
    part->gives = (struct sl_ring){
        .n_slots = v->n_slots,
        .slot_bytes =
            sl_round_up(vectors * sizeof(sluice_part_term)) +
            sl_round_up(2 * vectors * (size_t)v->width * sizeof(float)),
    };
}

static sluice_status make_part(struct sl_cut_head *v, int d,
                               const struct sl_cut_head_input *input,
                               sluice_diag *why)
{
    struct sl_head_part *part = &v->parts[d];
    const sluice_layer_plan *whole =
        sluice_model_layer_plan(input->model, v->layer);
    struct sl_rows rows =
        sl_split_rows(whole->params[0].shape.dims[0], v->n_parts, d);
    part->first = v->first[d] = rows.first;
    part->n = rows.n;
    part->shard = (struct sl_shard){
        .n_runs = 1,
        .run = rows.n * v->width,
        .stride = rows.n * v->width,
        .first = rows.first * v->width,
    };
    sluice_status st = infer_part(
        v, sl_model_layer_config(input->model, v->layer), whole, part, why);
    if (!st)
        st = sl_products_settle_layer(&part->plan, input->products, 1,
                                      part->products, part->products, why);
    size_part(v, part);
    return st;
}

static void describe(struct sl_cut_head *v, const sluice_model *model)
{
    const sluice_param_spec *spec =
        &sluice_model_layer_plan(model, v->layer)->params[0];
    int number = 0;
    for (int i = 0; i < v->layer; i++)
        number += sluice_model_layer_plan(model, i)->n_params;
    v->tensor = (struct sl_tensor){
        .shape = spec->shape,
        .shard = sl_shard_all(&spec->shape),
        .n = sluice_shape_elements(&spec->shape),
        .layer = v->layer,
        .first = number,
    };
    snprintf(v->tensor.name, sizeof v->tensor.name, "%d.%s", v->layer,
             spec->name);
}

sluice_status sl_cut_head_init(struct sl_cut_head *v,
                               const struct sl_cut_head_input *input,
                               sluice_diag *why)
{
    int last = last_layer(input->model);
    const sluice_layer_plan *whole =
        sluice_model_layer_plan(input->model, last);
    const sluice_schedule *schedule = input->schedule;
    int n_stages = sluice_schedule_n_stages(schedule);
    *v = (struct sl_cut_head){
        .allocator = input->allocator,
        .ops = sluice_model_layer(input->model, last),
        .layer = last,
        .width = whole->params[0].shape.dims[1],
        .max_rows = input->max_rows,
        .n_states = input->n_states,
        .n_parts = sluice_schedule_n_devices(schedule),
        .last_place = sluice_schedule_stage_device(schedule, n_stages - 1),
    };
    v->positions = sluice_shape_elements(&whole->in) / v->width;
    v->parts = sl_alloc(v->allocator, (size_t)v->n_parts, sizeof *v->parts);
    v->first = sl_alloc(v->allocator, (size_t)v->n_parts, sizeof *v->first);
    if (!v->parts || !v->first)
        return sl_no_memory(why, "the parts of the vocabulary");
    describe(v, input->model);
    for (int s = n_stages - 1; s >= 0; s--)
        v->parts[sluice_schedule_stage_device(schedule, s)].stage = s;
    find_slots(v, input);
    v->x = (struct sl_ring){
        .n_slots = v->n_slots,
        .slot_bytes = sl_round_up((size_t)sl_cut_head_vectors(v) *
                                  (size_t)v->width * sizeof(float)),
    };
    sluice_status st = SLUICE_OK;
    for (int d = 0; d < v->n_parts && !st; d++)
        st = make_part(v, d, input, why);
    return st;
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
    sl_free(v->allocator, v->first, (size_t)v->n_parts, sizeof *v->first);
    sl_free(v->allocator, v->parts, (size_t)v->n_parts, sizeof *v->parts);
    *v = (struct sl_cut_head){0};
}

static size_t weights_bytes(const struct sl_head_part *part)
{
    return sl_round_up((size_t)part->shard.run * sizeof(float));
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

void sl_cut_head_plan(const struct sl_cut_head *v, int place,
                      sluice_memory_plan *plan)
{
    const struct sl_head_part *part = &v->parts[place];
    struct temporary t = temporary_of(v, part);
    size_t weights = weights_bytes(part), states = (size_t)v->n_states;
    size_t boundary = ring_bytes(&part->gives) +
                      (place == v->last_place ? ring_bytes(&v->x) : 0);
    size_t workspace = t.row_sum + t.workspace + t.scratch + t.product;
    plan->parameters += weights;
    plan->packed += packed_bytes(part);
    plan->gradients += weights;
    plan->optimizer += states * weights;
    plan->boundary += boundary;
    plan->stash += ring_bytes(&part->p);
    plan->workspace += workspace;
    plan->total += (2 + states) * weights + packed_bytes(part) + boundary +
                   ring_bytes(&part->p) + workspace;
}

static void bind_ring(struct sl_ring *ring, struct sl_arena *arena)
{
    ring->slots = sl_arena_take(arena, ring_bytes(ring));
}

void sl_cut_head_bind(struct sl_cut_head *v, int place, struct sl_arena *arena)
{
    struct sl_head_part *part = &v->parts[place];
    struct temporary t = temporary_of(v, part);
    part->w = sl_arena_take(arena, weights_bytes(part));
    part->g = sl_arena_take(arena, weights_bytes(part));
    for (int i = 0; i < v->n_states; i++)
        part->states[i] = sl_arena_take(arena, weights_bytes(part));
    part->product_scratch = sl_arena_take(arena, t.product);
    for (int k = 0; k < part->plan.n_products; k++)
        sl_product_bind(
            &part->products[k],
            sl_arena_take(arena, sl_product_packed_bytes(&part->products[k])),
            part->product_scratch);
    bind_ring(&part->p, arena);
    bind_ring(&part->gives, arena);
    if (place == v->last_place)
        bind_ring(&v->x, arena);
    part->row_sum = sl_arena_take(arena, t.row_sum);
    part->workspace = sl_arena_take(arena, t.workspace);
    part->scratch = sl_arena_take(arena, t.scratch);
}
