/*
 * A vocabulary that is cut across devices of several processes: losses,
 * parameters, gradients, evaluation, outputs and checkpoints have the bits that
 * one process alone gets, and each device holds what was planned.
 */
#include <sluice/checkpoint.h>
#include <sluice/pipeline.h>

#include "pipeline/world/world.h"
#include "support/cut/cut_problem.h"

enum {
    BATCH = SL_TEST_CUT_MOST_ROWS,
    POSITIONS = SL_TEST_CUT_POSITIONS,
    VOCABULARY = SL_TEST_CUT_VOCABULARY,
    STEPS = SL_TEST_CUT_STEPS,
    MOST = 1 << 14
};

static struct sl_test_cut_data data;
static int32_t *const x = data.x, *const labels = data.labels;
static const char *const *const texts = sl_test_cut_models;

/* All that a training shows. */
struct shown {
    double losses[STEPS + 1];
    int64_t correct;
    float values[MOST];
    float y[BATCH * POSITIONS * VOCABULARY];
    int n;
};

static void read_all(const sluice_pipeline *pipe, const sluice_model *model,
                     struct shown *shown)
{
    sluice_parameter at = {0};
    sluice_diag why;
    while (sluice_model_next_parameter(model, &at)) {
        float *to = shown->values + shown->n;
        shown->n += 2 * (int)at.n;
        demand(shown->n <= MOST, "no room");
        demand(!sluice_pipeline_get_parameter(pipe, at.name, to, at.n, &why) &&
                   !sluice_pipeline_get_gradient(pipe, at.name, to + at.n, at.n,
                                                 &why),
               "%s: %s", at.name, why.text);
    }
}

static void check_bytes(const sluice_pipeline *pipe, const char *what)
{
    for (int d = 0; d < sluice_pipeline_n_devices(pipe); d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        demand(info.actual_bytes == info.planned.total,
               "%s: device %d has %zu bytes, planned are %zu", what, d,
               (size_t)info.actual_bytes, (size_t)info.planned.total);
    }
}

static void train(const char *text, const sluice_pipeline_config *config,
                  struct shown *shown)
{
    sluice_model *model;
    sluice_pipeline *pipe;
    sluice_result result;
    sluice_diag why;
    memset(shown, 0, sizeof *shown);
    demand(!sluice_model_parse(text, NULL, &model, &why), "%s", why.text);
    demand(!sluice_pipeline_create(config, model, &pipe, &why), "%s", why.text);
    check_bytes(pipe, text);
    for (int s = 0; s < STEPS; s++) {
        int rows = s == 1 ? BATCH - 2 : BATCH;
        demand(!sluice_pipeline_step(pipe, x, labels, rows, &result, &why),
               "%s", why.text);
        shown->losses[s] = result.loss;
    }
    read_all(pipe, model, shown);
    demand(!sluice_pipeline_evaluate(pipe, x, labels, BATCH, &result, &why),
           "%s", why.text);
    shown->losses[STEPS] = result.loss;
    shown->correct = result.correct;
    demand(!sluice_pipeline_infer(pipe, x, BATCH, shown->y, &why), "%s",
           why.text);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

static sluice_pipeline_config config_of(const char *schedule, int devices,
                                        int microbatches, int replicas)
{
    sluice_pipeline_config config =
        sl_test_cut_config(schedule, devices, microbatches, BATCH);
    config.replicas = replicas;
    return config;
}

/* Alone, and together with the other processes. */
static void compare(sluice_world *world, sluice_pipeline_config config)
{
    static struct shown alone, together;
    for (int t = 0; t < SL_TEST_CUT_N_MODELS; t++) {
        config.world = NULL;
        config.processes = NULL;
        train(texts[t], &config, &alone);
        config.world = world;
        train(texts[t], &config, &together);
        demand(!memcmp(&alone, &together, sizeof alone),
               "%s, model %d: loss %.17g instead of %.17g",
               config.schedule.name, t, together.losses[STEPS],
               alone.losses[STEPS]);
    }
}

static void show_bits(sluice_world *world)
{
    sluice_pipeline_config config = config_of("gpipe", 4, 3, 1);
    compare(world, config_of("1f1b", 4, 5, 1));
    compare(world, config_of("zb-h1", 4, 5, 1));
    config.remat = SLUICE_REMAT_ALWAYS; /* rows are found for an R, too */
    compare(world, config);
    compare(world, config_of("zb-v", 2 * (sluice_world_size(world) / 2), 6, 1));
}

static void show_replicas(sluice_world *world)
{
    compare(world, config_of("1f1b", 2, 3, 2));
}

/* In processes that have a replica each, or a place of all.  In stage 3 a
 * device has its rows of the tables whole. */
static void show_zero(sluice_world *world)
{
    static const int places[] = {0, 1, 0, 1};
    bool split = sluice_world_size(world) == 2;
    for (int n = 0; n < 6; n++) {
        static struct shown plain, shared;
        const char *text = texts[n % 2];
        sluice_pipeline_config config =
            config_of(n < 2 ? "1f1b" : "gpipe", 2, 3, 2);
        train(text, &config, &plain);
        config.world = world;
        config.zero = 1 + n / 2;
        config.processes = split && (n + n / 2) % 2 ? places : NULL;
        config.n_processes = config.processes ? 4 : 0;
        train(text, &config, &shared);
        demand(!memcmp(&plain, &shared, sizeof plain),
               "zero %d, model %d: loss %.17g instead of %.17g", config.zero,
               n % 2, shared.losses[STEPS], plain.losses[STEPS]);
    }
}

/* Teams of two, whose bits a clip would not promise. */
static sluice_pipeline_config config_of_teams(const char *schedule, int places,
                                              int replicas, int zero)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.3F,
                                          .momentum = 0.9F};
    sluice_pipeline_config config = config_of(schedule, places, 4, replicas);
    config.team = 2;
    config.zero = zero;
    config.gemm = "plain";
    config.optimizer_config = &sgd;
    return config;
}

/* Each device has a part, and what another one of its team reads is there. */
static void show_teams(sluice_world *world)
{
    sluice_pipeline_config config = config_of_teams("gpipe", 4, 1, 0);
    compare(world, config_of_teams("1f1b", 4, 1, 0));
    compare(world, config_of_teams("zb-h1", 2, 2, 1));
    config.remat = SLUICE_REMAT_ALWAYS;
    compare(world, config);
    compare(world, config_of_teams("gpipe", 2, 2, 3));
}

/* Train a step, and save it as `path`. */
static void save(const sluice_pipeline_config *config, const char *path)
{
    sluice_model *model;
    sluice_pipeline *pipe;
    sluice_diag why;
    demand(!sluice_model_parse(texts[SL_TEST_CUT_UNTIED], NULL, &model, &why),
           "%s", why.text);
    demand(!sluice_pipeline_create(config, model, &pipe, &why), "%s", why.text);
    demand(!sluice_pipeline_step(pipe, x, labels, BATCH, NULL, &why) &&
               !sluice_checkpoint_save(pipe, NULL, path, &why),
           "%s", why.text);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

/* Each with pieces of both tables, and of their states. */
static void show_checkpoint(sluice_world *world)
{
    char names[2][80];
    for (int i = 0; i < 2; i++)
        snprintf(names[i], sizeof names[i], "cut_world_%d_%d.safetensors",
                 sluice_world_size(world), i);
    for (int n = 0; n < 4; n++) {
        sluice_pipeline_config config =
            config_of_teams(n % 2 ? "gpipe" : "1f1b", 2, 2, n % 2 ? 3 : 1);
        config.team = 1 + n / 2;
        config.world = NULL;
        if (sluice_world_rank(world) == 0)
            save(&config, names[0]);
        config.world = world;
        save(&config, names[1]);
        if (sluice_world_rank(world) == 0)
            sl_test_same_files(names[0], names[1]);
    }
}

/* A token that is none fails the step in all; the next one trains. */
static void show_token(sluice_world *world)
{
    static struct shown want, have;
    sluice_pipeline_config config = config_of("1f1b", 4, 5, 1);
    train(texts[SL_TEST_CUT_TIED], &config, &want);
    config.world = world;
    sluice_model *model;
    sluice_pipeline *pipe;
    sluice_result result;
    sluice_diag why;
    demand(!sluice_model_parse(texts[SL_TEST_CUT_TIED], NULL, &model, &why),
           "%s", why.text);
    demand(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
           why.text);
    for (int i = 0; i < BATCH; i += 5) {
        int32_t kept = x[i * POSITIONS];
        x[i * POSITIONS] = VOCABULARY;
        demand(sluice_pipeline_step(pipe, x, labels, BATCH, NULL, &why) ==
                       SLUICE_INVALID &&
                   strstr(why.text, "is 13") && why.stage == 0,
               "%s", why.text);
        x[i * POSITIONS] = kept;
    }
    memset(&have, 0, sizeof have);
    for (int s = 0; s < STEPS; s++) {
        int rows = s == 1 ? BATCH - 2 : BATCH;
        demand(!sluice_pipeline_step(pipe, x, labels, rows, &result, &why),
               "%s", why.text);
        have.losses[s] = result.loss;
    }
    demand(!memcmp(have.losses, want.losses, STEPS * sizeof *want.losses),
           "another training");
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

/* A label that is none fails an S or T, in whatever process that is. */
static void break_labels(sluice_world *world, sluice_pipeline_config config)
{
    sluice_model *model;
    sluice_pipeline *pipe;
    sluice_diag why;
    config.world = world;
    demand(!sluice_model_parse(texts[SL_TEST_CUT_TIED], NULL, &model, &why),
           "%s", why.text);
    demand(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
           why.text);
    for (int i = 0; i < BATCH; i++) {
        int32_t kept = labels[i * POSITIONS];
        labels[i * POSITIONS] = 12;
        demand(sluice_pipeline_step(pipe, x, labels, BATCH, NULL, &why) ==
                       SLUICE_INVALID &&
                   strstr(why.text, "12") && why.process >= 0 &&
                   (strchr(why.action, 'S') || strchr(why.action, 'T')),
               "row %d, %s: %s", i, why.action, why.text);
        labels[i * POSITIONS] = kept;
        demand(!sluice_pipeline_step(pipe, x, labels, BATCH, NULL, &why), "%s",
               why.text);
    }
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

static void show_label(sluice_world *world)
{
    break_labels(world, config_of("1f1b", 4, 5, 1));
    break_labels(world, config_of_teams("1f1b", 4, 1, 0));
}

int main(int argc, char **argv)
{
    static const struct sl_test_claim claims[] = {
        {"the_bits_are_those_of_one_process", show_bits},
        {"replicas_have_the_bits_of_one_process", show_replicas},
        {"replicas_that_share_have_the_bits_of_plain_ones", show_zero},
        {"teams_have_the_bits_of_one_process", show_teams},
        {"a_checkpoint_is_that_of_one_process", show_checkpoint},
        {"a_token_that_is_none_fails_the_step_in_all", show_token},
        {"a_label_that_is_none_fails_the_step_in_all", show_label},
    };
    (void)argc;
    sl_test_cut_fill(&data);
    return sl_test_claims(claims, (int)(sizeof claims / sizeof *claims),
                          argv + 1);
}
