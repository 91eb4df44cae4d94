/*
 * Devices in several processes: every process sees the reference's losses,
 * parameters, gradients, figures of an evaluation, and outputs, to the bit.
 */
#include "pipeline/world/world.h"
#include "support/judged_pair.h"
#include "support/meter.h"
#include "support/version_programs.h"

enum { LAYERS = 9, BATCH = 16, MICROBATCHES = 8 };

/* Steps of whole and partial mini-batches, and what comes between. */
static void judge(struct sl_test_pair *pair, const char *what)
{
    static const int rows[] = {BATCH, 7, BATCH};
    long wrong = 0;
    for (int s = 0; s < 3; s++)
        wrong += sl_test_step(pair, 2 * s, rows[s]);
    wrong += sl_test_evaluate(pair, 1, 2 * BATCH + 3);
    wrong += sl_test_infer(pair, 0, BATCH + 2);
    demand(!wrong, "%s: %ld values differ; %s", what, wrong, pair->text);
}

static void judge_config(const struct sl_test_problem *problem,
                         const sluice_pipeline_config *config, const char *what)
{
    struct sl_test_pair pair;
    demand(!sl_test_pair_init(&pair, problem, config), "%s: %s", what,
           pair.why.text);
    judge(&pair, what);
    sl_test_pair_fini(&pair);
}

static void make_for(struct sl_test_problem *problem, enum sl_test_kind kind,
                     int batch)
{
    *problem = (struct sl_test_problem){0};
    demand(!sl_test_problem_init(problem, kind, LAYERS, batch, NULL),
           "no memory");
    problem->config.uneven = true;
}

static void make(struct sl_test_problem *problem, enum sl_test_kind kind)
{
    make_for(problem, kind, BATCH);
}

static void show_microbatches(sluice_world *world)
{
    struct sl_test_problem problem;
    make(&problem, SL_TEST_RELU);
    sluice_pipeline_config config = problem.config;
    config.world = world;
    config.schedule.devices = sluice_world_size(world);
    for (int m = 1; m <= 5; m++) {
        config.schedule.microbatches = m;
        judge_config(&problem, &config, "gpipe");
    }
    sl_test_problem_fini(&problem);
}

/* Slots of more than 8 KiB are no parcels. */
static void show_long_items(sluice_world *world)
{
    struct sl_test_problem problem;
    make_for(&problem, SL_TEST_SKIPS, 4096);
    sluice_pipeline_config config = problem.config;
    config.world = world;
    config.schedule.devices = sluice_world_size(world);
    config.schedule.microbatches = 6;
    judge_config(&problem, &config, "long items, gpipe");
    config.schedule.name = "1f1b";
    config.schedule.backward_order = SLUICE_IN_ORDER;
    judge_config(&problem, &config, "long items, 1f1b");
    sl_test_problem_fini(&problem);
}

static void judge_schedule(const struct sl_test_problem *problem,
                           sluice_world *world, const char *name,
                           const sluice_schedule *schedule)
{
    struct sl_test_pair pair;
    sluice_pipeline_config config = problem->config;
    config.world = world;
    config.custom = schedule;
    config.schedule.backward_order = SLUICE_IN_ORDER;
    if (!sl_test_is_asynchronous(name))
        demand(!sluice_reference_order(schedule,
                                       &config.schedule.backward_order, NULL),
               "%s", name);
    config.schedule.microbatches = MICROBATCHES;
    demand(!sl_test_pair_init(&pair, problem, &config), "%s: %s", name,
           pair.why.text);
    sl_test_halves(&pair, sluice_schedule_n_copies(schedule), MICROBATCHES);
    if (sl_test_is_asynchronous(name))
        demand(!sl_test_versions(&pair, name, MICROBATCHES, false, 0), "%s: %s",
               name, pair.why.text);
    judge(&pair, name);
    sl_test_pair_fini(&pair);
}

static void show_schedules(sluice_world *world)
{
    struct sl_test_problem problem;
    make(&problem, SL_TEST_RELU);
    int n = 0;
    for (int i = 0; sluice_schedule_generator(i); i++) {
        const char *name = sluice_schedule_generator(i);
        sluice_schedule *schedule =
            sl_test_runnable(name, sluice_world_size(world), MICROBATCHES, 2);
        if (!schedule)
            continue;
        if (sluice_reference_exists(schedule, false)) {
            judge_schedule(&problem, world, name, schedule);
            n++;
        }
        sluice_schedule_destroy(schedule);
    }
    demand(n >= 12, "only %d schedules", n);
    sl_test_problem_fini(&problem);
}

/* Two devices and more in each process, neighbours or not. */
static void show_placements(sluice_world *world)
{
    static const enum sl_test_kind kinds[] = {SL_TEST_DROPOUT, SL_TEST_GPT,
                                              SL_TEST_SKIPS, SL_TEST_TIED};
    int size = sluice_world_size(world);
    int processes[2 * 4];
    for (int k = 0; k < 4; k++) {
        struct sl_test_problem problem;
        make(&problem, kinds[k]);
        sluice_pipeline_config config = problem.config;
        config.world = world;
        config.schedule.name = k % 2 ? "1f1b" : "gpipe";
        config.schedule.backward_order = k % 2 ? SLUICE_IN_ORDER : 0;
        config.schedule.devices = 2 * size <= LAYERS ? 2 * size : size;
        config.schedule.microbatches = 4;
        config.remat = (sluice_remat)(k % 3);
        config.trace = k % 2;
        judge_config(&problem, &config, "in runs");
        config.n_processes = config.schedule.devices;
        config.processes = processes;
        for (int d = 0; d < config.n_processes; d++)
            processes[d] = (d + 1) % size;
        judge_config(&problem, &config, "in turn");
        sl_test_problem_fini(&problem);
    }
}

/* Gradients are added up within a process, and between processes. */
static void show_replicas(sluice_world *world)
{
    static const enum sl_test_kind kinds[] = {SL_TEST_RELU, SL_TEST_SKIPS,
                                              SL_TEST_TIED};
    int size = sluice_world_size(world);
    int processes[4 * 3];
    for (int k = 0; k < 3; k++)
        for (int replicas = 2; replicas <= 3; replicas++) {
            struct sl_test_problem problem;
            make(&problem, kinds[k]);
            sluice_pipeline_config config = problem.config;
            config.world = world;
            config.replicas = replicas;
            config.schedule.devices = 2;
            config.schedule.microbatches = 3;
            config.n_processes = 2 * replicas;
            if (config.n_processes >= size)
                judge_config(&problem, &config, "replicas in runs");
            config.processes = processes;
            for (int d = 0; d < config.n_processes; d++)
                processes[d] = d % size;
            if (config.n_processes >= size)
                judge_config(&problem, &config, "replicas in turn");
            sl_test_problem_fini(&problem);
        }
}

/* Each replica's device holds and updates its part, in whichever process. */
static void show_zero(sluice_world *world)
{
    static const enum sl_test_kind kinds[] = {SL_TEST_RELU, SL_TEST_NORM,
                                              SL_TEST_TIED};
    static const char *const optimizers[] = {
        "adamw:lr=0.01", "sgd:lr=0.05,momentum=0.9,clip=0.05",
        "rmsprop:lr=0.01,momentum=0.5,centered"};
    int size = sluice_world_size(world);
    int processes[4 * 2];
    for (int n = 0; n < 6; n++) {
        struct sl_test_problem problem;
        sluice_optimizer_choice choice;
        int zero = 1 + n / 3;
        make(&problem, kinds[zero == 1 ? n % 3 : n % 2]);
        demand(!sluice_optimizer_parse(optimizers[n % 3], &choice, NULL),
               "no optimizer");
        sluice_pipeline_config config = problem.config;
        config.world = world;
        config.zero = zero;
        config.optimizer = choice.ops;
        config.optimizer_config = &choice.config;
        config.replicas = 2 + n % 3;
        config.schedule.name = zero == 1 ? "gpipe" : "looped-bfs";
        config.schedule.chunks = zero == 1 ? 0 : 2;
        config.schedule.devices = 2;
        config.schedule.microbatches = 2;
        config.n_processes = 2 * config.replicas;
        judge_config(&problem, &config, "ZeRO in runs");
        config.processes = processes;
        for (int d = 0; d < config.n_processes; d++)
            processes[d] = d % size;
        judge_config(&problem, &config, "ZeRO in turn");
        sl_test_problem_fini(&problem);
    }
}

static sluice_pipeline *make_wide(sluice_world *world,
                                  const sluice_allocator *allocator,
                                  sluice_model **model)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.1,
                                          .momentum = 0.9};
    sluice_diag why;
    const sluice_pipeline_config config = {
        .schedule = {.devices = 2 * sluice_world_size(world),
                     .microbatches = 2},
        .batch = BATCH,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .allocator = allocator,
        .world = world,
    };
    sluice_pipeline *pipe;
    demand(!sluice_model_parse("128-128x16", NULL, model, &why), "%s",
           why.text);
    demand(!sluice_pipeline_create(&config, *model, &pipe, &why), "%s",
           why.text);
    return pipe;
}

/* To the byte: the arenas of its devices; and beside them less than the
 * parameters of one device. */
static void show_memory(sluice_world *world)
{
    struct sl_meter meter = {0};
    const sluice_allocator allocator = sl_meter_hooks(&meter);
    sluice_model *model;
    sluice_pipeline *pipe = make_wide(world, &allocator, &model);
    size_t own = 0, others = 0, parameters = 0;
    for (int d = 0; d < 2 * sluice_world_size(world); d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        demand(info.actual_bytes == info.planned.total,
               "device %d has %zu bytes, planned %zu", d, info.actual_bytes,
               info.planned.total);
        *(d / 2 == sluice_world_rank(world) ? &own : &others) +=
            info.planned.total;
        parameters = info.planned.parameters;
    }
    demand(own > 0 && others > 0, "a process has no device");
    demand(meter.live >= own && meter.live < own + parameters,
           "%zu bytes are held; %zu are planned", meter.live, own);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

int main(int argc, char **argv)
{
    static const struct sl_test_claim claims[] = {
        {"any_number_of_microbatches_equals_the_reference", show_microbatches},
        {"every_schedule_equals_the_reference", show_schedules},
        {"long_items_equal_the_reference", show_long_items},
        {"wherever_devices_are_they_equal_the_reference", show_placements},
        {"replicas_equal_the_reference", show_replicas},
        {"replicas_that_share_equal_the_reference", show_zero},
        {"a_process_holds_what_is_planned_for_its_devices", show_memory},
    };
    (void)argc;
    return sl_test_claims(claims, (int)(sizeof claims / sizeof *claims),
                          argv + 1);
}
