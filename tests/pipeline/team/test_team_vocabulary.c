/*
 * A vocabulary that is cut across the devices of all teams: K teams of t have
 * the bits of K t devices without teams, each device has 1 / (K t) of the rows,
 * and what fails in one fails in all.
 */
#include <sluice/gemm.h>
#include <sluice/pipeline_state.h>

#include "support/cut/cut_training.h"
#include "support/grid.h"
#include "support/runner.h"

enum {
    BATCH = 11,
    WIDTH = SL_TEST_CUT_WIDTH,
    ROWS = SL_TEST_CUT_VOCABULARY,
    OTHER_ROWS = SL_TEST_CUT_OTHER_ROWS,
    N_TEXTS = SL_TEST_CUT_N_MODELS,
};

static const char *const *const texts = sl_test_cut_models;

static sluice_pipeline_config config_of(const char *schedule, int devices,
                                        int team, const char *optimizer)
{
    sluice_pipeline_config config =
        sl_test_cut_config(schedule, devices, 4, BATCH);
    sl_test_cut_optimize(&config, optimizer);
    config.team = team;
    config.gemm = sluice_gemm_is_built("packed") ? "packed" : "plain";
    return config;
}

/* All that a training shows: losses, outputs, parameters, gradients, states. */
struct shown {
    double losses[SL_TEST_CUT_STEPS + 1];
    int64_t correct;
    float y[BATCH * SL_TEST_CUT_POSITIONS * ROWS];
    struct sl_test_values gradients;
    struct sl_test_values values;
};

static void show(sluice_pipeline *pipe, const sluice_model *model,
                 struct shown *shown)
{
    struct sl_test_cut_data data;
    sluice_state_tensor at = {.state = -1};
    sluice_result result;
    sl_test_cut_fill(&data);
    memset(shown, 0, sizeof *shown);
    for (int s = 0; s < SL_TEST_CUT_STEPS; s++) {
        ck_assert(!sluice_pipeline_step(pipe, data.x, data.labels,
                                        s == 1 ? 2 : BATCH, &result, NULL));
        shown->losses[s] = result.loss;
    }
    sl_test_read(pipe, model, true, &shown->gradients);
    while (sluice_pipeline_next_tensor(pipe, &at))
        ck_assert(!sluice_pipeline_get_tensor(
            pipe, at.name, sl_test_room(&shown->values, at.parameter.n),
            at.parameter.n, NULL));
    ck_assert(!sluice_pipeline_evaluate(pipe, data.x, data.labels, BATCH,
                                        &result, NULL));
    shown->losses[SL_TEST_CUT_STEPS] = result.loss;
    shown->correct = result.correct;
    ck_assert(!sluice_pipeline_infer(pipe, data.x, BATCH, shown->y, NULL));
}

static void train(const char *text, const sluice_pipeline_config *config,
                  struct shown *shown)
{
    sluice_model *model = sl_test_parse(text);
    sluice_pipeline *pipe = sl_test_cut_create(config, model);
    show(pipe, model, shown);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

START_TEST(teams_have_the_bits_of_as_many_devices_without_teams)
{
    static const struct {
        const char *schedule;
        int devices;
        int team;
        int replicas;
        int zero;
    } shapes[] = {
        {"1f1b", 1, 2, 1, 0},  {"zb-v", 2, 2, 1, 0},  {"gpipe", 1, 4, 1, 0},
        {"zb-h1", 2, 2, 2, 0}, {"1f1b", 1, 3, 2, 1},  {"gpipe", 2, 2, 2, 3},
        {"gpipe", 1, 2, 3, 2}, {"zb-h2", 3, 2, 1, 0}, {"v-half", 2, 2, 1, 0},
    };
    static struct shown want, have;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int t = 0; t < N_TEXTS; t++) {
            if (sl_test_skips())
                continue;
            int n_parts = shapes[i].devices * shapes[i].team;
            sluice_pipeline_config config =
                config_of("1f1b", n_parts, 1, "adamw:lr=0.01");
            config.replicas = shapes[i].replicas;
            train(texts[t], &config, &want);
            config.schedule.name = shapes[i].schedule;
            config.schedule.devices = shapes[i].devices;
            config.team = shapes[i].team;
            config.zero = shapes[i].zero;
            train(texts[t], &config, &have);
            ck_assert_msg(!memcmp(&have, &want, sizeof want),
                          "%s, K %d, t %d, R %d, model %d: loss %.17g instead "
                          "of %.17g",
                          shapes[i].schedule, shapes[i].devices, shapes[i].team,
                          shapes[i].replicas, t, have.losses[2],
                          want.losses[2]);
        }
}
END_TEST

/* A clip's total is added up in another order. */
START_TEST(teams_train_as_the_reference)
{
    for (int t = 0; t < N_TEXTS; t++)
        for (int team = 2; team <= 3; team++) {
            sluice_pipeline_config config =
                config_of(t ? "interleaved-1f1b" : "1f1b", team == 2 ? 2 : 1,
                          team, "sgd:lr=0.3,momentum=0.9,clip=1");
            config.remat = t ? SLUICE_REMAT_ALWAYS : SLUICE_REMAT_NEVER;
            sl_test_cut_compare(texts[t], config);
        }
}
END_TEST

/* Lines of 64 bytes that a device has of a table. */
static size_t lines_of(int rows, int n_devices, int device)
{
    int n = rows / n_devices + (device < rows % n_devices);
    return ((size_t)n * WIDTH + 15) / 16;
}

/* The linear layers have 6 columns each, less than a line: their shards differ
 * with the team.  With an embedding and a head alone, and layers without
 * parameters between, a device has rows and nothing else. */
START_TEST(a_device_has_its_part_of_the_rows_to_the_byte)
{
    static const char bare[] =
        "input(3, int32); embedding(17, width=6); activate(tanh) x4; head(13)";
    for (int n = 0; n < 6; n++) {
        int devices = 1 + n % 2, team = 2 + n / 2;
        sluice_model *model = sl_test_parse(bare);
        sluice_pipeline_config config =
            config_of("1f1b", devices, team, "adamw:lr=0.01");
        sluice_pipeline *pipe = sl_test_cut_create(&config, model);
        for (int d = 0; d < devices * team; d++) {
            sluice_device_info info;
            size_t lines = lines_of(ROWS, devices * team, d) +
                           lines_of(OTHER_ROWS, devices * team, d);
            sluice_pipeline_device(pipe, d, &info);
            ck_assert_uint_eq(info.planned.parameters, 64 * lines);
            ck_assert_uint_eq(info.planned.gradients, 64 * lines);
            ck_assert_uint_eq(info.planned.optimizer, 2 * 64 * lines);
        }
        sluice_pipeline_destroy(pipe);
        sluice_model_destroy(model);
    }
}
END_TEST

/* A label that is none is found by an S or T of some device. */
START_TEST(what_fails_in_a_device_fails_the_step_and_changes_nothing)
{
    static struct shown want, have;
    struct sl_test_cut_data data;
    sluice_model *model = sl_test_parse(texts[SL_TEST_CUT_TIED]);
    sluice_pipeline_config config = config_of("1f1b", 2, 2, "adamw:lr=0.01");
    train(texts[SL_TEST_CUT_TIED], &config, &want);
    sluice_pipeline *pipe = sl_test_cut_create(&config, model);
    sl_test_cut_fill(&data);
    for (int i = 0; i < BATCH; i++) {
        int32_t *label = &data.labels[i * SL_TEST_CUT_POSITIONS];
        int32_t kept = *label;
        sluice_diag why = {.text = ""};
        *label = SL_TEST_CUT_CLASSES + 1;
        ck_assert_int_eq(
            sluice_pipeline_step(pipe, data.x, data.labels, BATCH, NULL, &why),
            SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, "12"), "%s", why.text);
        *label = kept;
    }
    show(pipe, model, &have);
    ck_assert_mem_eq(&have, &want, sizeof want);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(more_devices_than_rows_are_refused)
{
    sluice_model *model = sl_test_parse(texts[SL_TEST_CUT_TIED]);
    sluice_pipeline_config config = config_of("1f1b", 2, 7, "adamw:lr=0.01");
    sluice_pipeline *pipe;
    sluice_diag why = {.text = ""};
    ck_assert_int_eq(sluice_pipeline_create(&config, model, &pipe, &why),
                     SLUICE_INVALID);
    ck_assert_str_eq(why.text,
                     "a vocabulary of 13 on 14 devices; use at most as many");
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.team_vocabulary",
                 teams_have_the_bits_of_as_many_devices_without_teams,
                 teams_train_as_the_reference,
                 a_device_has_its_part_of_the_rows_to_the_byte,
                 what_fails_in_a_device_fails_the_step_and_changes_nothing,
                 more_devices_than_rows_are_refused)
