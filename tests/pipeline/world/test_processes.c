/*
 * Devices in several processes: every process sees the reference's losses,
 * parameters, gradients, figures of an evaluation, and outputs, to the bit.
 */
#include <sluice/gemm.h>
#include <sluice/schedule_passes.h>
#include <sluice/schedule_text.h>

#include "pipeline/world/world.h"
#include "support/judged_pair.h"
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

/* Each replica's device holds and updates its part, in whichever process; in
 * stage 3 it has the whole parameters of 3 stages at most. */
static void show_zero(sluice_world *world)
{
    static const enum sl_test_kind kinds[] = {SL_TEST_RELU, SL_TEST_NORM,
                                              SL_TEST_TIED};
    static const char *const optimizers[] = {
        "adamw:lr=0.01", "sgd:lr=0.05,momentum=0.9,clip=0.05",
        "rmsprop:lr=0.01,momentum=0.5,centered"};
    int size = sluice_world_size(world);
    int processes[4 * 2];
    for (int n = 0; n < 9; n++) {
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
        config.gather_weights = n == 5 || n == 8 ? 2 : 0;
        if (n % 2 && sluice_gemm_is_built("packed"))
            config.gemm = "packed";
        config.n_processes = 2 * config.replicas;
        judge_config(&problem, &config, "ZeRO in runs");
        config.processes = processes;
        for (int d = 0; d < config.n_processes; d++)
            processes[d] = d % size;
        judge_config(&problem, &config, "ZeRO in turn");
        sl_test_problem_fini(&problem);
    }
}

/* What a batch_norm measures: in stage 3 each device keeps a chunk of it, too.
 */
static void show_statistics(sluice_world *world)
{
    static const char *const models[] = {
        "input(6); reshape(2, height=1, width=3); batch_norm; upsample; "
        "conv2d(3, padding=1, no-bias); batch_norm; activate(relu); "
        "residual{conv2d(3, padding=1, no-bias); batch_norm}; "
        "global_average_pool; batch_norm; linear(5)",
        "input(6); reshape(2, height=1, width=3); batch_norm; flatten; "
        "linear(16); linear(16); linear(5)"}; /* of a holder */
    static const char *const optimizers[] = {
        "adamw:lr=0.01,weight-decay=0.1,decay-all", "sgd:lr=0.05,clip=0.05"};
    int size = sluice_world_size(world);
    int processes[3 * 2];
    for (int n = 0; n < 8; n++) {
        struct sl_test_problem problem;
        sluice_optimizer_choice choice;
        make(&problem, SL_TEST_RELU);
        sluice_model_destroy(problem.model);
        demand(!sluice_model_parse(models[n % 4 == 3], NULL, &problem.model,
                                   NULL) &&
                   !sluice_optimizer_parse(optimizers[n % 2], &choice, NULL),
               "no model or optimizer");
        sluice_pipeline_config config = problem.config;
        config.world = world;
        config.zero = 3 - n / 6;
        config.optimizer = choice.ops;
        config.optimizer_config = &choice.config;
        config.replicas = 2 + n % 2;
        config.schedule.devices = 2;
        config.schedule.microbatches = 1 + n % 3;
        config.n_processes = 2 * config.replicas;
        if (n % 3 > 0)
            config.processes = processes;
        for (int d = 0; d < config.n_processes; d++)
            processes[d] = d % size;
        judge_config(&problem, &config, "statistics");
        sl_test_problem_fini(&problem);
    }
}

/* A list with one whole stage at a time, brought into the same room again. */
static void judge_rooms(sluice_world *world, const char *name, int chunks)
{
    struct sl_test_problem problem;
    sluice_schedule *plain, *schedule;
    make(&problem, SL_TEST_NORM);
    sluice_pipeline_config config = problem.config;
    config.queue_capacity = chunks ? 7 : 1; /* chunks wait longer */
    config.schedule = (sluice_schedule_config){
        .name = name, .devices = 2, .microbatches = 7, .chunks = chunks};
    demand(!sluice_schedule_generate(&config.schedule, &plain, NULL) &&
               !sluice_schedule_shard(plain, 1, &schedule, NULL),
           "no schedule");
    config.custom = schedule;
    config.world = world;
    config.zero = 3;
    config.replicas = 2;
    judge_config(&problem, &config, name);
    sluice_schedule_destroy(schedule);
    sluice_schedule_destroy(plain);
    sl_test_problem_fini(&problem);
}

static void show_rooms(sluice_world *world)
{
    judge_rooms(world, "looped-bfs", 3);
    judge_rooms(world, "gpipe", 0);
}

/* What a clip measures comes behind the RESHARD: it is brought once more. */
static void show_measured(sluice_world *world)
{
    static const char *const lists[] = {
        "0UNSHARD,0F0,0F1,0B1,0B0,0RESHARD,0REDUCE_GRAD,0UPDATE\n",
        "0UNSHARD,1UNSHARD,0F0,0F1,1F0,1F1,1B1,1B0,1RESHARD,1REDUCE_GRAD,"
        "0B1,0B0,0RESHARD,0REDUCE_GRAD,0UPDATE,1UPDATE\n",
        "0UNSHARD,0F0,0F1,0RESHARD,1UNSHARD,1F0,1F1,1B1,1B0,1RESHARD,0UNSHARD,"
        "1REDUCE_GRAD,0B1,0B0,0RESHARD,0REDUCE_GRAD,0UPDATE,1UPDATE\n"};
    struct sl_test_problem problem;
    sluice_optimizer_choice clipped;
    sluice_diag why;
    make(&problem, SL_TEST_NORM);
    demand(!sluice_optimizer_parse("adamw:lr=0.01,clip=0.05", &clipped, NULL),
           "no optimizer");
    for (int i = 0; i < 3; i++) {
        sluice_schedule *schedule;
        sluice_pipeline_config config = problem.config;
        demand(!sluice_schedule_parse_csv(lists[i], strlen(lists[i]),
                                          SLUICE_CSV_NEW, NULL, &schedule,
                                          &why),
               "%s", why.text);
        config.custom = schedule;
        config.optimizer = clipped.ops;
        config.optimizer_config = &clipped.config;
        config.world = world;
        config.zero = 3;
        config.replicas = sluice_world_size(world);
        config.queue_capacity = 2;
        config.schedule.microbatches = 2;
        judge_config(&problem, &config, lists[i]);
        sluice_schedule_destroy(schedule);
    }
    sl_test_problem_fini(&problem);
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
        {"statistics_of_replicas_that_share_equal_the_reference",
         show_statistics},
        {"a_room_is_used_again_once_no_other_reads_it", show_rooms},
        {"what_is_measured_later_is_brought_again", show_measured},
    };
    (void)argc;
    return sl_test_claims(claims, (int)(sizeof claims / sizeof *claims),
                          argv + 1);
}
