/*
 * Promise B1 with teams in several processes: whichever device of a team fails,
 * in whichever replica and process, all processes leave the step with its
 * error; nothing has changed, and the next step is that of one process.
 */
#include <sluice/pipeline.h>

#include "pipeline/world/world.h"
#include "support/grid.h"
#include "support/faults/member_fault.h"
#include "support/faults/wary_sgd.h"

enum {
    WIDTH = SL_TEST_MEMBER_WIDTH,
    BATCH = 16,
    MICROBATCHES = 4,
    LAYERS = 4, /* each second one fails */
    MOST_TEAM = 4,
    MOST = LAYERS * WIDTH * WIDTH,
    CELLS = SL_TEST_MEMBER_PASSES * 2 * 2 * MICROBATCHES, /* of a member */
};

static struct sl_test_member_fault *const fault = &sl_test_member_fault;

/* A pipeline of teams, and which process has each of them. */
struct shape {
    const char *schedule;
    int places;
    int chunks; /* stages of a place */
    int replicas;
    int zero;
    bool in_turn; /* the teams; else in runs */
    int team;
};

static const struct shape shapes[] = {
    {"1f1b", 4, 1, 1, 0, false, 2},      {"gpipe", 2, 1, 2, 0, true, 2},
    {"1f1b", 2, 1, 2, 1, false, 2},      {"gpipe", 2, 1, 2, 2, true, 2},
    {"looped-bfs", 2, 2, 2, 2, true, 2}, {"looped-bfs", 2, 2, 2, 3, true, 2},
    {"zb-h1", 2, 1, 2, 1, true, 2},      {"1f1b", 4, 1, 1, 0, true, 4},
    {"gpipe", 2, 1, 2, 1, false, 4},
};

/* The pipeline of a shape, and, in process 0, the one that it must equal. */
struct setting {
    const struct shape *shape;
    sluice_world *world;
    int processes[4 * MOST_TEAM];
    sluice_model *model;
    sluice_pipeline *pipe;
    sluice_pipeline *alone;
};

static float x[BATCH * WIDTH], y[BATCH * WIDTH];

static void begin(struct setting *is, sluice_world *world,
                  const struct shape *shape)
{
    static sluice_optimizer_ops wary;
    static const sluice_sgd_config sgd = {.learning_rate = 0.1F,
                                          .momentum = 0.9F};
    int team = shape->team, n = shape->places * shape->replicas * team;
    *is = (struct setting){.shape = shape, .world = world};
    for (int d = 0; d < n; d++) {
        int size = sluice_world_size(world), which = d / team;
        is->processes[d] =
            shape->in_turn ? which % size : which * size / (n / team);
    }
    wary = sl_test_wary_sgd();
    sluice_pipeline_config config = {
        .schedule = {.name = shape->schedule,
                     .devices = shape->places,
                     .chunks = shape->chunks > 1 ? shape->chunks : 0,
                     .microbatches = MICROBATCHES},
        .replicas = shape->replicas,
        .team = team,
        .zero = shape->zero,
        .gemm = "plain",
        .batch = BATCH,
        .loss = sluice_mean_squared_error(),
        .optimizer = &wary,
        .optimizer_config = &sgd,
    };
    sluice_diag why;
    is->model = sl_test_member_model(LAYERS);
    demand(is->model, "no memory");
    demand(sluice_world_rank(world) > 0 ||
               !sluice_pipeline_create(&config, is->model, &is->alone, &why),
           "%s", why.text);
    config.world = world;
    config.processes = is->processes;
    config.n_processes = n;
    demand(!sluice_pipeline_create(&config, is->model, &is->pipe, &why),
           "%s, zero %d: %s", shape->schedule, shape->zero, why.text);
}

static void end(struct setting *is)
{
    sluice_pipeline_destroy(is->pipe);
    sluice_pipeline_destroy(is->alone);
    sluice_model_destroy(is->model);
}

/* All processes read all parameters, which is a call of all. */
static void read(const struct setting *is, const sluice_pipeline *pipe,
                 float *to)
{
    sluice_parameter at = {0};
    sluice_diag why;
    for (int64_t n = 0; sluice_model_next_parameter(is->model, &at); n += at.n)
        demand(n + at.n <= MOST && !sluice_pipeline_get_parameter(
                                       pipe, at.name, to + n, at.n, &why),
               "%s: %s", at.name, why.text);
}

static void compare(const struct setting *is, const char *when)
{
    static float ours[MOST], theirs[MOST];
    read(is, is->pipe, ours);
    if (!is->alone)
        return;
    read(is, is->alone, theirs);
    demand(!memcmp(ours, theirs, sizeof ours),
           "%s, zero %d: parameters differ %s", is->shape->schedule,
           is->shape->zero, when);
}

/* What a step must say: where the armed call is, or, of a gradient that was
 * spoilt, who updates it: with ZeRO the last replica, as the end of the shard
 * is spoilt. */
static void check(const struct setting *is, const sluice_diag *why)
{
    const struct shape *shape = is->shape;
    int rows = BATCH / shape->replicas; /* of a replica */
    int stage = fault->layer * shape->places * shape->chunks / LAYERS;
    int replica = (int)fault->first_row / rows;
    bool spoilt = fault->pass == SL_TEST_MEMBER_SPOILS;
    if (spoilt && shape->zero > 0)
        replica = shape->replicas - 1;
    int device =
        (replica * shape->places + stage % shape->places) * shape->team +
        (int)fault->first / (WIDTH / shape->team);
    bool anywhere = spoilt && shape->zero == 0; /* each replica refuses it */
    int n = shape->places * shape->team;
    demand(anywhere ? why->device % n == device % n : why->device == device,
           "device %d instead of %d (%s)", why->device, device, why->text);
    demand(why->process == is->processes[why->device], "process %d",
           why->process);
    demand(why->stage == stage, "stage %d instead of %d", why->stage, stage);
    demand(spoilt || why->microbatch ==
                         (int)fault->first_row % rows / (rows / MICROBATCHES),
           "micro-batch %d", why->microbatch);
    demand(!strcmp(why->text,
                   spoilt ? "the gradient is too large" : "a member broke"),
           "%s", why->text);
    const char *kinds = fault->pass == SL_TEST_MEMBER_FORWARD  ? "F"
                        : fault->pass == SL_TEST_MEMBER_INPUT  ? "BI"
                        : fault->pass == SL_TEST_MEMBER_WEIGHT ? "BW"
                                                               : "U";
    demand(strchr(kinds, why->action[1]), "action %s in pass %d", why->action,
           fault->pass);
}

static void fail_step(const struct setting *is)
{
    sluice_diag why = {.text = ""};
    bool spoilt = fault->pass == SL_TEST_MEMBER_SPOILS;
    atomic_store(&fault->armed, true);
    sluice_status st = sluice_pipeline_step(is->pipe, x, y, BATCH, NULL, &why);
    atomic_store(&fault->armed, false);
    demand(st == (spoilt ? SLUICE_LAYER : SLUICE_IO), "status %d: %s", st,
           why.text);
    check(is, &why);
}

static void step(const struct setting *is)
{
    sluice_diag why;
    demand(!sluice_pipeline_step(is->pipe, x, y, BATCH, NULL, &why), "%s",
           why.text);
    demand(!is->alone ||
               !sluice_pipeline_step(is->alone, x, y, BATCH, NULL, &why),
           "%s", why.text);
}

/* Cell number `n`: any choice of what differs between them. */
static void choose(const struct shape *shape, int n)
{
    int left = n / SL_TEST_MEMBER_PASSES;
    int replica = left % 3 % shape->replicas; /* often, and not in step */
    int team = shape->team;
    fault->pass = (enum sl_test_member_pass)(n % SL_TEST_MEMBER_PASSES);
    fault->first = (int64_t)(left % team) * (WIDTH / team);
    fault->layer = left / team % 2 ? 3 : 1;
    fault->before = left / team / 2 % 2;
    fault->first_row =
        replica * (BATCH / shape->replicas) +
        (int64_t)(left / team / 4) * (BATCH / shape->replicas / MICROBATCHES);
}

static void show_members(sluice_world *world)
{
    /* More processes than cores take turns. */
    uint32_t thin = sluice_world_size(world) > 2 ? 37 : 11;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct setting is;
        begin(&is, world, &shapes[i]);
        compare(&is, "at the beginning");
        for (int n = 0; n < CELLS * shapes[i].team; n++) {
            if (sl_test_skips_of(shapes[i].team > 2 ? 4 * thin : thin))
                continue;
            choose(&shapes[i], n);
            fail_step(&is);
            compare(&is, "after a failure");
            step(&is);
            compare(&is, "after the next step");
        }
        end(&is);
    }
}

int main(int argc, char **argv)
{
    static const struct sl_test_claim claims[] = {
        {"a_fault_in_any_device_of_any_team_ends_the_step_in_all",
         show_members},
    };
    (void)argc;
    for (int i = 0; i < BATCH * WIDTH; i++) {
        x[i] = (float)(i % 7) - 3;
        y[i] = (float)(i % 5) - 2;
    }
    return sl_test_claims(claims, 1, argv + 1);
}
