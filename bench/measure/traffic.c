/* Bytes that a step moves.  The thread that owns the pipeline. */
#include "bench/measure/traffic.h"

#include <math.h>
#include <stdbool.h>

#include <sluice/pipeline_stage.h>
#include <sluice/shape.h>

/* The stages of a model, in the order of its layers, wherever they are. */
struct parts {
    const sluice_schedule *schedule;
    const sluice_pipeline *pipe;
    const sluice_model *model;
    int team;
    int n_copies; /* of the model, whose stages follow one another */
    int n_stages; /* of all copies */
};

static struct parts parts_of(const sluice_pipeline *pipe,
                             const sluice_model *model, int team)
{
    const sluice_schedule *schedule = sluice_pipeline_schedule(pipe);
    return (struct parts){
        .schedule = schedule,
        .pipe = pipe,
        .model = model,
        .team = team,
        .n_copies = sluice_schedule_n_copies(schedule),
        .n_stages = sluice_schedule_n_stages(schedule),
    };
}

/* Whether rows come to a stage from another one; which is the one before. */
static bool follows(const struct parts *parts, int stage)
{
    return stage % (parts->n_stages / parts->n_copies) > 0;
}

/* The place in its replica that holds a stage. */
static int place_of(const struct parts *parts, int stage)
{
    return sluice_schedule_stage_device(parts->schedule, stage);
}

/* What the first device of replica 0 has of a stage. */
static sluice_stage_info describe(const struct parts *parts, int stage)
{
    sluice_stage_info info = {.stage = -1};
    for (int i = 0; info.stage != stage; i++)
        sluice_pipeline_stage(parts->pipe, place_of(parts, stage) * parts->team,
                              i, &info);
    return info;
}

/* Of a row that enters a stage, and of its gradient that leaves it. */
static double row_bytes(const struct parts *parts, int stage)
{
    sluice_stage_info info = describe(parts, stage);
    const sluice_layer_plan *plan =
        sluice_model_layer_plan(parts->model, info.first_layer);
    return 2 * (double)sluice_shape_elements(&plan->in) *
           (double)sluice_element_bytes(plan->in_type);
}

double traffic_boundary_bytes(const sluice_pipeline *pipe,
                              const sluice_model *model, int64_t rows, int team)
{
    struct parts parts = parts_of(pipe, model, team);
    double bytes = 0;
    for (int s = 0; s < parts.n_stages; s++)
        if (follows(&parts, s) &&
            place_of(&parts, s) != place_of(&parts, s - 1))
            bytes += row_bytes(&parts, s);
    return bytes * (double)rows / parts.n_copies;
}

double traffic_reduce_bytes(const sluice_pipeline *pipe, int replicas)
{
    int holders =
        replicas * sluice_schedule_n_copies(sluice_pipeline_schedule(pipe));
    double gradients = 0;
    for (int d = 0; d < sluice_pipeline_n_devices(pipe); d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        gradients += (double)info.planned.gradients;
    }
    return 2.0 * (holders - 1) / holders * gradients;
}

/* Replicas in processes. */
struct spread {
    int replicas;
    int processes;
    int zero; /* stage of ZeRO */
};

/* The process that runs a stage's devices in a replica. */
static int process_of(const struct parts *parts, const struct spread *spread,
                      int replica, int stage)
{
    int places = sluice_schedule_n_devices(parts->schedule);
    int place = replica * places + place_of(parts, stage);
    return place * spread->processes / (places * spread->replicas);
}

/* Holders of the part of the model that a stage has, in other processes. */
static int n_far_holders(const struct parts *parts, const struct spread *spread,
                         int replica, int stage)
{
    int n = 0, each = parts->n_stages / parts->n_copies;
    int process = process_of(parts, spread, replica, stage);
    for (int r = 0; r < spread->replicas; r++)
        for (int s = stage % each; s < parts->n_stages; s += each)
            n += process_of(parts, spread, r, s) != process;
    return n;
}

/* How often a stage's parameters are brought in a step of ZeRO stage 3. */
static int n_brought(const struct parts *parts, int stage)
{
    int n, brought = 0;
    const sluice_action *actions =
        sluice_schedule_actions(parts->schedule, place_of(parts, stage), &n);
    for (int i = 0; i < n; i++)
        brought +=
            actions[i].kind == SLUICE_UNSHARD && actions[i].stage == stage;
    return brought > 0 ? brought : 1;
}

enum { LINE = 64, FLOATS = LINE / sizeof(float) }; /* of a cache line */

/* Of a holder's chunk of an array of n floats. */
static double chunk_bytes(int64_t n, int holders, int holder)
{
    int64_t lines = n / FLOATS;
    return (double)(lines * (holder + 1) / holders - lines * holder / holders) *
           LINE;
}

/* Of a device's chunk of each of its stages' gradients: a term from each far
 * holder, and the sum to them, or with ZeRO the new parameters, in its stage 3
 * as often as they are brought; where ZeRO gathers the sums, both. */
static double far_chunk_bytes(const struct parts *parts,
                              const struct spread *spread, int replica,
                              int device)
{
    int holders = spread->replicas * parts->n_copies;
    int each = parts->n_stages / parts->n_copies;
    sluice_device_info info;
    sluice_pipeline_device(parts->pipe, device, &info);
    double bytes = 0;
    for (int i = 0; i < info.n_stages; i++) {
        sluice_stage_info stage;
        sluice_pipeline_stage(parts->pipe, device, i, &stage);
        int holder = replica * parts->n_copies + stage.stage / each;
        double gradients = chunk_bytes(stage.n_gradients, holders, holder);
        double parameters = chunk_bytes(stage.n_parameters, holders, holder);
        int brought = !spread->zero      ? 0
                      : spread->zero < 3 ? 1
                                         : n_brought(parts, stage.stage);
        bytes += ((1 + stage.gathers) * gradients + brought * parameters) *
                 n_far_holders(parts, spread, replica, stage.stage);
    }
    return bytes;
}

/* The stage of copy 0 that has a layer. */
static int stage_of(const struct parts *parts, int layer)
{
    int stage = 0;
    while (layer >=
           describe(parts, stage).first_layer + describe(parts, stage).n_layers)
        stage++;
    return stage;
}

/* Of the tied tensors of a replica, each of which has two uses: one sends the
 * other terms of a part and the sums of the rest. */
static double tied_bytes(const struct parts *parts, const struct spread *spread,
                         int replica)
{
    double bytes = 0;
    int each = parts->n_stages / parts->n_copies;
    for (int l = 0; l < sluice_model_n_layers(parts->model); l++) {
        const sluice_layer_plan *plan =
            sluice_model_layer_plan(parts->model, l);
        for (int p = 0; p < plan->n_params; p++) {
            const sluice_param_spec *use = &plan->params[p];
            double n =
                2 * sizeof(float) * (double)sluice_shape_elements(&use->shape);
            for (int s = 0; use->tied && s < parts->n_stages; s += each)
                if (process_of(parts, spread, replica,
                               s + stage_of(parts, l)) !=
                    process_of(parts, spread, replica,
                               s + stage_of(parts, use->first_layer)))
                    bytes += n;
        }
    }
    return bytes;
}

int64_t traffic_item_bytes(const sluice_pipeline *pipe,
                           const sluice_model *model, int64_t rows, int team,
                           int processes)
{
    struct parts parts = parts_of(pipe, model, team);
    struct spread spread = {1, processes, 0};
    double most = 0;
    for (int s = 0; s < parts.n_stages; s++)
        if (follows(&parts, s) && process_of(&parts, &spread, 0, s) !=
                                      process_of(&parts, &spread, 0, s - 1))
            most = fmax(most, row_bytes(&parts, s) / 2);
    return (int64_t)most * rows;
}

double traffic_sent_bytes(const sluice_pipeline *pipe,
                          const sluice_model *model, int64_t rows, int replicas,
                          int team, int processes, int zero)
{
    struct parts parts = parts_of(pipe, model, team);
    struct spread spread = {replicas, processes, zero};
    double row = 0, gradients = 0;
    int each = sluice_pipeline_n_devices(pipe) / replicas;
    for (int r = 0; r < replicas; r++) {
        for (int s = 0; s < parts.n_stages; s++)
            if (follows(&parts, s) && process_of(&parts, &spread, r, s) !=
                                          process_of(&parts, &spread, r, s - 1))
                row += row_bytes(&parts, s);
        for (int d = 0; d < each; d++)
            gradients += far_chunk_bytes(&parts, &spread, r, r * each + d);
        gradients += tied_bytes(&parts, &spread, r);
    }
    return row * (double)rows / (replicas * parts.n_copies) + gradients;
}

struct traffic_team traffic_team_bytes(const sluice_model *model, int64_t rows,
                                       int team)
{
    struct traffic_team bytes = {0};
    for (int i = 0; i < sluice_model_n_layers(model); i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        for (int k = 0; k < plan->n_products; k++) {
            const sluice_product_spec *product = &plan->products[k];
            int64_t n = product->rows_per_row ? product->rows_per_row : 1;
            double floats = (double)(rows * n) * (team - 1) * sizeof(float);
            double in = (double)product->in, out = (double)product->out;
            if (!plan->params[product->param].divided)
                continue;
            bytes.read_bytes += floats * (2 * in + out);
            bytes.megatron_bytes += 2 * floats * (in < out ? in : out);
        }
    }
    return bytes;
}
