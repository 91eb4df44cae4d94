/*
 * What fails in one process fails in all: the same sentence with the same
 * coordinates, nothing changed, and the next step is as if nothing had been.
 */
#include <stdatomic.h>
#include <unistd.h>

#include <sluice/checkpoint.h>

#include "pipeline/world/world.h"
#include "support/allocator.h"
#include "support/judged_pair.h"
#include "support/faults/wary_sgd.h"

enum { LAYERS = 4, BATCH = 8, MICROBATCHES = 4 };
enum { LONG_BATCH = 1024 * MICROBATCHES }; /* items of more than 8 KiB */

/* What a layer's pass does to the step. */
struct fault {
    enum sl_test_pass pass;
    int layer;
    int64_t first_row;
    atomic_bool armed;
    bool poisons;             /* it leaves a gradient that no update can use */
    sluice_pipeline *cancels; /* NULL: the pass fails */
};

static sluice_status act(void *context, const struct sl_test_cell *cell)
{
    struct fault *fault = context;
    if (!atomic_load(&fault->armed) || cell->pass != fault->pass ||
        cell->layer != fault->layer || cell->first_row != fault->first_row)
        return SLUICE_OK;
    if (fault->poisons) {
        cell->gradient[0] = 1e35F;
        return SLUICE_OK;
    }
    if (!fault->cancels)
        return sluice_diag_set(cell->why, SLUICE_IO, "it broke");
    sluice_pipeline_cancel(fault->cancels);
    return SLUICE_OK;
}

struct setting {
    struct fault fault;
    struct sl_test_problem problem;
    sluice_optimizer_ops optimizer;
    sluice_pipeline_config config;
    struct sl_test_pair pair;
};

/* Four stages of a pipeline. */
struct shape {
    const char *schedule;
    int chunks; /* stages of a device */
    int replicas;
    int zero;
    int batch;
};

static void begin_as(struct setting *is, sluice_world *world,
                     const struct shape *shape)
{
    *is = (struct setting){.problem.probe = {act, &is->fault}};
    demand(!sl_test_problem_init(&is->problem, SL_TEST_PROBE, LAYERS,
                                 shape->batch, NULL),
           "no memory");
    is->optimizer = sl_test_wary_sgd();
    is->config = is->problem.config;
    is->config.optimizer = &is->optimizer;
    is->config.world = world;
    is->config.replicas = shape->replicas;
    is->config.zero = shape->zero;
    is->config.schedule.name = shape->schedule;
    if (!strcmp(shape->schedule, "1f1b"))
        is->config.schedule.backward_order = SLUICE_IN_ORDER;
    is->config.schedule.devices = 4 / shape->chunks;
    is->config.schedule.chunks = shape->chunks > 1 ? shape->chunks : 0;
    is->config.schedule.microbatches = MICROBATCHES;
    demand(!sl_test_pair_init(&is->pair, &is->problem, &is->config), "%s",
           is->pair.why.text);
}

static void begin(struct setting *is, sluice_world *world, const char *schedule,
                  int replicas)
{
    const struct shape shape = {schedule, 1, replicas, 0, BATCH};
    begin_as(is, world, &shape);
}

static void end(struct setting *is)
{
    sl_test_pair_fini(&is->pair);
    sl_test_problem_fini(&is->problem);
}

static sluice_status step(struct setting *is, sluice_diag *why)
{
    atomic_store(&is->fault.armed, true);
    sluice_status st = sluice_pipeline_step(
        is->pair.pipe, sl_test_x(&is->problem, 0),
        sl_test_targets(&is->problem, 0), is->config.batch, NULL, why);
    atomic_store(&is->fault.armed, false);
    return st;
}

static void go_on(struct setting *is)
{
    long wrong = sl_test_parameters(&is->pair);
    wrong += sl_test_step(&is->pair, 1, is->config.batch);
    demand(!wrong, "%ld values differ; %s", wrong, is->pair.text);
}

static void show_errors(sluice_world *world)
{
    static const enum sl_test_pass passes[] = {SL_TEST_FORWARD, SL_TEST_INPUT,
                                               SL_TEST_WEIGHT};
    int size = sluice_world_size(world);
    for (int i = 0; i < 3; i++)
        for (int layer = 0; layer < LAYERS; layer++) {
            struct setting is;
            sluice_diag why;
            int replicas = 1 + layer % 2;
            int zero = i % 2 ? 1 : 2 + layer / 2; /* what the schedule can */
            const struct shape shape = {i % 2 ? "1f1b" : "gpipe", 1, replicas,
                                        replicas > 1 ? zero : 0, BATCH};
            begin_as(&is, world, &shape);
            int rows = BATCH / replicas / MICROBATCHES;
            is.fault.pass = passes[i];
            is.fault.layer = layer;
            for (int m = 0; m < MICROBATCHES; m++) {
                is.fault.first_row = m * rows;
                if (passes[i] == SL_TEST_INPUT && layer == 0)
                    continue; /* it has none */
                demand(step(&is, &why) == SLUICE_IO, "pass %d, layer %d", i,
                       layer);
                demand(why.device == layer && why.stage == layer &&
                           why.microbatch == m && why.action[0] &&
                           why.process == layer * size / (4 * replicas) &&
                           !strcmp(why.text, "it broke"),
                       "process %d, device %d, stage %d, %s: %s", why.process,
                       why.device, why.stage, why.action, why.text);
                go_on(&is);
            }
            end(&is);
        }
}

/* A step fails there, in all processes. */
static void fail_step(struct setting *is, sluice_status expected, int device,
                      const char *text)
{
    sluice_diag why;
    int n_devices = is->config.replicas * is->config.schedule.devices;
    int size = sluice_world_size(is->config.world);
    int layer = is->fault.layer;
    sluice_status st = step(is, &why);
    demand(st == expected && why.device == device && why.stage == layer &&
               why.process == device * size / n_devices &&
               strstr(why.text, text),
           "zero %d, layer %d: process %d, device %d, stage %d, %s: %s",
           is->config.zero, layer, why.process, why.device, why.stage,
           why.action, why.text);
    go_on(is);
}

/* Devices of two stages each, of which the others wait where gradients are
 * added up or, in stage 3, parameters are brought.  A stage has
 * one line of parameters, which is the last holder's: it checks the sums. */
static void show_sharing_errors(sluice_world *world)
{
    static const enum sl_test_pass passes[] = {SL_TEST_FORWARD, SL_TEST_INPUT,
                                               SL_TEST_WEIGHT};
    enum { R = 2 };
    for (int zero = 2; zero <= 3; zero++) {
        struct setting is;
        const struct shape shape = {"looped-bfs", 2, R, zero, BATCH};
        begin_as(&is, world, &shape);
        for (int n = 0; n < 3 * LAYERS * R; n++) {
            int replica = n % R, layer = n / R % LAYERS;
            is.fault.pass = passes[n / R / LAYERS];
            is.fault.layer = layer;
            is.fault.first_row = replica * BATCH / R + n % MICROBATCHES;
            if (is.fault.pass != SL_TEST_INPUT || layer > 0)
                fail_step(&is, SLUICE_IO, 2 * replica + layer % 2, "it broke");
        }
        is.fault.pass = SL_TEST_WEIGHT;
        is.fault.poisons = true;
        for (int n = 0; n < LAYERS * R; n++) {
            is.fault.layer = n % LAYERS;
            is.fault.first_row = n / LAYERS * BATCH / R;
            fail_step(&is, SLUICE_LAYER, 2 * (R - 1) + n % 2, "too large");
        }
        end(&is);
    }
}

/* Each micro-batch of a layer fails, while others are on their way. */
static void break_long(sluice_world *world, const char *schedule,
                       enum sl_test_pass pass, int layer)
{
    struct setting is;
    const struct shape shape = {schedule, 1, 1, 0, LONG_BATCH};
    begin_as(&is, world, &shape);
    is.fault.pass = pass;
    is.fault.layer = layer;
    for (int m = 0; m < MICROBATCHES; m++) {
        sluice_diag why;
        is.fault.first_row = m * (LONG_BATCH / MICROBATCHES);
        demand(step(&is, &why) == SLUICE_IO && why.device == layer &&
                   why.microbatch == m,
               "%s, pass %d, layer %d, micro-batch %d: %s", schedule, pass,
               layer, m, why.text);
        go_on(&is);
    }
    end(&is);
}

static void show_long_items(sluice_world *world)
{
    for (int layer = 0; layer < LAYERS; layer++) {
        break_long(world, "gpipe", SL_TEST_FORWARD, layer);
        break_long(world, "1f1b", SL_TEST_WEIGHT, layer);
    }
    break_long(NULL, "gpipe", SL_TEST_FORWARD, 2);
    break_long(NULL, "1f1b", SL_TEST_WEIGHT, 1);
}

static void show_cancel(sluice_world *world)
{
    struct setting is;
    begin(&is, world, "1f1b", 1);
    for (int layer = 0; layer < LAYERS; layer++) {
        sluice_diag why;
        is.fault.pass = SL_TEST_FORWARD;
        is.fault.layer = layer;
        is.fault.first_row = BATCH / 2;
        is.fault.cancels = is.pair.pipe;
        demand(step(&is, &why) == SLUICE_CANCELLED, "layer %d: %s", layer,
               why.text);
        go_on(&is);
    }
    end(&is);
}

static void begin_config(struct sl_test_problem *problem, sluice_world *world,
                         sluice_pipeline_config *config)
{
    *problem = (struct sl_test_problem){0};
    demand(!sl_test_problem_init(problem, SL_TEST_RELU, LAYERS, BATCH, NULL),
           "no memory");
    *config = problem->config;
    config->world = world;
    config->schedule.devices = 4;
    config->schedule.microbatches = MICROBATCHES;
}

static void refuse(const struct sl_test_problem *problem,
                   const sluice_pipeline_config *config, sluice_status status,
                   const char *text)
{
    sluice_pipeline *pipe;
    sluice_diag why;
    sluice_status st =
        sluice_pipeline_create(config, problem->model, &pipe, &why);
    demand(st == status && strstr(why.text, text), "%s instead of %s", why.text,
           text);
}

/* A config that one process alone cannot have, whether it asks why or not. */
static void show_creation(sluice_world *world)
{
    struct sl_test_problem problem;
    sluice_pipeline_config config;
    sluice_pipeline *pipe;
    int last = sluice_world_size(world) - 1;
    begin_config(&problem, world, &config);
    if (sluice_world_rank(world) == last)
        config.device_cap_bytes = 1;
    refuse(&problem, &config, SLUICE_OVER_CAP, "but its cap is 1");
    if (sluice_world_rank(world) == last)
        demand(sluice_pipeline_create(&config, problem.model, &pipe, NULL) ==
                   SLUICE_OVER_CAP,
               "it was created");
    else
        refuse(&problem, &config, SLUICE_OVER_CAP, "could not go on");
    sl_test_problem_fini(&problem);
}

/* Some allocation of the last process fails, of all that there are. */
static void show_memory(sluice_world *world)
{
    enum { STRIDE = 7 };
    struct sl_test_problem problem;
    sluice_pipeline_config config;
    struct sl_test_allocator allocator;
    bool last = sluice_world_rank(world) == sluice_world_size(world) - 1;
    sluice_status st = SLUICE_NO_MEMORY;
    long at = 1;
    begin_config(&problem, world, &config);
    sl_test_allocator_init(&allocator);
    config.allocator = &allocator.hooks;
    config.schedule.devices = config.replicas = 2;
    config.zero = 3;
    for (; st; at += STRIDE) {
        sluice_pipeline *pipe;
        sluice_diag why;
        sl_test_allocator_arm(&allocator, last ? at : 0, at % 2);
        st = sluice_pipeline_create(&config, problem.model, &pipe, &why);
        demand(!st || st == SLUICE_NO_MEMORY, "allocation %ld: %s", at,
               why.text);
        demand(!last || !st == !sl_test_allocator_failed(&allocator),
               "allocation %ld: status %d", at, st);
        sluice_pipeline_destroy(st ? NULL : pipe);
        demand(!allocator.n_live && !allocator.n_wrong,
               "allocation %ld: %ld blocks are left", at,
               (long)allocator.n_live);
    }
    demand(at > 10 * STRIDE, "%ld allocations", at);
    sl_test_problem_fini(&problem);
}

static void show_lists(sluice_world *world)
{
    struct sl_test_problem problem;
    sluice_pipeline_config config;
    int size = sluice_world_size(world);
    const int beyond[] = {0, 1, size, 0}, unused[] = {0, 0, 0, 0};
    begin_config(&problem, world, &config);
    config.processes = beyond;
    config.n_processes = 4;
    refuse(&problem, &config, SLUICE_INVALID, "device 2 is to run in process");
    config.processes = unused;
    refuse(&problem, &config, SLUICE_INVALID, "has no device; give it one");
    config.n_processes = 3;
    refuse(&problem, &config, SLUICE_INVALID, "list the process of each");
    config.processes = NULL;
    config.schedule.devices = 1;
    refuse(&problem, &config, SLUICE_INVALID, "each runs at least one");
    sl_test_problem_fini(&problem);
}

/* Before there is memory for it. */
static void show_length(sluice_world *world)
{
    struct sl_test_problem problem;
    sluice_pipeline_config config;
    begin_config(&problem, world, &config);
    sluice_model_destroy(problem.model);
    demand(!sluice_model_parse("32768-32768", NULL, &problem.model, NULL),
           "no model");
    config.schedule.devices = 1;
    config.replicas = sluice_world_size(world);
    if (config.replicas == 2)
        refuse(&problem, &config, SLUICE_INVALID, "too long for a message");
    sl_test_problem_fini(&problem);
}

/* Only process 0 opens the file; all learn why it cannot. */
static void show_saving(sluice_world *world)
{
    struct setting is;
    sluice_diag why;
    begin(&is, world, "gpipe", 1);
    sluice_status st = sluice_pipeline_save_weights(
        is.pair.pipe, "nowhere/weights.safetensors", &why);
    demand(st == SLUICE_IO && why.process == 0 && strstr(why.text, "nowhere"),
           "%s", why.text);
    st = sluice_checkpoint_load(is.pair.pipe, "nowhere/weights.safetensors",
                                NULL, NULL, &why);
    demand(st == SLUICE_IO, "%s", why.text);
    st =
        sluice_pipeline_save_model_as(is.pair.pipe, NULL, SLUICE_LAYOUT_PYTORCH,
                                      "nowhere/weights.safetensors", &why);
    demand(st == SLUICE_IO && why.process == 0 && strstr(why.text, "nowhere"),
           "%s", why.text);
    go_on(&is);
    end(&is);
}

/* The last process goes; the others are told so instead of waiting, also if one
 * of them fails at that moment. */
static void leave(sluice_world *world, bool breaks)
{
    struct setting is;
    sluice_diag why;
    int last = sluice_world_size(world) - 1;
    begin(&is, world, "gpipe", 1);
    is.fault.layer = breaks ? 0 : LAYERS;
    sluice_status st = SLUICE_CLOSED;
    if (sluice_world_rank(world) != last) {
        st = step(&is, &why);
        bool left = st == SLUICE_CLOSED && why.process == last &&
                    strstr(why.text, "has left: it has ended its pipeline");
        demand(left || (breaks && st == SLUICE_IO), "process %d: %s",
               why.process, why.text);
    }
    end(&is);
    sluice_status first = st;
    demand(!sluice_world_share(world, 0, &first, sizeof first, &why), "%s",
           why.text);
    demand(st == first || sluice_world_rank(world) == last,
           "status %d, and in process 0 %d", st, first);
}

static void show_leaving(sluice_world *world)
{
    for (int i = 0; i < 24; i++)
        leave(world, i % 4 > 0);
    show_cancel(world); /* and the world goes on */
}

int main(int argc, char **argv)
{
    static const struct sl_test_claim claims[] = {
        {"an_error_in_one_process_ends_the_step_in_all", show_errors},
        {"an_error_in_one_replica_that_shares_ends_the_step_in_all",
         show_sharing_errors},
        {"long_items_under_way_are_dropped", show_long_items},
        {"a_cancellation_in_one_process_ends_the_step_in_all", show_cancel},
        {"a_creation_that_fails_in_one_process_fails_in_all", show_creation},
        {"an_allocation_that_fails_in_one_process_fails_in_all", show_memory},
        {"a_list_that_cannot_be_is_refused_in_all", show_lists},
        {"a_chunk_that_is_too_long_is_refused", show_length},
        {"a_file_that_cannot_be_is_told_to_all", show_saving},
        {"a_process_that_leaves_is_named", show_leaving},
    };
    (void)argc;
    return sl_test_claims(claims, (int)(sizeof claims / sizeof *claims),
                          argv + 1);
}
