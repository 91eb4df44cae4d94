/*
 * What a process holds: the bytes that are planned for its own devices, of each
 * kind, and never the whole model, whatever is called.
 */
#include <sluice/checkpoint.h>
#include <sluice/reshape.h>
#include <sluice/saver.h>

#include "pipeline/world/world.h"
#include "support/meter.h"

enum { BATCH = 16 };

enum { WIDE = 128, N_STAGES = 8 };

/* Replicas of so many devices, each of which has the same number of stages. */
struct shape {
    int replicas, devices;
};

/* The bytes of a device by the formula: p floats in each of its n stages, of
 * which each of R holders has its part, in whole lines; beside them one whole
 * gradient and, in stage 3, the parameters of 3 stages. */
static void check_formula(const sluice_memory_plan *plan, int zero, size_t r,
                          size_t n)
{
    enum { P = WIDE * WIDE, N_STATES = 2 };
    size_t own = n * ((P / 16 + r - 1) / r) * 64, whole = n * P * 4;
    size_t rooms = n < 3 ? n : 3;
    demand(plan->parameters == (zero < 3 ? whole : own + rooms * P * 4),
           "R %zu, zero %d: %zu bytes of parameters", r, zero,
           plan->parameters);
    demand(plan->gradients == (zero < 2 ? whole : own + P * 4),
           "R %zu, zero %d: %zu bytes of gradients", r, zero, plan->gradients);
    demand(plan->optimizer == (zero < 1 ? whole : own) * N_STATES,
           "R %zu, zero %d: %zu bytes of states", r, zero, plan->optimizer);
}

/* What this process's devices have of a pipeline's plan, which is checked. */
static size_t own_bytes(const sluice_pipeline *pipe, sluice_world *world,
                        struct shape shape, int zero)
{
    size_t own = 0;
    int n = shape.replicas * shape.devices;
    for (int d = 0; d < n; d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        check_formula(&info.planned, shape.replicas > 1 ? zero : 0,
                      (size_t)shape.replicas,
                      (size_t)(N_STAGES / shape.devices));
        demand(info.actual_bytes == info.planned.total, "device %d", d);
        if (d * sluice_world_size(world) / n == sluice_world_rank(world))
            own += info.planned.total;
    }
    return own;
}

static void judge_memory(sluice_world *world, const sluice_model *model,
                         struct shape shape)
{
    struct sl_meter meter = {0};
    const sluice_allocator hooks = sl_meter_hooks(&meter);
    sluice_optimizer_choice adamw;
    sluice_diag why;
    size_t beside = 0; /* of messages, and what describes the pipeline */
    demand(!sluice_optimizer_parse("adamw:lr=0.01", &adamw, NULL),
           "no optimizer");
    for (int zero = 0; zero <= 3; zero++) {
        sluice_pipeline_config config = {
            .schedule = {.name = "looped-bfs",
                         .devices = shape.devices,
                         .microbatches = 2,
                         .chunks = N_STAGES / shape.devices},
            .replicas = shape.replicas,
            .zero = zero,
            .gemm = "openblas",
            .batch = 24,
            .loss = sluice_mean_squared_error(),
            .optimizer = adamw.ops,
            .optimizer_config = &adamw.config,
            .allocator = &hooks,
            .world = world,
        };
        sluice_pipeline *pipe;
        demand(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
               why.text);
        size_t own = own_bytes(pipe, world, shape, zero);
        beside = zero == 0 ? meter.live - own : beside;
        demand(meter.live < own + beside + WIDE * WIDE,
               "zero %d: %zu bytes are held; %zu are planned", zero, meter.live,
               own);
        sluice_pipeline_destroy(pipe);
    }
}

static void show_zero_memory(sluice_world *world)
{
    static const struct shape shapes[] = {{1, 4}, {2, 2}, {3, 2}, {4, 1}};
    sluice_model *model;
    sluice_diag why;
    demand(!sluice_model_parse("input(128); linear(128, no-bias) x8", NULL,
                               &model, &why),
           "%s", why.text);
    for (int i = 0; i < 4; i++)
        judge_memory(world, model, shapes[i]);
    sluice_model_destroy(model);
}

enum {
    LAYERS = 64,
    LAYER = WIDE * WIDE + WIDE, /* floats, in whole lines */
    PIECE = 1 << 20,            /* bytes of a file that are under way */
};

static sluice_pipeline_config wide_config(sluice_world *world,
                                          const sluice_allocator *allocator)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.1,
                                          .momentum = 0.9};
    return (sluice_pipeline_config){
        .schedule = {.devices = 2 * sluice_world_size(world),
                     .microbatches = 2},
        .batch = BATCH,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .allocator = allocator,
        .world = world,
    };
}

/* A pipeline of two devices in each process; or in each a replica, which share
 * all they have. */
static sluice_pipeline *make_wide(sluice_world *world, bool shares,
                                  const sluice_allocator *allocator,
                                  sluice_model **model)
{
    sluice_pipeline_config config = wide_config(world, allocator);
    if (shares) {
        config.schedule.name = "gpipe";
        config.schedule.devices = 2;
        config.replicas = sluice_world_size(world);
        config.zero = 3;
    }
    sluice_diag why;
    sluice_pipeline *pipe;
    demand(!sluice_model_parse("128-128x64", NULL, model, &why), "%s",
           why.text);
    demand(!sluice_pipeline_create(&config, *model, &pipe, &why), "%s",
           why.text);
    return pipe;
}

/* All that is planned for this process's devices; each of them has what its
 * layers have, and no other parameter, gradient or state. */
static size_t planned_here(const sluice_pipeline *pipe, sluice_world *world)
{
    size_t own = 0;
    int n = 2 * sluice_world_size(world), n_layers = 0;
    for (int d = 0; d < n; d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        size_t bytes = (size_t)info.n_layers * LAYER * sizeof(float);
        demand(info.actual_bytes == info.planned.total,
               "device %d has %zu bytes, planned %zu", d, info.actual_bytes,
               info.planned.total);
        demand(info.planned.parameters == bytes &&
                   info.planned.gradients == bytes &&
                   info.planned.optimizer == bytes,
               "device %d of %d layers: %zu, %zu, %zu bytes", d, info.n_layers,
               info.planned.parameters, info.planned.gradients,
               info.planned.optimizer);
        n_layers += info.n_layers;
        if (d / 2 == sluice_world_rank(world))
            own += info.planned.total;
    }
    demand(n_layers == LAYERS, "%d layers", n_layers);
    return own;
}

/* To the byte: the arenas of its devices; and beside them less than the
 * parameters of one device. */
static void show_memory(sluice_world *world)
{
    struct sl_meter meter = {0};
    const sluice_allocator allocator = sl_meter_hooks(&meter);
    sluice_model *model;
    sluice_pipeline *pipe = make_wide(world, false, &allocator, &model);
    size_t own = planned_here(pipe, world);
    size_t device =
        LAYERS * LAYER * sizeof(float) / 2 / (size_t)sluice_world_size(world);
    demand(meter.live >= own && meter.live < own + device,
           "%zu bytes are held; %zu are planned", meter.live, own);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

static void step(sluice_pipeline *pipe)
{
    static float x[BATCH * WIDE];
    static int32_t classes[BATCH];
    sluice_diag why;
    demand(!sluice_pipeline_step(pipe, x, classes, BATCH, NULL, &why) &&
               !sluice_pipeline_evaluate(pipe, x, classes, BATCH, NULL, &why),
           "%s", why.text);
}

/* What this process has read so far, of files or otherwise; 0: not known. */
static long long bytes_read(void)
{
    long long n = 0;
    FILE *file = fopen("/proc/self/io", "r");
    if (file && fscanf(file, "rchar: %lld", &n) != 1)
        n = 0;
    if (file)
        fclose(file);
    return n;
}

/* Save the weights, and load them: a process reads the tensors of which its
 * devices have elements, here one of `n_parts` of them. */
static void keep_weights(sluice_pipeline *pipe, const sluice_model *model,
                         const sluice_allocator *allocator, const char *path,
                         int n_parts)
{
    const long long part =
        LAYERS * LAYER * (long long)sizeof(float) / n_parts + PIECE / 4;
    sluice_diag why;
    for (int layout = SLUICE_LAYOUT_SLUICE; layout <= SLUICE_LAYOUT_PYTORCH;
         layout++) {
        demand(!sluice_pipeline_save_model_as(
                   pipe, NULL, (sluice_weights_layout)layout, path, &why),
               "%s", why.text);
        long long before = bytes_read();
        demand(
            !sluice_pipeline_load_weights(pipe, model, path, allocator, &why),
            "%s", why.text);
        demand(bytes_read() - before < part, "%lld bytes were read",
               bytes_read() - before);
        demand(sluice_pipeline_save_model_as(pipe, NULL,
                                             (sluice_weights_layout)layout,
                                             "/dev/full", &why) == SLUICE_IO,
               "%s", why.text);
    }
}

/* Save and load all of it in each way; a parameter is read one at a time. */
static void keep(sluice_pipeline *pipe, const sluice_allocator *allocator,
                 const char *path, sluice_diag *why)
{
    static float values[WIDE * WIDE];
    sluice_saver *saver;
    demand(!sluice_pipeline_get_parameter(pipe, "0.weight", values, WIDE * WIDE,
                                          why) &&
               !sluice_checkpoint_save(pipe, NULL, path, why) &&
               !sluice_checkpoint_load(pipe, path, NULL, NULL, why) &&
               !sluice_saver_create(pipe, allocator, &saver, why),
           "%s", why->text);
    demand(!sluice_saver_start(saver, NULL, &path, 1, why) &&
               !sluice_saver_join(saver, NULL, why),
           "%s", why->text);
    sluice_saver_destroy(saver);
}

/* At most: what is planned, and a copy of what is saved of it, once, with a
 * piece of the file and a tensor: of 4 processes that is less than all weights.
 */
static void judge_peak(sluice_world *world, bool shares)
{
    struct sl_meter meter = {0};
    const sluice_allocator allocator = sl_meter_hooks(&meter);
    int size = sluice_world_size(world);
    sluice_model *model;
    sluice_diag why;
    char path[40]; /* other worlds have others */
    snprintf(path, sizeof path, "world_holds%d.safetensors", size);
    sluice_pipeline *pipe = make_wide(world, shares, &allocator, &model);
    size_t own = shares ? meter.live : planned_here(pipe, world);
    size_t all = 2 * LAYERS * LAYER * sizeof(float); /* with the states */
    size_t most = own + all / (size_t)size + PIECE + PIECE / 4;
    step(pipe);
    demand(meter.peak < own + all / (size_t)size, "a step: %zu of %zu",
           meter.peak, own);
    keep_weights(pipe, model, &allocator, path, shares ? 1 : size);
    keep(pipe, &allocator, path, &why);
    step(pipe);
    demand(meter.peak < most,
           "%zu bytes were held; %zu are planned, %zu at "
           "most",
           meter.peak, own, most);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
    if (sluice_world_rank(world) == 0)
        remove(path);
}

static void show_peak(sluice_world *world)
{
    judge_peak(world, false);
    judge_peak(world, true);
}

/* Every layer moves to another process.  At most: both shapes, and of what
 * moves a tensor and a message. */
static void show_reshape(sluice_world *world)
{
    enum { MESSAGE = 256 * 1024 };
    struct sl_meter meter = {0};
    const sluice_allocator allocator = sl_meter_hooks(&meter);
    sluice_pipeline_config config = wide_config(world, &allocator);
    int processes[2 * 4], size = sluice_world_size(world);
    sluice_model *model;
    sluice_diag why;
    for (int i = 0; i < 2 * size; i++)
        processes[i] = (i / 2 + 1) % size;
    config.processes = processes;
    config.n_processes = 2 * size;
    sluice_pipeline *pipe = make_wide(world, false, &allocator, &model);
    size_t own = planned_here(pipe, world), before = meter.live;
    step(pipe);
    demand(!sluice_pipeline_reshape(pipe, &config, &why), "%s", why.text);
    size_t most = before + own + LAYER * sizeof(float) + MESSAGE + PIECE / 4;
    demand(meter.peak < most, "%zu bytes were held, %zu at most", meter.peak,
           most);
    demand(meter.live < before + PIECE / 4, "%zu bytes are held, of %zu",
           meter.live, before);
    step(pipe);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

int main(int argc, char **argv)
{
    static const struct sl_test_claim claims[] = {
        {"replicas_that_share_hold_what_the_formula_says", show_zero_memory},
        {"a_process_holds_what_is_planned_for_its_devices", show_memory},
        {"no_call_makes_a_process_hold_what_is_of_others", show_peak},
        {"a_reshape_holds_both_shapes_and_a_tensor", show_reshape},
    };
    (void)argc;
    return sl_test_claims(claims, (int)(sizeof claims / sizeof *claims),
                          argv + 1);
}
