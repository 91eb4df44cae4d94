/*
 * What ZeRO goes with (docs/zero.md): each combination trains, or is refused
 * with one sentence that names what does not go together.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/problem.h"
#include "support/runner.h"

enum { LAYERS = 8, BATCH = 16, K = 2, M = 4, R = 2 };

/* The part of a model or optimizer that decides. */
enum peculiarity {
    NOTHING,
    CLIP,
    TIES,
    STATISTICS,
    CUT_VOCABULARY, /* of a table that both ends use */
    N_PECULIARITIES
};

static const char normed[] =
    "input(6); reshape(1, height=2, width=3); "
    "conv2d(3, padding=1, no-bias); batch_norm; activate(relu); "
    "global_average_pool; linear(6); linear(5)";

static const char spoken[] =
    "gpt2(layers=4, heads=2, width=6, vocabulary=13, context=3)";
static const int32_t tokens[BATCH * 3];

static const struct {
    const char *name;
    int chunks;
    bool consecutive;  /* the backwards of a stage follow each other */
    bool copies;       /* of the model in a replica */
    bool asynchronous; /* several updates in a step */
} schedules[] = {
    {"gpipe", 0, true, false, false},     {"looped-bfs", 2, true, false, false},
    {"1f1b", 0, false, false, false},     {"dualpipe", 0, false, true, false},
    {"pipedream", 0, false, false, true},
};

enum { N_SCHEDULES = sizeof schedules / sizeof *schedules };

static bool goes(int zero, int team, int s, enum peculiarity is)
{
    if (is == CUT_VOCABULARY &&
        (schedules[s].copies || schedules[s].asynchronous))
        return false; /* without ZeRO, too */
    if (schedules[s].asynchronous)
        return zero == 0 && team == 1 && is != CLIP && is != TIES;
    if (zero < 2)
        return true;
    return schedules[s].consecutive && is != TIES &&
           !(is == STATISTICS && schedules[s].chunks);
}

/* Its sentence has no second one behind it, and names one of the three. */
static void check_sentence(const char *text, const char *where)
{
    bool names = strstr(text, "ZeRO stage") || strstr(text, "asynchronous") ||
                 strstr(text, "vocabulary");
    ck_assert_msg(names && !strstr(text, ". "), "%s: %s", where, text);
}

static void try(const struct sl_test_problem *problem, int zero, int team,
                int s, enum peculiarity is)
{
    char where[120];
    sluice_pipeline_config config = problem->config;
    sluice_pipeline *pipe;
    sluice_result result;
    sluice_diag why;
    snprintf(where, sizeof where, "zero %d, t %d, %s, peculiarity %d", zero,
             team, schedules[s].name, (int)is);
    config.schedule = (sluice_schedule_config){
        .name = schedules[s].name,
        .devices = K,
        .microbatches = M,
        .chunks = schedules[s].chunks,
    };
    config.queue_capacity = M;
    config.zero = zero;
    config.team = team;
    config.replicas = R;
    config.vocabulary_parallel = is == CUT_VOCABULARY;
    sluice_status st =
        sluice_pipeline_create(&config, problem->model, &pipe, &why);
    bool expected = goes(zero, team, s, is);
    ck_assert_msg(st == (expected ? SLUICE_OK : SLUICE_INVALID), "%s: %s",
                  where, st ? why.text : "it was created");
    if (st) {
        check_sentence(why.text, where);
        return;
    }
    bool spoke = is == CUT_VOCABULARY;
    ck_assert_msg(
        !sluice_pipeline_step(pipe, spoke ? (const void *)tokens : problem->x,
                              spoke ? (const void *)tokens : problem->targets,
                              BATCH, &result, &why) &&
            isfinite(result.loss),
        "%s: %s", where, why.text);
    sluice_pipeline_destroy(pipe);
}

START_TEST(each_combination_trains_or_is_refused_with_one_sentence)
{
    for (int is = NOTHING; is < N_PECULIARITIES; is++) {
        struct sl_test_problem problem = {0};
        ck_assert(!sl_test_problem_init(
            &problem, is == TIES ? SL_TEST_TIED : SL_TEST_RELU, LAYERS, BATCH,
            NULL));
        problem.sgd.clip = is == CLIP ? 1 : 0;
        if (is >= STATISTICS) {
            sluice_model_destroy(problem.model);
            ck_assert(!sluice_model_parse(is == STATISTICS ? normed : spoken,
                                          NULL, &problem.model, NULL));
        }
        for (int zero = 0; zero <= 3; zero++)
            for (int team = 1; team <= 2; team++)
                for (int s = 0; s < N_SCHEDULES; s++)
                    try(&problem, zero, team, s, (enum peculiarity)is);
        sl_test_problem_fini(&problem);
    }
}
END_TEST

SLUICE_TEST_MAIN("pipeline.zero_matrix",
                 each_combination_trains_or_is_refused_with_one_sentence)
