/* Drawing the blueprint.  The thread that creates the pipeline. */
#include "blueprint/blueprint.h"

#include <string.h>

#include "nn/model/model.h"
#include "nn/model/settle.h"
#include "blueprint/cut.h"
#include "blueprint/checks/config_check.h"
#include "blueprint/checks/layout_check.h"
#include "blueprint/make_schedule.h"
#include "blueprint/shards/rooms.h"
#include "blueprint/shards/zero.h"
#include "base/split.h"
#include "sched/schedule.h"

/* Settle and check what needs no schedule, before one is made. */
static sluice_status settle_sizes(struct sl_blueprint *bp,
                                  const sluice_pipeline_config *config,
                                  sluice_diag *why)
{
    const sluice_schedule *custom = config->custom;
    const sluice_schedule_config wanted =
        sl_schedule_standards(&config->schedule, config->allocator);
    bp->grid.n_replicas = config->replicas ? config->replicas : 1;
    bp->grid.n_shards = config->team ? config->team : 1;
    bp->grid.n_devices =
        custom ? sluice_schedule_n_devices(custom) : wanted.devices;
    bp->grid.n_microbatches =
        custom ? sluice_schedule_n_microbatches(custom) : wanted.microbatches;
    sluice_status st = sl_check_devices(&bp->grid, config, why);
    int m = bp->grid.n_microbatches;
    bool possible = m >= 1 && m <= SLUICE_MAX_MICROBATCHES;
    return st ? st
              : sl_split_check(bp->batch, bp->grid.n_replicas, possible ? m : 1,
                               config->uneven, why);
}

static sluice_status make_schedules(struct sl_blueprint *bp,
                                    const sluice_pipeline_config *config,
                                    const struct sl_world_view *view,
                                    sluice_diag *why)
{
    sluice_status st = sl_make_schedule(config, bp->model, &bp->grid, view,
                                        bp->queue_capacity, &bp->schedule, why);
    if (st)
        return st;
    bp->grid = sl_grid_of(bp->schedule, bp->grid.n_replicas, bp->grid.n_shards);
    if (sl_n_holders(&bp->grid) > 1)
        st = sl_zero_place(config->zero, &bp->schedule, why);
    if (st)
        return st;
    /* No queue ever holds more items than there are micro-batches. */
    if (bp->queue_capacity > bp->grid.n_microbatches)
        bp->queue_capacity = bp->grid.n_microbatches;
    sluice_verify_config verify = {.queue_capacity = bp->queue_capacity};
    st = sl_verify(bp->schedule, &verify, &bp->findings, why);
    if (!st)
        st = sl_make_forward_schedule(bp->schedule, &bp->forward_schedule, why);
    if (st)
        return st;
    verify.forward_only = true;
    if (sl_schedule_cuts_vocabulary(bp->schedule))
        st = sl_cut_head_begin(bp->model, bp->loss, &bp->grid,
                               bp->queue_capacity, bp->allocator,
                               &bp->forward_schedule, &bp->body, why);
    if (!st && sl_n_holders(&bp->grid) > 1 &&
        config->zero >= SL_ZERO_PARAMETERS)
        st = sl_zero_place(config->zero, &bp->forward_schedule, why);
    if (st)
        return st;
    return sl_verify(bp->forward_schedule, &verify, &bp->forward_findings, why);
}

/* A copy of the caller's config, or zeros; NULL if there is no memory. */
static void *copy_config(const struct sl_blueprint *bp, const void *config,
                         size_t bytes)
{
    void *copy = sl_alloc(bp->allocator, bytes, 1);
    if (copy && config)
        memcpy(copy, config, bytes);
    return copy;
}

static sluice_status settle_loss(struct sl_blueprint *bp, const void *config,
                                 sluice_diag *why)
{
    bp->loss_config = copy_config(bp, config, bp->loss->config_bytes);
    if (!bp->loss_config)
        return sl_no_memory(why, "the loss's configuration");
    return sl_loss_settle(bp->loss, bp->loss_config,
                          sluice_model_output(bp->model), bp->batch,
                          &bp->loss_plan, why);
}

static sluice_status settle_optimizer(struct sl_blueprint *bp,
                                      const void *config, sluice_diag *why)
{
    bp->optimizer_config = copy_config(bp, config, bp->optimizer->config_bytes);
    if (!bp->optimizer_config)
        return sl_no_memory(why, "the optimizer's configuration");
    return sl_optimizer_settle(bp->optimizer, bp->optimizer_config,
                               &bp->n_states, &bp->learning_rate, why);
}

static sluice_status number_programs(struct sl_blueprint *bp,
                                     const struct sl_findings *findings,
                                     struct sl_program **programs,
                                     sluice_diag *why)
{
    *programs =
        sl_alloc(bp->allocator, (size_t)bp->grid.n_devices, sizeof **programs);
    if (!*programs)
        return sl_no_memory(why, "the devices' programs");
    for (int d = 0; d < bp->grid.n_devices; d++)
        if (sl_program_init(&(*programs)[d], findings, d, bp->allocator))
            return sl_no_memory(why, "a device's program");
    return SLUICE_OK;
}

/* Rooms that serve both schedules. */
static sluice_status place_rooms(struct sl_blueprint *bp, sluice_diag *why)
{
    bool measures = bp->updates.measures;
    bp->rooms =
        sl_alloc(bp->allocator, (size_t)bp->grid.n_devices, sizeof *bp->rooms);
    sluice_status st =
        bp->rooms ? SLUICE_OK : sl_no_memory(why, "the memory plan");
    for (int d = 0; d < bp->grid.n_devices && bp->updates.brings && !st; d++) {
        st = sl_rooms_place(&bp->train[d], bp->schedule, d, measures,
                            bp->allocator, &bp->rooms[d], why);
        if (!st)
            st = sl_rooms_place(&bp->forward[d], bp->forward_schedule, d, false,
                                bp->allocator, &bp->rooms[d], why);
    }
    return st;
}

/* Ring sizes that serve both schedules. */
static sluice_status size_rings(struct sl_blueprint *bp, sluice_diag *why)
{
    size_t n = (size_t)bp->grid.n_stages;
    bp->ring_sizes = sl_alloc(bp->allocator, n, sizeof *bp->ring_sizes);
    struct sl_ring_sizes *forward = sl_alloc(bp->allocator, n, sizeof *forward);
    sluice_status st = SLUICE_NO_MEMORY;
    if (bp->ring_sizes && forward)
        st = sl_ring_sizes(bp->schedule, bp->train, bp->queue_capacity,
                           bp->allocator, bp->ring_sizes);
    if (!st)
        st = sl_ring_sizes(bp->forward_schedule, bp->forward,
                           bp->queue_capacity, bp->allocator, forward);
    for (size_t s = 0; s < n && !st; s++)
        if (forward[s].in_slots > bp->ring_sizes[s].in_slots)
            bp->ring_sizes[s].in_slots = forward[s].in_slots;
    if (!st && bp->joins)
        st = sl_ring_fit_runs(bp->schedule, bp->train, bp->allocator,
                              bp->ring_sizes);
    sl_free(bp->allocator, forward, n, sizeof *forward);
    return st ? sl_no_memory(why, "the memory plan") : SLUICE_OK;
}

static sluice_status make_edges(struct sl_blueprint *bp, int64_t max_rows,
                                sluice_diag *why)
{
    const struct sl_edge_input input = {
        sl_stage_layers_of(bp), bp->grid,
        bp->stage_layers,       max_rows,
        bp->schedule,           bp->train,
        bp->forward_schedule,   bp->forward,
        bp->queue_capacity,     bp->allocator,
    };
    size_t n = (size_t)sl_n_edges(sl_stage_layers_of(bp), &bp->grid);
    bp->edges = sl_alloc(bp->allocator, n, sizeof *bp->edges);
    return bp->edges ? sl_edges_make(&input, bp->edges, why)
                     : sl_no_memory(why, "the skip connections");
}

static sluice_status lay_out_vocabulary(struct sl_blueprint *bp,
                                        const struct sl_layout_input *layout,
                                        sluice_diag *why)
{
    const struct sl_cut_head_input input = {
        .model = bp->model,
        .loss = bp->loss,
        .schedule = bp->schedule,
        .n_shards = bp->grid.n_shards,
        .train = bp->train,
        .forward = bp->forward,
        .products = &layout->products,
        .processes = &bp->processes,
        .max_rows = layout->max_rows,
        .n_states = bp->n_states,
        .allocator = bp->allocator,
    };
    return bp->body ? sl_cut_heads_init(&bp->vocabulary, &input, &bp->grid,
                                        bp->updates.zero, bp->layout.plans, why)
                    : SLUICE_OK;
}

static sluice_status lay_out(struct sl_blueprint *bp,
                             const sluice_pipeline_config *config,
                             const struct sl_world_view *view, sluice_diag *why)
{
    struct sl_layout_input input = {
        .model = sl_stage_layers_of(bp),
        .schedule = bp->schedule,
        .sizes = bp->ring_sizes,
        .versions = bp->findings.versions,
        .max_rows =
            sl_split_largest(sl_split_largest(bp->batch, bp->grid.n_replicas),
                             bp->grid.n_microbatches),
        .n_states = bp->n_states,
        .elsewhere = bp->body ? sl_cut_rows_tensor(bp->model) : -1,
        .grid = bp->grid,
        .processes = &bp->processes,
        .joins = bp->joins,
        .updates = &bp->updates,
        .allocator = bp->allocator,
    };
    sluice_status st =
        sl_products_choose(config, &bp->grid, &input.products, why);
    if (!st)
        st = sl_layout_check(&input, why);
    if (st)
        return st;
    bp->stage_layers = sl_alloc(bp->allocator, (size_t)bp->grid.n_stages,
                                sizeof *bp->stage_layers);
    if (!bp->stage_layers)
        return sl_no_memory(why, "the partition");
    st = sl_cut_model(config, &input, bp->grid.depth, bp->stage_layers, why);
    if (view &&
        config->cut == SLUICE_CUT_TIME) /* processes measure other times */
        st = view->share(view->context, st, bp->stage_layers,
                         (size_t)bp->grid.depth * sizeof(int), why);
    if (st)
        return st;
    for (int s = bp->grid.depth; s < bp->grid.n_stages; s++)
        bp->stage_layers[s] = bp->stage_layers[sl_part_of(&bp->grid, s)];
    input.stage_layers = bp->stage_layers;
    st = make_edges(bp, input.max_rows, why);
    if (st)
        return st;
    input.edges = bp->edges;
    input.rooms = bp->rooms;
    st = sl_layout_init(&bp->layout, &input, why);
    return st ? st : lay_out_vocabulary(bp, &input, why);
}

/* Choose what the UPDATEs of this pipeline do. */
static sluice_status choose_mode(struct sl_blueprint *bp, int zero,
                                 sluice_diag *why)
{
    int n_updates = bp->findings.n_updates;
    bp->updates = (struct sl_update_mode){
        .n_updates = n_updates,
        .asynchronous = n_updates > 1,
        .reduces = sl_n_holders(&bp->grid) > 1,
        .takes_rows = bp->body && sl_rows_can_be_cut(bp->model),
        .n_tables = bp->body ? sl_cut_heads_n_tables(bp->model) : 0,
    };
    sluice_status st =
        sl_updates_choose_total(bp->optimizer, bp->optimizer_config,
                                bp->grid.n_shards, &bp->updates, why);
    if (!st)
        st = sl_ties_choose(sl_stage_layers_of(bp), bp->grid.n_shards,
                            &bp->updates, why);
    return st ? st
              : sl_zero_choose(zero, &bp->grid, bp->processes.n == 1,
                               bp->optimizer, sl_stage_layers_of(bp),
                               bp->schedule, &bp->updates, why);
}

static sluice_status expand_program(struct sl_blueprint *bp, int device)
{
    struct sl_program ties;
    sluice_status st = sl_ties_program(&bp->ties, &bp->layout, device, &ties);
    if (!st)
        st = sl_updates_expand(&bp->train[device], bp->updates, &ties,
                               bp->allocator);
    sl_program_fini(&ties, bp->allocator);
    return st;
}

static sluice_status expand_updates(struct sl_blueprint *bp, sluice_diag *why)
{
    sluice_status st = sl_ties_init(&bp->ties, &bp->layout);
    for (int d = 0; d < bp->grid.n_devices && !st; d++)
        st = expand_program(bp, d);
    return st ? sl_no_memory(why, "a device's program") : SLUICE_OK;
}

static sluice_status draw(struct sl_blueprint *bp,
                          const sluice_pipeline_config *config,
                          const struct sl_world_view *view, sluice_diag *why)
{
    enum sl_gemm_choice gemm;
    sluice_status st = sl_check_config(config, bp->model, why);
    if (!st) /* before schedules are made, which may take long */
        st = sl_products_find(config, &gemm, &bp->precision, why);
    if (!st)
        st = settle_sizes(bp, config, why);
    if (!st)
        st = settle_loss(bp, config->loss_config, why);
    if (!st)
        st = settle_optimizer(bp, config->optimizer_config, why);
    if (!st)
        st = make_schedules(bp, config, view, why);
    if (st)
        return st;
    st = sl_processes_init(&bp->processes, view, &bp->grid, config->processes,
                           config->n_processes, bp->allocator, why);
    if (!st)
        st = choose_mode(bp, config->zero, why);
    if (!st)
        st = number_programs(bp, &bp->findings, &bp->train, why);
    if (!st)
        st = number_programs(bp, &bp->forward_findings, &bp->forward, why);
    for (int d = 0; d < bp->grid.n_devices && bp->joins && !st; d++)
        sl_program_join(&bp->train[d]);
    if (!st)
        st = place_rooms(bp, why);
    if (!st)
        st = size_rings(bp, why);
    if (!st)
        st = lay_out(bp, config, view, why);
    if (!st)
        st = expand_updates(bp, why);
    return st;
}

sluice_status sl_blueprint_init(struct sl_blueprint *bp,
                                const sluice_pipeline_config *config,
                                const struct sl_world_view *view,
                                const sluice_model *model, sluice_diag *why)
{
    *bp = (struct sl_blueprint){
        .allocator = config->allocator,
        .model = model,
        .batch = config->batch,
        .input_row_bytes = sl_model_input_row_bytes(model),
        .seed = config->seed,
        .queue_capacity = config->queue_capacity ? config->queue_capacity
                                                 : SLUICE_QUEUE_CAPACITY,
        .joins = config->join_weights,
        .finite = config->finite,
        .checks_recompute = config->check_recompute,
        .loss = config->loss,
        .optimizer = config->optimizer,
    };
    sluice_status st = draw(bp, config, view, why);
    if (st)
        sl_blueprint_fini(bp);
    return st;
}

static void free_programs(struct sl_blueprint *bp, struct sl_program *programs)
{
    for (int d = 0; programs && d < bp->grid.n_devices; d++)
        sl_program_fini(&programs[d], bp->allocator);
    sl_free(bp->allocator, programs, (size_t)bp->grid.n_devices,
            sizeof *programs);
}

void sl_blueprint_fini(struct sl_blueprint *bp)
{
    size_t n_stages = (size_t)bp->grid.n_stages;
    sl_cut_heads_fini(&bp->vocabulary);
    sl_ties_fini(&bp->ties);
    sl_layout_fini(&bp->layout);
    if (bp->edges)
        sl_free(bp->allocator, bp->edges,
                (size_t)sl_n_edges(sl_stage_layers_of(bp), &bp->grid),
                sizeof *bp->edges);
    if (bp->rooms)
        sl_free(bp->allocator, bp->rooms, (size_t)bp->grid.n_devices,
                sizeof *bp->rooms);
    sl_free(bp->allocator, bp->stage_layers, n_stages,
            sizeof *bp->stage_layers);
    sl_free(bp->allocator, bp->ring_sizes, n_stages, sizeof *bp->ring_sizes);
    free_programs(bp, bp->forward);
    free_programs(bp, bp->train);
    if (bp->loss_config)
        sl_free(bp->allocator, bp->loss_config, bp->loss->config_bytes, 1);
    if (bp->optimizer_config)
        sl_free(bp->allocator, bp->optimizer_config,
                bp->optimizer->config_bytes, 1);
    sl_processes_fini(&bp->processes);
    sl_findings_fini(&bp->forward_findings);
    sl_findings_fini(&bp->findings);
    sluice_schedule_destroy(bp->forward_schedule);
    sluice_schedule_destroy(bp->schedule);
    sl_model_body_destroy(bp->body);
    *bp = (struct sl_blueprint){0};
}
