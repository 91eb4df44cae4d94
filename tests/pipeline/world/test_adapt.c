/*
 * Adapting in several processes, with no clock: process 0 judges traces of a
 * machine that the test describes, and all reshape as it says.  And trainings
 * whose callbacks reshape.
 */
#include <sluice/adapt.h>
#include <sluice/outline.h>
#include <sluice/reshape.h>
#include <sluice/simulate.h>
#include <sluice/train.h>

#include <sched.h>

#include "pipeline/pipeline.h"
#include "pipeline/world/world.h"
#include "support/allocator.h"
#include "train/adapt/together.h"

enum {
    KINDS = SLUICE_N_ACTION_KINDS,
    WIDTH = 4,
    N_LAYERS = 16,
    BATCH = 16,
    LAYER_NS = 1000000,
    BEFORE = 20,
    REACTION = 20,
    MOST = 8,
};

struct scene {
    sluice_world *world;
    int rank, size, n_devices;
    double speeds[MOST]; /* of the machine's devices */
    sluice_model *model;
    sluice_pipeline_config config;
    struct sl_test_allocator allocator;
    sluice_pipeline *pipe;
    sluice_pipeline *alone; /* in this process, and never reshaped */
    sluice_adapter *adapter;
    sluice_adaptation news;
    sluice_diag why;
};

static void begin(struct scene *is, sluice_world *world, int each,
                  const int *cpus)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.1,
                                          .momentum = 0.9};
    *is = (struct scene){.world = world};
    is->rank = sluice_world_rank(world);
    is->size = sluice_world_size(world);
    is->n_devices = each * is->size;
    for (int d = 0; d < is->n_devices; d++)
        is->speeds[d] = 1;
    demand(!sluice_model_parse("input(4); linear(4)x16", NULL, &is->model,
                               &is->why),
           "%s", is->why.text);
    is->config = (sluice_pipeline_config){
        .schedule = {.name = "1f1b",
                     .devices = is->n_devices,
                     .microbatches = 8},
        .batch = BATCH,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .trace = true,
        .pinning = SLUICE_PIN_OFF,
    };
    demand(
        !sluice_pipeline_create(&is->config, is->model, &is->alone, &is->why),
        "%s", is->why.text);
    sl_test_allocator_init(&is->allocator);
    is->config.allocator = &is->allocator.hooks;
    is->config.world = world;
    is->config.pinning = cpus ? SLUICE_PIN_LIST : SLUICE_PIN_OFF;
    is->config.pin_cpus = cpus;
    is->config.n_pin_cpus = cpus ? each : 0;
    demand(!sluice_pipeline_create(&is->config, is->model, &is->pipe, &is->why),
           "%s", is->why.text);
    const sluice_adapt_config adapt = {.model = is->model,
                                       .pipeline = &is->config};
    demand(!sluice_adapter_create(&adapt, is->pipe, &is->adapter, &is->why),
           "%s", is->why.text);
}

static void end(struct scene *is)
{
    sluice_adapter_destroy(is->adapter);
    sluice_pipeline_destroy(is->pipe);
    sluice_pipeline_destroy(is->alone);
    sluice_model_destroy(is->model);
}

/* A step of the pipeline as it is, on the machine as it is. */
static sluice_simulation *simulate(struct scene *is)
{
    static int64_t costs_ns[SLUICE_PLAN_MAX_STAGES][KINDS];
    const struct sl_blueprint *bp = &is->pipe->blueprint;
    double of[MOST];
    for (int s = 0; s < bp->grid.depth; s++)
        for (int kind = 0; kind < KINDS; kind++)
            costs_ns[s][kind] =
                bp->stage_layers[s] *
                (int64_t)(kind == SLUICE_B ? 2 * LAYER_NS : LAYER_NS);
    for (int p = 0; p < is->adapter->now.n_places; p++)
        of[p] = is->speeds[is->adapter->now.places[p]];
    const sluice_simulate_config wanted = {
        .stage_costs_ns = costs_ns[0],
        .device_speeds = of,
        .queue_capacity = bp->queue_capacity,
    };
    sluice_simulation *simulation;
    demand(!sluice_simulate(bp->schedule, &wanted, &simulation, &is->why), "%s",
           is->why.text);
    return simulation;
}

/* Process 0 alone has a trace. */
static void look(struct scene *is)
{
    sluice_simulation *simulation = is->rank ? NULL : simulate(is);
    const sluice_trace *trace =
        simulation ? sluice_simulation_trace(simulation) : NULL;
    demand(!sl_together_see(is->adapter, is->pipe, trace, &is->news, &is->why),
           "%s", is->why.text);
    sluice_simulation_destroy(simulation);
}

static void look_quietly(struct scene *is, int n)
{
    for (int i = 0; i < n; i++) {
        look(is);
        demand(is->news.what == SLUICE_ADAPT_NOTHING, "step %d: %s", i,
               is->news.text);
    }
}

static void await_news(struct scene *is, sluice_adapted what)
{
    int n = 0;
    do {
        demand(n++ < REACTION, "no news");
        look(is);
    } while (is->news.what == SLUICE_ADAPT_NOTHING);
    demand(is->news.what == what, "%d: %s", is->news.what, is->news.text);
}

/* Both make a step, and have the same parameters. */
static void step(struct scene *is)
{
    static float x[BATCH * WIDTH], y[BATCH * WIDTH];
    float ours[WIDTH * WIDTH], theirs[WIDTH * WIDTH];
    sluice_parameter at = {.name = ""};
    for (int i = 0; i < BATCH * WIDTH; i++) {
        x[i] = (float)(i % 7) / 7;
        y[i] = (float)(i % 5) / 5;
    }
    demand(!sluice_pipeline_step(is->pipe, x, y, BATCH, NULL, &is->why) &&
               !sluice_pipeline_step(is->alone, x, y, BATCH, NULL, &is->why),
           "%s", is->why.text);
    while (sluice_model_next_parameter(is->model, &at)) {
        demand(!sluice_pipeline_get_parameter(is->pipe, at.name, ours, at.n,
                                              &is->why) &&
                   !sluice_pipeline_get_parameter(is->alone, at.name, theirs,
                                                  at.n, &is->why),
               "%s", is->why.text);
        demand(!memcmp(ours, theirs, (size_t)at.n * sizeof *ours), "%s differs",
               at.name);
    }
}

static int first_layers(const struct scene *is)
{
    return is->pipe->blueprint.stage_layers[0];
}

/* The last process's device is slow, and recovers. */
static void show_slow_devices(sluice_world *world)
{
    struct scene is;
    begin(&is, world, 1, NULL);
    int last = is.n_devices - 1, before = first_layers(&is);
    look_quietly(&is, BEFORE);
    step(&is);
    is.speeds[last] = 0.5;
    await_news(&is, SLUICE_ADAPT_RESHAPED);
    demand(is.news.device == last && first_layers(&is) > before, "%s",
           is.news.text);
    step(&is);
    await_news(&is, SLUICE_ADAPT_MEASURED);
    is.speeds[last] = 1;
    await_news(&is, SLUICE_ADAPT_RESHAPED);
    demand(first_layers(&is) == before, "%s", is.news.text);
    step(&is);
    demand(sluice_pipeline_n_reshapes(is.pipe) == 2, "%s", is.news.text);
    end(&is);
}

/* The best plan would do without both devices of the last process. */
static void show_least(sluice_world *world)
{
    struct scene is;
    begin(&is, world, 2, NULL);
    look_quietly(&is, BEFORE);
    is.speeds[is.n_devices - 2] = is.speeds[is.n_devices - 1] = 0.02;
    await_news(&is, SLUICE_ADAPT_RESHAPED);
    demand(sluice_pipeline_n_devices(is.pipe) == is.n_devices - 1, "%s",
           is.news.text);
    step(&is);
    end(&is);
}

/* The last process has no memory for the new shape. */
static void show_refusal(sluice_world *world)
{
    struct scene is;
    begin(&is, world, 1, NULL);
    look_quietly(&is, BEFORE);
    is.speeds[0] = 0.5;
    if (is.rank == is.size - 1)
        sl_test_allocator_arm(&is.allocator, 1, true);
    await_news(&is, SLUICE_ADAPT_REFUSED);
    sl_test_allocator_arm(&is.allocator, 0, false);
    demand(strstr(is.news.text, "out of memory"), "%s", is.news.text);
    demand(sluice_pipeline_n_reshapes(is.pipe) == 0, "it was reshaped");
    step(&is);
    is.speeds[0] = 0.4; /* it is looked at again when it changes */
    await_news(&is, SLUICE_ADAPT_RESHAPED);
    step(&is);
    end(&is);
}

/* The first two CPUs of this thread; false: it has one. */
static bool find_cpus(cpu_set_t *set, int cpus[2])
{
    int n = 0;
    if (sched_getaffinity(0, sizeof *set, set))
        return false;
    for (int i = 0; i < CPU_SETSIZE && n < 2; i++)
        if (CPU_ISSET(i, set))
            cpus[n++] = i;
    return n == 2;
}

/* The last process has lost one, and is given it back. */
static void show_lost_core(sluice_world *world)
{
    struct scene is;
    cpu_set_t all, one;
    int cpus[2];
    if (!find_cpus(&all, cpus))
        return;
    begin(&is, world, 2, cpus);
    bool is_last = is.rank == is.size - 1;
    look_quietly(&is, BEFORE);
    CPU_ZERO(&one);
    CPU_SET(cpus[0], &one);
    demand(!is_last || !sched_setaffinity(0, sizeof one, &one), "affinity");
    await_news(&is, SLUICE_ADAPT_RESHAPED);
    demand(is.news.device == -1 &&
               sluice_pipeline_n_devices(is.pipe) == is.n_devices - 1,
           "%s", is.news.text);
    step(&is);
    await_news(&is, SLUICE_ADAPT_MEASURED);
    demand(!is_last || !sched_setaffinity(0, sizeof all, &all), "affinity");
    await_news(&is, SLUICE_ADAPT_RESHAPED);
    demand(sluice_pipeline_n_devices(is.pipe) == is.n_devices, "%s",
           is.news.text);
    step(&is);
    end(&is);
}

/* What one process refuses when an adapter is created. */
static void show_creation(sluice_world *world)
{
    struct scene is;
    sluice_adapter *adapter;
    begin(&is, world, 1, NULL);
    const sluice_adapt_config adapt = {
        .model = is.model,
        .pipeline = &is.config,
        .margin = is.rank == is.size - 1 ? -1 : 0,
    };
    demand(sluice_adapter_create(&adapt, is.pipe, &adapter, &is.why) ==
                   SLUICE_INVALID &&
               strstr(is.why.text, "a margin of -1") &&
               is.why.process == is.size - 1,
           "%s", is.why.text);
    step(&is);
    end(&is);
}

/* A real trace of all devices: nothing is known to come of it. */
static void show_steps(sluice_world *world)
{
    struct scene is;
    begin(&is, world, 1, NULL);
    for (int i = 0; i < BEFORE; i++) {
        step(&is);
        demand(!sluice_adapter_step(is.adapter, is.pipe, &is.news, &is.why),
               "%s", is.why.text);
    }
    end(&is);
}

/* Reshapes after each step: the first device changes its process. */
static bool turn(void *context, const sluice_progress *progress)
{
    struct scene *is = context;
    sluice_pipeline_config config = is->config;
    int processes[MOST];
    for (int i = 0; i < is->n_devices; i++)
        processes[i] = (i + (int)progress->step) % is->size;
    config.processes = processes;
    config.n_processes = is->n_devices;
    demand(!sluice_pipeline_reshape(is->pipe, &config, &is->why), "%s",
           is->why.text);
    return true;
}

static sluice_dataset *make_rows(struct scene *is)
{
    enum { ROWS = 3 * BATCH };
    sluice_array x, y;
    sluice_dataset *data;
    const sluice_shape shape = {.n_dims = 2, .dims = {ROWS, WIDTH}};
    demand(!sluice_array_init(&x, SLUICE_F32, &shape, NULL, &is->why) &&
               !sluice_array_init(&y, SLUICE_F32, &shape, NULL, &is->why),
           "%s", is->why.text);
    for (int i = 0; i < ROWS * WIDTH; i++) {
        ((float *)x.data)[i] = (float)(i % 11) / 11;
        ((float *)y.data)[i] = (float)(i % 3) / 3;
    }
    demand(!sluice_dataset_create(NULL, &x, &y, &data, &is->why), "%s",
           is->why.text);
    return data;
}

static void show_training(sluice_world *world)
{
    struct scene is;
    begin(&is, world, 1, NULL);
    sluice_dataset *data = make_rows(&is);
    sluice_train_config train = {
        .epochs = 2, .batch = BATCH, .train = data, .test = data};
    demand(!sluice_train(is.alone, &train, NULL, &is.why), "%s", is.why.text);
    train.on_progress = turn;
    train.context = &is;
    demand(!sluice_train(is.pipe, &train, NULL, &is.why), "%s", is.why.text);
    demand(sluice_pipeline_n_reshapes(is.pipe) == 8, "not reshaped");
    step(&is);
    /* Rows that a process has left out are missed by all. */
    bool x, targets;
    sluice_pipeline_reads(is.pipe, &x, &targets);
    sluice_dataset_leave_out(data, !x, !targets);
    demand(sluice_train(is.pipe, &train, NULL, &is.why) == SLUICE_INVALID &&
               strstr(is.why.text, "which this process reads"),
           "%s", is.why.text);
    sluice_dataset_destroy(data);
    end(&is);
}

int main(int argc, char **argv)
{
    static const struct sl_test_claim claims[] = {
        {"a_slow_device_of_another_process_is_relieved", show_slow_devices},
        {"a_process_keeps_a_device", show_least},
        {"a_shape_that_one_process_refuses_is_told_of", show_refusal},
        {"a_core_that_another_process_has_lost_is_left", show_lost_core},
        {"what_one_process_refuses_no_process_adapts_to", show_creation},
        {"real_steps_can_be_looked_at", show_steps},
        {"a_training_follows_the_shape", show_training},
    };
    (void)argc;
    return sl_test_claims(claims, (int)(sizeof claims / sizeof *claims),
                          argv + 1);
}
