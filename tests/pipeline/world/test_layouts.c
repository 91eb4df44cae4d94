/*
 * Weights in PyTorch's layout, of a pipeline in several processes: the file has
 * the bytes that one process writes, and all processes load from it what one
 * does, wherever the parameters lie.
 */
#include <math.h>

#include <sluice/checkpoint.h>

#include "pipeline/world/world.h"
#include "support/cut/cut_problem.h"

enum { BATCH = 8, MICROBATCHES = 4 };

static struct sl_test_cut_data data;

/* Whole parameters that lie transposed or not, columns of a parameter, one that
 * is written twice. */
enum { TIED, NAMED, PARTS };
static const char *const models[] = {
    [TIED] = "gpt2(layers=4, heads=2, width=6, vocabulary=13, context=3)",
    [NAMED] = "input(3, int32); embedding(17, width=6); linear(10, "
              "per-position, activation=tanh); linear(6, per-position) x4; "
              "sequence{layer_norm(per-position); head(13)}",
    [PARTS] = "llama(layers=4, heads=2, kv-heads=1, width=8, hidden=10, "
              "vocabulary=13, context=3)",
};

/* At least as many teams as processes. */
static const struct setting {
    int model;
    const char *schedule;
    int places, replicas, zero, team;
    bool cut;
} settings[] = {
    {TIED, "1f1b", 4, 1, 0, 1, false},  {NAMED, "1f1b", 4, 1, 0, 1, false},
    {PARTS, "1f1b", 4, 1, 0, 1, false}, {PARTS, "gpipe", 2, 2, 0, 1, false},
    {TIED, "gpipe", 2, 2, 1, 1, false}, {NAMED, "gpipe", 2, 2, 2, 1, false},
    {TIED, "gpipe", 2, 2, 2, 1, true},  {PARTS, "gpipe", 2, 2, 3, 1, false},
    {TIED, "1f1b", 4, 1, 0, 1, true},   {NAMED, "gpipe", 2, 2, 3, 1, true},
    {TIED, "gpipe", 2, 2, 3, 1, true},  {NAMED, "1f1b", 4, 1, 0, 2, false},
    {TIED, "1f1b", 4, 1, 0, 2, true},   {PARTS, "gpipe", 2, 2, 3, 2, false},
    {NAMED, "gpipe", 2, 2, 3, 2, true}, {TIED, "gpipe", 2, 2, 1, 2, false},
};

enum { N_SETTINGS = sizeof settings / sizeof *settings };

static sluice_pipeline *make(const struct setting *is,
                             const sluice_model *model, sluice_world *world)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.3F,
                                          .momentum = 0.9F};
    sluice_pipeline *pipe;
    sluice_diag why;
    sluice_pipeline_config config =
        sl_test_cut_config(is->schedule, is->places, MICROBATCHES, BATCH);
    config.optimizer_config = &sgd;
    config.replicas = is->replicas;
    config.zero = is->zero;
    config.team = is->team;
    config.vocabulary_parallel = is->cut;
    config.gemm = "plain";
    config.world = world;
    demand(!sluice_pipeline_create(&config, model, &pipe, &why), "%s: %s",
           models[is->model], why.text);
    return pipe;
}

static void step(sluice_pipeline *pipe)
{
    sluice_diag why;
    demand(!sluice_pipeline_step(pipe, data.x, data.labels, BATCH, NULL, &why),
           "%s", why.text);
}

static void save(const sluice_pipeline *pipe, sluice_weights_layout layout,
                 const char *path)
{
    sluice_diag why;
    demand(!sluice_pipeline_save_model_as(pipe, NULL, layout, path, &why),
           "%s: %s", path, why.text);
}

/* What a file is called; other worlds have other names. */
static const char *name(sluice_world *world, const char *what)
{
    static char names[4][80];
    static int n;
    char *to = names[n++ % 4];
    snprintf(to, sizeof *names, "layouts%d_%s.safetensors",
             sluice_world_size(world), what);
    return to;
}

/* `pipe` has saved "torch"; it goes on, and then back to what is there. */
static void load(sluice_world *world, sluice_pipeline *pipe,
                 const sluice_model *model)
{
    sluice_diag why;
    step(pipe);
    demand(!sluice_pipeline_load_weights(pipe, model, name(world, "torch"),
                                         NULL, &why),
           "%s", why.text);
    save(pipe, SLUICE_LAYOUT_SLUICE, name(world, "loaded"));
}

static void compare(sluice_world *world, const struct setting *is)
{
    sluice_model *model;
    sluice_pipeline *alone = NULL;
    sluice_diag why;
    bool first = sluice_world_rank(world) == 0;
    demand(!sluice_model_parse(models[is->model], NULL, &model, &why), "%s",
           why.text);
    sluice_pipeline *pipe = make(is, model, world);
    step(pipe);
    save(pipe, SLUICE_LAYOUT_PYTORCH, name(world, "torch"));
    load(world, pipe, model);
    sluice_pipeline_destroy(pipe);
    if (first) {
        alone = make(is, model, NULL);
        step(alone);
        save(alone, SLUICE_LAYOUT_PYTORCH, name(world, "alone"));
        sl_test_same_files(name(world, "alone"), name(world, "torch"));
        save(alone, SLUICE_LAYOUT_SLUICE, name(world, "alone"));
        sl_test_same_files(name(world, "alone"), name(world, "loaded"));
    }
    sluice_pipeline_destroy(alone);
    sluice_model_destroy(model);
}

static void show_files(sluice_world *world)
{
    sl_test_cut_fill(&data);
    for (int i = 0; i < N_SETTINGS; i++)
        compare(world, &settings[i]);
}

/* A process finds what it holds itself; all have its sentence. */
static void show_not_finite(sluice_world *world)
{
    enum { WIDTH = 4 };
    static const float x[BATCH * WIDTH] = {NAN};
    static float y[BATCH * WIDTH];
    static const sluice_sgd_config sgd = {.learning_rate = 0.1F};
    const sluice_pipeline_config config = {
        .schedule = {.devices = 4, .microbatches = 2},
        .batch = BATCH,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .finite = SLUICE_FINITE_OFF,
        .world = world,
    };
    sluice_model *model;
    sluice_pipeline *pipe;
    sluice_diag why;
    demand(!sluice_model_parse("4-4x4", NULL, &model, &why), "%s", why.text);
    demand(!sluice_pipeline_create(&config, model, &pipe, &why) &&
               !sluice_pipeline_step(pipe, x, y, BATCH, NULL, &why),
           "%s", why.text);
    for (int layout = 0; layout <= SLUICE_LAYOUT_PYTORCH; layout++) {
        sluice_status st = sluice_pipeline_save_model_as(
            pipe, NULL, (sluice_weights_layout)layout, "never", &why);
        sluice_diag first = why;
        demand(!sluice_world_share(world, 0, &first, sizeof first, NULL) &&
                   st == SLUICE_NOT_FINITE && strstr(why.text, ".weight") &&
                   !strcmp(why.text, first.text) &&
                   why.process == first.process,
               "process %d: %s", why.process, why.text);
    }
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

int main(int argc, char **argv)
{
    static const struct sl_test_claim claims[] = {
        {"files_for_pytorch_are_those_of_one_process", show_files},
        {"a_parameter_that_is_not_finite_is_refused_in_all", show_not_finite},
    };
    (void)argc;
    return sl_test_claims(claims, (int)(sizeof claims / sizeof *claims),
                          argv + 1);
}
