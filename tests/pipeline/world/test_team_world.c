/*
 * Teams inside processes: each process sees the bits of the reference, which
 * knows of neither; a checkpoint is that of one process; and a team that would
 * lie in several is refused.
 */
#include <sluice/checkpoint.h>
#include <sluice/gemm.h>
#include <sluice/schedule_passes.h>

#include "pipeline/world/world.h"
#include "support/judged_pair.h"
#include "support/version_programs.h"

enum { LAYERS = 9, BATCH = 12, MICROBATCHES = 4, TEAM = 2, MOST_DEVICES = 32 };

/* A pipeline of teams, and which process has each of them. */
struct shape {
    enum sl_test_kind kind;
    const char *schedule;
    int places;
    int chunks; /* stages of a place */
    int replicas;
    int zero;
    int team;
    bool in_turn;      /* the teams; else in runs */
    const char *model; /* NULL: that of the kind */
};

static void make(struct sl_test_problem *problem, enum sl_test_kind kind)
{
    *problem = (struct sl_test_problem){0};
    demand(!sl_test_problem_init(problem, kind, LAYERS, BATCH, NULL),
           "no memory");
    problem->config.uneven = true;
    problem->config.team = TEAM;
    problem->config.gemm = sluice_gemm_is_built("packed") ? "packed" : "plain";
}

static void judge(const struct sl_test_problem *problem,
                  const sluice_pipeline_config *config, const char *what)
{
    struct sl_test_pair pair;
    long wrong = 0;
    demand(!sl_test_pair_init(&pair, problem, config), "%s: %s", what,
           pair.why.text);
    if (config->custom)
        sl_test_halves(&pair, sluice_schedule_n_copies(config->custom),
                       MICROBATCHES);
    for (int s = 0; s < 2; s++)
        wrong += sl_test_step(&pair, s, s == 1 ? BATCH - 5 : BATCH);
    wrong += sl_test_evaluate(&pair, 1, BATCH + 3);
    wrong += sl_test_infer(&pair, 0, BATCH + 2);
    demand(!wrong, "%s: %ld values differ; %s", what, wrong, pair.text);
    sl_test_pair_fini(&pair);
}

static void show_shape(sluice_world *world, const struct shape *shape)
{
    int processes[MOST_DEVICES], size = sluice_world_size(world);
    struct sl_test_problem problem;
    char what[80];
    if (shape->places * shape->replicas < size)
        return;
    snprintf(what, sizeof what, "%s, zero %d, team %d", shape->schedule,
             shape->zero, shape->team);
    make(&problem, shape->kind);
    if (shape->model) {
        sluice_model_destroy(problem.model);
        demand(!sluice_model_parse(shape->model, NULL, &problem.model, NULL),
               "no model");
    }
    sluice_pipeline_config config = problem.config;
    config.world = world;
    config.schedule.name = shape->schedule;
    config.schedule.devices = shape->places;
    config.schedule.chunks = shape->chunks > 1 ? shape->chunks : 0;
    config.schedule.microbatches = MICROBATCHES;
    if (!strcmp(shape->schedule, "1f1b"))
        config.schedule.backward_order = SLUICE_IN_ORDER;
    config.replicas = shape->replicas;
    config.zero = shape->zero;
    config.team = shape->team;
    config.n_processes = shape->team * shape->places * shape->replicas;
    for (int d = 0; d < config.n_processes; d++)
        processes[d] = d / shape->team % size;
    config.processes = shape->in_turn ? processes : NULL;
    judge(&problem, &config, what);
    sl_test_problem_fini(&problem);
}

static void show_shapes(sluice_world *world)
{
    static const struct shape shapes[] = {
        {SL_TEST_GPT, "1f1b", 2, 1, 2, 0, 2, false},
        {SL_TEST_SKIPS, "gpipe", 3, 1, 2, 0, 2, true},
        {SL_TEST_TIED, "1f1b", 1, 1, 4, 0, 2, true},
        {SL_TEST_NORM, "gpipe", 2, 1, 2, 1, 2, false},
        {SL_TEST_RELU, "gpipe", 1, 1, 4, 2, 2, true},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        show_shape(world, &shapes[i]);
}

/* With parameters that are brought, also those that a team does not divide: a
 * stage of one layer may have no others.  Statistics are among these. */
static void show_brought(sluice_world *world)
{
    static const char normed[] =
        "input(6); reshape(2, height=1, width=3); batch_norm; upsample; "
        "conv2d(3, padding=1, no-bias); batch_norm; activate(relu); "
        "global_average_pool; batch_norm; linear(5)";
    static const struct shape shapes[] = {
        {SL_TEST_GPT, "gpipe", 2, 1, 2, 3, 2, true},
        {SL_TEST_NORM, "looped-bfs", 2, 4, 2, 3, 2, false},
        {SL_TEST_NORM, "looped-bfs", 1, 4, 4, 3, 2, true},
        {SL_TEST_RELU, "gpipe", 2, 1, 2, 3, 2, false, normed},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        show_shape(world, &shapes[i]);
}

/* In two processes: as many devices as cores is few. */
static void show_four(sluice_world *world)
{
    static const struct shape shapes[] = {
        {SL_TEST_GPT, "1f1b", 2, 1, 1, 0, 4, false},
        {SL_TEST_RELU, "gpipe", 1, 1, 2, 1, 4, false},
        {SL_TEST_NORM, "looped-bfs", 1, 4, 2, 3, 4, false},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        show_shape(world, &shapes[i]);
}

static void show_schedules(sluice_world *world)
{
    struct sl_test_problem problem;
    int n = 0;
    make(&problem, SL_TEST_RELU);
    for (int i = 0; sluice_schedule_generator(i); i++) {
        const char *name = sluice_schedule_generator(i);
        sluice_schedule *schedule = sl_test_runnable(name, 2, MICROBATCHES, 2);
        sluice_pipeline_config config = problem.config;
        if (!schedule)
            continue;
        if (sluice_reference_exists(schedule, false) &&
            !sl_test_is_asynchronous(name)) {
            config.world = world;
            config.custom = schedule;
            config.schedule.microbatches = MICROBATCHES;
            config.replicas = sluice_world_size(world) / 2;
            demand(!sluice_reference_order(
                       schedule, &config.schedule.backward_order, NULL),
                   "%s", name);
            judge(&problem, &config, name);
            n++;
        }
        sluice_schedule_destroy(schedule);
    }
    demand(n >= 10, "only %d schedules", n);
    sl_test_problem_fini(&problem);
}

/* Train a step, and save it as `path`. */
static void save(const struct sl_test_problem *problem,
                 const sluice_pipeline_config *config, const char *path)
{
    sluice_pipeline *pipe;
    sluice_diag why;
    demand(!sluice_pipeline_create(config, problem->model, &pipe, &why), "%s",
           why.text);
    demand(!sluice_pipeline_step(pipe, sl_test_x(problem, 0),
                                 sl_test_targets(problem, 0), BATCH, NULL,
                                 &why) &&
               !sluice_checkpoint_save(pipe, NULL, path, &why) &&
               !sluice_checkpoint_load(pipe, path, NULL, NULL, &why),
           "%s", why.text);
    sluice_pipeline_destroy(pipe);
}

static void show_checkpoint(sluice_world *world)
{
    for (int zero = 0; zero < 4; zero++) {
        struct sl_test_problem problem;
        char names[2][80];
        for (int i = 0; i < 2; i++)
            snprintf(names[i], sizeof names[i], "team_world_%d_%d.safetensors",
                     sluice_world_size(world), i);
        make(&problem, SL_TEST_NORM);
        sluice_pipeline_config config = problem.config;
        config.schedule.devices = 2;
        config.schedule.microbatches = MICROBATCHES;
        config.replicas = 2;
        config.zero = zero;
        if (zero > 1)
            config.schedule.name = "gpipe";
        if (sluice_world_rank(world) == 0)
            save(&problem, &config, names[0]);
        config.world = world;
        save(&problem, &config, names[1]);
        sl_test_problem_fini(&problem);
        if (sluice_world_rank(world) == 0)
            sl_test_same_files(names[0], names[1]);
    }
}

static void refuse(const struct sl_test_problem *problem,
                   const sluice_pipeline_config *config, const char *sentence)
{
    sluice_pipeline *pipe;
    sluice_diag why;
    demand(sluice_pipeline_create(config, problem->model, &pipe, &why) ==
                   SLUICE_INVALID &&
               strstr(why.text, sentence),
           "%s", why.text);
}

static void show_refusals(sluice_world *world)
{
    struct sl_test_problem problem;
    int processes[MOST_DEVICES], size = sluice_world_size(world);
    char sentence[160];
    make(&problem, SL_TEST_RELU);
    sluice_pipeline_config config = problem.config;
    config.world = world;
    config.schedule.microbatches = MICROBATCHES;
    config.schedule.devices = size - 1;
    snprintf(sentence, sizeof sentence,
             "%d processes for %d teams of 2 devices", size, size - 1);
    refuse(&problem, &config, sentence);
    config.schedule.devices = size;
    config.n_processes = TEAM * size;
    config.processes = processes;
    for (int d = 0; d < config.n_processes; d++)
        processes[d] = d % size;
    refuse(&problem, &config,
           "devices 0 to 1 are a team, and `processes` gives device 0 to "
           "process 0 and device 1 to process 1");
    sl_test_problem_fini(&problem);
}

int main(int argc, char **argv)
{
    static const struct sl_test_claim claims[] = {
        {"teams_inside_processes_equal_the_reference", show_shapes},
        {"parameters_that_are_brought_equal_the_reference", show_brought},
        {"teams_of_four_equal_the_reference", show_four},
        {"under_every_synchronous_schedule", show_schedules},
        {"a_checkpoint_of_teams_is_that_of_one_process", show_checkpoint},
        {"a_team_is_in_one_process", show_refusals},
    };
    (void)argc;
    return sl_test_claims(claims, (int)(sizeof claims / sizeof *claims),
                          argv + 1);
}
