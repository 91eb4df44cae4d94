/* The head as parts.  One thread. */
#include "plan/problem/plan_cut.h"

#include <math.h>

#include "base/memory.h"
#include "blueprint/blueprint.h"
#include "blueprint/shards/cut_heads.h"
#include "blueprint/shards/cut_rows.h"
#include "nn/across/body.h"

enum { KINDS = SLUICE_N_ACTION_KINDS };

/* By kind: which part of a layer's cost is that of the layer at an end. */
struct shares {
    double of[KINDS];
    double bytes;
};

static double share(double part, double whole)
{
    return whole > 0 ? fmin(part / whole, 1) : 1;
}

static double param_elements(const sluice_layer_plan *plan)
{
    double n = 0;
    for (int p = 0; p < plan->n_params; p++)
        n += (double)sluice_shape_elements(&plan->params[p].shape);
    return n;
}

static struct shares head_shares(const sluice_model *model)
{
    const struct sl_end_layer end = sl_model_last_end(model);
    const sluice_layer_plan *part = end.plan;
    const sluice_layer_plan *whole = sluice_model_layer_plan(model, end.layer);
    double f = share((double)part->forward_row_flops,
                     (double)whole->forward_row_flops);
    double i =
        share((double)part->input_row_flops, (double)whole->input_row_flops);
    double w =
        share((double)part->weight_row_flops, (double)whole->weight_row_flops);
    double bytes = share(param_elements(part), param_elements(whole));
    return (struct shares){
        .of = {[SLUICE_F] = f,
               [SLUICE_R] = f,
               [SLUICE_I] = i,
               [SLUICE_W] = w,
               [SLUICE_B] = (i + w) / 2,
               [SLUICE_UPDATE] = bytes,
               [SLUICE_REDUCE_GRAD] = bytes},
        .bytes = bytes,
    };
}

/* Of an embedding, its rows' gradients and updates. */
static struct shares rows_shares(const sluice_model *model)
{
    struct shares shares = {{0}, 0};
    if (!sl_rows_can_be_cut(model))
        return shares;
    const struct sl_end_layer begin = sl_model_first_end(model);
    const sluice_param_spec *table = sl_end_spec(model, &begin);
    double all = param_elements(sluice_model_layer_plan(model, 0));
    double bytes = share((double)sluice_shape_elements(&table->shape), all);
    shares.of[SLUICE_W] = bytes;
    shares.of[SLUICE_UPDATE] = shares.of[SLUICE_REDUCE_GRAD] = bytes;
    shares.bytes = bytes;
    return shares;
}

/* Take a part of a cost away; what was taken.  A cost that is not known stays
 * so. */
static int64_t take(int64_t *cost_ns, double part)
{
    int64_t taken = *cost_ns > 0 ? llround((double)*cost_ns * part) : 0;
    *cost_ns -= taken;
    return taken;
}

/* The head of one row of costs; `costs_ns` are those of its layer, of which
 * what is left stays.  S and T that are given are those of the whole. */
static void take_head(const struct shares *shares, int64_t *costs_ns,
                      int64_t *head_ns)
{
    int64_t taken[KINDS] = {0}, s = costs_ns[SLUICE_S], t = costs_ns[SLUICE_T];
    costs_ns[SLUICE_S] = costs_ns[SLUICE_T] = 0; /* of no stage */
    bool splits = costs_ns[SLUICE_I] >= 0 && costs_ns[SLUICE_W] >= 0;
    int64_t i = splits ? costs_ns[SLUICE_I] : 0;
    int64_t w = splits ? costs_ns[SLUICE_W] : 0;
    struct shares own = *shares;
    if (i + w > 0)
        own.of[SLUICE_B] =
            ((double)i * own.of[SLUICE_I] + (double)w * own.of[SLUICE_W]) /
            (double)(i + w);
    for (int kind = 0; kind < KINDS; kind++)
        taken[kind] = take(&costs_ns[kind], own.of[kind]);
    if (!splits) /* a whole backward is two products of the same size */
        taken[SLUICE_I] = taken[SLUICE_W] = taken[SLUICE_B] / 2;
    head_ns[SLUICE_S] = s > 0 ? s : taken[SLUICE_F] + taken[SLUICE_I];
    head_ns[SLUICE_T] = t > 0 ? t : taken[SLUICE_W];
    head_ns[SLUICE_UPDATE] += taken[SLUICE_UPDATE];
    head_ns[SLUICE_REDUCE_GRAD] += taken[SLUICE_REDUCE_GRAD];
}

/* The same of an embedding, whose gradients an S that is given has.  If it is
 * tied to the head, both have one table, which is counted with the head. */
static void take_rows(const struct shares *shares, bool tied, bool given,
                      int64_t *costs_ns, int64_t *head_ns)
{
    int64_t w = take(&costs_ns[SLUICE_W], shares->of[SLUICE_W]);
    int64_t update = take(&costs_ns[SLUICE_UPDATE], shares->of[SLUICE_UPDATE]);
    int64_t reduce =
        take(&costs_ns[SLUICE_REDUCE_GRAD], shares->of[SLUICE_REDUCE_GRAD]);
    if (costs_ns[SLUICE_B] >= w)
        costs_ns[SLUICE_B] -= w;
    head_ns[SLUICE_S] += given ? 0 : w;
    head_ns[SLUICE_UPDATE] += tied ? 0 : update;
    head_ns[SLUICE_REDUCE_GRAD] += tied ? 0 : reduce;
}

/* One table of costs, `to` without the head. */
static void divide(const struct sl_plan_cut *cut, size_t n_rows,
                   const int64_t *from, int64_t *to, int64_t *head_ns)
{
    const struct shares head = head_shares(cut->config.model);
    const struct shares rows = rows_shares(cut->config.model);
    int n = cut->config.n_layers;
    for (size_t row = 0; row < n_rows; row++) {
        const int64_t *of = from + row * (size_t)cut->n_whole * KINDS;
        int64_t *own = to + row * (size_t)n * KINDS, last[KINDS];
        for (int i = 0; i < n * KINDS; i++)
            own[i] = of[i];
        for (int kind = 0; kind < KINDS; kind++)
            last[kind] = of[(cut->n_whole - 1) * KINDS + kind];
        bool given = last[SLUICE_S] > 0;
        take_head(&head, n == cut->n_whole ? &own[(n - 1) * KINDS] : last,
                  &head_ns[row * KINDS]);
        take_rows(&rows, cut->n_tables == 1, given, own, &head_ns[row * KINDS]);
    }
}

/* By how much the first actions take longer: of the layers that are left. */
static void keep_first(const struct sl_plan_cut *cut, size_t n_rows,
                       const int64_t *from, int64_t *to)
{
    const struct shares head = head_shares(cut->config.model);
    size_t n = (size_t)cut->config.n_layers * KINDS;
    for (size_t row = 0; row < n_rows; row++)
        for (size_t i = 0; i < n; i++) {
            int64_t *own = &to[row * n + i];
            *own = from[row * (size_t)cut->n_whole * KINDS + i];
            if (i / KINDS == (size_t)cut->n_whole - 1)
                take(own, head.of[i % KINDS]);
        }
}

static void divide_bytes(struct sl_plan_cut *cut, const sluice_plan_layer *from)
{
    const struct shares head = head_shares(cut->config.model);
    const struct shares rows = rows_shares(cut->config.model);
    int n = cut->config.n_layers, last = cut->n_whole - 1;
    for (int i = 0; i < cut->n_whole; i++)
        cut->layers[i] = from[i];
    cut->fixed_bytes += take(&cut->layers[last].fixed_bytes, head.bytes);
    cut->param_bytes += take(&cut->layers[last].param_bytes, head.bytes);
    int64_t fixed = take(&cut->layers[0].fixed_bytes, rows.bytes);
    int64_t params = take(&cut->layers[0].param_bytes, rows.bytes);
    cut->fixed_bytes += cut->n_tables == 1 ? 0 : fixed;
    cut->param_bytes += cut->n_tables == 1 ? 0 : params;
    if (n == cut->n_whole) { /* its scores are not of the stage */
        cut->layers[last].saved_row_bytes = 0;
        cut->layers[last].scratch_row_bytes = cut->layers[last].input_row_bytes;
    }
}

/* Without its head it has no layers for stages. */
static bool is_head_alone(const sluice_model *model)
{
    const struct sl_end_layer end = sl_model_last_end(model);
    return sluice_model_n_layers(model) == 1 && end.ops->part &&
           end.plan == sluice_model_layer_plan(model, 0);
}

/* Whether the model can be cut at all. */
static sluice_status check(const sluice_plan_config *config, sluice_diag *why)
{
    struct sl_blueprint blueprint;
    if (!config->model || !config->pipeline)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a vocabulary that may be cut needs `model` and "
                               "`pipeline`, which say what the head is");
    if (is_head_alone(config->model))
        return sluice_diag_set(why, SLUICE_NOT_FOUND,
                               "a model that is a head alone has no stages "
                               "without it");
    sluice_pipeline_config pipeline = *config->pipeline;
    pipeline.schedule = (sluice_schedule_config){0};
    pipeline.batch = config->batch;
    pipeline.vocabulary_parallel = true;
    pipeline.allocator = config->allocator;
    sluice_status st =
        sl_blueprint_init(&blueprint, &pipeline, NULL, config->model, why);
    if (!st)
        sl_blueprint_fini(&blueprint);
    return st;
}

static sluice_status allocate(struct sl_plan_cut *cut, size_t n_rows,
                              sluice_diag *why)
{
    const sluice_allocator *allocator = cut->config.allocator;
    cut->n_cells =
        n_rows * KINDS *
        (SL_PLAN_N_TABLES * (size_t)cut->config.n_layers + 2 /* heads */);
    cut->layers =
        sl_alloc(allocator, (size_t)cut->n_whole, sizeof *cut->layers);
    cut->cells = sl_alloc(allocator, cut->n_cells, sizeof *cut->cells);
    return cut->layers && cut->cells ? SLUICE_OK
                                     : sl_no_memory(why, "a plan's cut head");
}

sluice_status sl_plan_cut_init(struct sl_plan_cut *cut,
                               const sluice_plan_config *config,
                               sluice_diag *why)
{
    *cut = (struct sl_plan_cut){.config = *config, .n_whole = config->n_layers};
    sluice_status st = check(config, why);
    if (st)
        return st;
    cut->n_tables = sl_cut_heads_n_tables(config->model);
    const struct sl_end_layer end = sl_model_last_end(config->model);
    bool whole = end.plan == sluice_model_layer_plan(config->model, end.layer);
    size_t n_rows = (size_t)(config->teams ? config->n_teams : 1) *
                    (size_t)config->n_microbatches;
    cut->config.n_layers -= whole;
    st = allocate(cut, n_rows, why);
    if (st)
        return st;
    size_t n = n_rows * (size_t)cut->config.n_layers * KINDS;
    int64_t *at = cut->cells + 2 * n_rows * KINDS;
    cut->head_ns = cut->cells;
    divide(cut, n_rows, config->costs_ns, at, cut->head_ns);
    cut->config.costs_ns = at;
    if (config->first_ns) {
        keep_first(cut, n_rows, config->first_ns, at + n);
        cut->config.first_ns = at + n;
    }
    if (config->once_ns) {
        cut->once_head_ns = cut->cells + n_rows * KINDS;
        divide(cut, n_rows, config->once_ns, at + 2 * n, cut->once_head_ns);
        cut->config.once_ns = at + 2 * n;
    }
    if (config->once_first_ns) {
        keep_first(cut, n_rows, config->once_first_ns, at + 3 * n);
        cut->config.once_first_ns = at + 3 * n;
    }
    divide_bytes(cut, config->layers);
    cut->config.layers = cut->layers;
    return SLUICE_OK;
}

void sl_plan_cut_fini(struct sl_plan_cut *cut)
{
    const sluice_allocator *allocator = cut->config.allocator;
    sl_free(allocator, cut->layers, (size_t)cut->n_whole, sizeof *cut->layers);
    sl_free(allocator, cut->cells, cut->n_cells, sizeof *cut->cells);
    *cut = (struct sl_plan_cut){.n_whole = 0};
}

void sl_plan_cut_places(const struct sl_plan_problem *problem, int *least,
                        int *most)
{
    const sluice_model *model = problem->config->model;
    const struct sl_end_layer begin = sl_model_first_end(model);
    const struct sl_end_layer end = sl_model_last_end(model);
    int64_t rows = sl_end_spec(model, &end)->shape.dims[0];
    int t = sl_plan_team(problem);
    if (sl_rows_can_be_cut(model)) {
        int64_t n = sl_end_spec(model, &begin)->shape.dims[0];
        rows = n < rows ? n : rows;
    }
    if (*least * t < 2)
        *least = 2;
    if (*most > rows / t)
        *most = (int)(rows / t);
}

const int64_t *sl_plan_head_costs(const struct sl_plan_problem *problem)
{
    const struct sl_plan_cut *cut = problem->cut;
    const int64_t *head_ns =
        sl_plan_is_once(problem) ? cut->once_head_ns : cut->head_ns;
    return head_ns + ((size_t)problem->division.team *
                          (size_t)cut->config.n_microbatches +
                      (size_t)problem->division.m) *
                         KINDS;
}

double sl_plan_head_update(const struct sl_plan_problem *problem)
{
    int n_shares = problem->division.zero ? problem->division.replicas : 1;
    return (double)sl_plan_head_costs(problem)[SLUICE_UPDATE] / n_shares;
}
