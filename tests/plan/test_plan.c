/* Plans of problems whose answer is known by hand, refusals and files. */
#include <sluice/plan.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plan/layers.h"
#include "sched/failing.h"
#include "support/parse_model.h"
#include "support/runner.h"

static sluice_plan *found(const struct layered *l)
{
    sluice_plan *plan;
    sluice_diag why = {.text = ""};
    sluice_status st = sluice_plan_find(&l->config, &plan, &why);
    ck_assert_msg(!st, "%s", why.text);
    return plan;
}

static int64_t step_of(const struct layered *l)
{
    sluice_plan *plan = found(l);
    int64_t ns = sluice_plan_row_at(plan, 0)->step_ns;
    sluice_plan_destroy(plan);
    return ns;
}

START_TEST(gpipe_on_equal_layers_takes_what_its_formula_says)
{
    struct layered l;
    layered_init(&l, 8, 4, 8);
    l.config.schedules = "gpipe";
    /* (M + K - 1) (F + I + W) of two layers. */
    ck_assert_int_eq(step_of(&l), (8 + 3) * 2 * 3000);
}
END_TEST

START_TEST(the_first_actions_take_longer_where_nothing_is_waited_for)
{
    struct layered l;
    int64_t first[MOST_LAYERS][KINDS] = {{0}};
    layered_init(&l, 8, 4, 8);
    l.config.schedules = "gpipe";
    l.config.no_remat = true;
    for (int i = 0; i < 8; i++) {
        first[i][SLUICE_F] = 10;
        first[i][SLUICE_B] = first[i][SLUICE_I] = 100;
    }
    l.config.first_ns = first[0];
    sluice_plan *plan = found(&l);
    int64_t ns = sluice_plan_row_at(plan, 0)->step_ns;
    sluice_plan_destroy(plan);
    /* Two layers of the first stage's forward; all others, those of the last
     * stage's backward among them, are packed while they wait. */
    ck_assert_int_eq(ns, (8 + 3) * 2 * 3000 + 2 * 10);
    first[3][SLUICE_W] = -1;
    sluice_diag why;
    ck_assert_int_eq(sluice_plan_find(&l.config, &plan, &why), SLUICE_INVALID);
    ck_assert_ptr_nonnull(
        strstr(why.text, "the first action of layer 3 takes"));
}
END_TEST

/* Three layers on each of two nodes: 256 bytes cross by the skip connection,
 * 10 beside it. */
START_TEST(what_a_skip_connection_carries_takes_its_time)
{
    struct layered l;
    sluice_model *model;
    ck_assert(!sluice_model_parse("input(64); linear(64); stash(a); linear(2); "
                                  "linear(64); pop(a); linear(2)",
                                  NULL, &model, NULL));
    layered_init(&l, 6, 2, 8);
    l.config.schedules = "gpipe";
    l.config.no_remat = true;
    l.config.network_ns = 1;
    l.config.network_bytes_per_ns = 1;
    l.devices[1].node = 1;
    ck_assert_int_eq(step_of(&l), (8 + 1) * 3 * 3000 + 2 * (1 + 10));
    l.config.model = model;
    ck_assert_int_eq(step_of(&l), (8 + 1) * 3 * 3000 + 2 * (1 + 256));
    sluice_model_destroy(model);
}
END_TEST

START_TEST(a_device_of_half_the_speed_gets_half_the_layers)
{
    struct layered l;
    layered_init(&l, 12, 2, 32);
    l.config.schedules = "1f1b";
    l.devices[1].speed = 0.5;
    sluice_plan *plan = found(&l);
    int n;
    const int *places = sluice_plan_places(plan, &n);
    const int *sizes = sluice_plan_partition(plan, &n);
    ck_assert_int_eq(n, 2);
    ck_assert_int_eq(sizes[places[0] == 0 ? 0 : 1], 8);
    sluice_plan_destroy(plan);
}
END_TEST

START_TEST(a_device_too_slow_to_help_is_left_out)
{
    struct layered l;
    layered_init(&l, 4, 2, 1);
    l.devices[0].speed = 0.1;
    sluice_plan *plan = found(&l);
    int n;
    const int *places = sluice_plan_places(plan, &n);
    ck_assert_int_eq(n, 1);
    ck_assert_int_eq(places[0], 1);
    ck_assert_int_eq(sluice_plan_row_at(plan, 0)->step_ns, 12000);
    ck_assert_int_le(sluice_plan_bound_ns(plan), 12000);
    sluice_plan_destroy(plan);
}
END_TEST

START_TEST(a_cap_makes_as_many_stages_recompute_as_it_must)
{
    struct layered l;
    layered_init(&l, 4, 2, 8);
    l.config.schedules = "1f1b";
    /* Two layers: 20 fixed, inputs 10, inner 20 for each live micro-batch.
     * The first device holds two, the last one. */
    l.devices[0].cap_bytes = l.devices[1].cap_bytes = 20 + 2 * 10 + 20;
    sluice_plan *plan = found(&l);
    ck_assert_int_eq(sluice_plan_row_at(plan, 0)->recomputing, 1);
    ck_assert_uint_eq(sluice_plan_row_at(plan, 0)->bytes, 60);
    sluice_plan_destroy(plan);
    l.devices[0].cap_bytes = l.devices[1].cap_bytes = 20 + 2 * 10 + 2 * 20;
    plan = found(&l);
    ck_assert_int_eq(sluice_plan_row_at(plan, 0)->recomputing, 0);
    sluice_plan_destroy(plan);
}
END_TEST

START_TEST(no_row_beats_the_bound_or_stands_before_a_faster_one)
{
    struct layered l;
    layered_init(&l, 7, 3, 6);
    for (int i = 0; i < l.n; i++)
        layered_set(&l, i, 500 + 300 * i % 7, 900, 1100 - 100 * i);
    sluice_plan *plan = found(&l);
    ck_assert_int_gt(sluice_plan_n_rows(plan), 4);
    for (int i = 0; i < sluice_plan_n_rows(plan); i++) {
        int64_t ns = sluice_plan_row_at(plan, i)->step_ns;
        ck_assert_int_ge(ns, sluice_plan_bound_ns(plan));
        if (i)
            ck_assert_int_ge(ns, sluice_plan_row_at(plan, i - 1)->step_ns);
    }
    ck_assert_ptr_nonnull(strstr(sluice_plan_sentence(plan), "above what no"));
    sluice_plan_destroy(plan);
}
END_TEST

/* With 4 and with 8 micro-batches a row takes as long; with 16 a third longer.
 */
START_TEST(what_varuna_would_do_stands_beside_the_plan)
{
    struct layered l;
    static const int numbers[] = {4, 8, 16};
    static int64_t costs[3][4][KINDS];
    layered_init(&l, 4, 2, 16);
    static const int shares[] = {6, 3, 2}; /* of a micro-batch's time */
    for (int m = 0; m < 3; m++)
        for (int i = 0; i < 4; i++)
            for (int kind = 0; kind < KINDS; kind++)
                costs[m][i][kind] = l.costs_ns[0][kind] * shares[m];
    l.config.microbatches = numbers;
    l.config.n_microbatches = 3;
    l.config.costs_ns = costs[0][0];
    l.devices[1].speed = 0.25;
    sluice_plan *plan = found(&l);
    int found_at = -1;
    for (int i = 0; i < sluice_plan_n_rows(plan); i++)
        if (!strcmp(sluice_plan_row_at(plan, i)->schedule, "varuna's rule"))
            found_at = i;
    ck_assert_int_gt(found_at, 0);
    const sluice_plan_row *row = sluice_plan_row_at(plan, found_at);
    ck_assert_int_eq(row->microbatches, 8);
    ck_assert_int_ge(row->step_ns, sluice_plan_row_at(plan, 0)->step_ns);
    sluice_plan_destroy(plan);
}
END_TEST

START_TEST(what_must_be_given_is_asked_for)
{
    struct layered l;
    sluice_plan *plan;
    sluice_diag why;
    layered_init(&l, 4, 2, 4);
    sluice_plan_config config = l.config;
    config.costs_ns = NULL;
    ck_assert_int_eq(sluice_plan_find(&config, &plan, &why), SLUICE_INVALID);
    ck_assert_str_eq(why.text,
                     "a plan needs `costs_ns`, and how many there are");
    config = l.config;
    config.schedules = "1f1b,2f2b";
    ck_assert_int_eq(sluice_plan_find(&config, &plan, &why), SLUICE_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(why.text, "\"2f2b\""));
    config.schedules = "1f1b";
    l.devices[1].speed = -1;
    ck_assert_int_eq(sluice_plan_find(&config, &plan, &why), SLUICE_INVALID);
    ck_assert_str_eq(why.text, "device 1 has speed -1: give 0.001 to 1000, or "
                               "0 for 1");
    l.devices[1].speed = 1;
    config.bytes_per_ns = -2;
    ck_assert_int_eq(sluice_plan_find(&config, &plan, &why), SLUICE_INVALID);
    ck_assert_str_eq(why.text, "a bandwidth of -2 bytes/ns: give a finite one, "
                               "or 0");
    config.bytes_per_ns = 0;
    l.costs_ns[2][SLUICE_F] = -2;
    ck_assert_int_eq(sluice_plan_find(&config, &plan, &why), SLUICE_INVALID);
    ck_assert_ptr_nonnull(strstr(why.text, "layer 2"));
    l.costs_ns[2][SLUICE_F] = 1;
    l.layers[3].saved_row_bytes = -1;
    ck_assert_int_eq(sluice_plan_find(&config, &plan, &why), SLUICE_INVALID);
    ck_assert_ptr_nonnull(strstr(why.text, "layer 3 takes -1 bytes"));
}
END_TEST

START_TEST(costs_of_nothing_make_a_sentence_of_numbers)
{
    struct layered l;
    layered_init(&l, 4, 2, 2);
    for (int i = 0; i < 4; i++)
        layered_set(&l, i, 0, 0, 0);
    sluice_plan *plan = found(&l);
    ck_assert_int_eq(sluice_plan_row_at(plan, 0)->step_ns, 0);
    ck_assert_ptr_null(strstr(sluice_plan_sentence(plan), "nan"));
    ck_assert_ptr_null(strstr(sluice_plan_sentence(plan), "inf"));
    sluice_plan_destroy(plan);
}
END_TEST

START_TEST(what_fits_nowhere_is_told_with_the_smallest)
{
    struct layered l;
    sluice_plan *plan;
    sluice_diag why;
    layered_init(&l, 4, 2, 4);
    l.devices[0].cap_bytes = l.devices[1].cap_bytes = 25;
    ck_assert_int_eq(sluice_plan_find(&l.config, &plan, &why), SLUICE_OVER_CAP);
    ck_assert_ptr_nonnull(strstr(why.text, "takes"));
}
END_TEST

START_TEST(a_plan_is_read_as_it_was_written)
{
    struct layered l;
    char path[] = "/tmp/sluice_plan_XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    layered_init(&l, 6, 2, 4);
    l.devices[0].speed = 0.3;
    sluice_plan *plan = found(&l), *read;
    sluice_diag why = {.text = ""};
    ck_assert_int_eq(sluice_plan_write(plan, path, &why), SLUICE_OK);
    ck_assert_msg(!sluice_plan_read(path, NULL, &read, &why), "%s", why.text);
    sluice_pipeline_config a = {0}, b = {0};
    ck_assert_int_eq(sluice_plan_apply(plan, NULL, &a, NULL), SLUICE_OK);
    ck_assert_int_eq(sluice_plan_apply(read, NULL, &b, NULL), SLUICE_OK);
    int n, m;
    sluice_plan_partition(plan, &n);
    sluice_plan_partition(read, &m);
    ck_assert_int_eq(n, m);
    ck_assert_mem_eq(a.partition, b.partition, (size_t)n * sizeof *a.partition);
    ck_assert_int_eq(a.batch, b.batch);
    ck_assert_int_eq(a.queue_capacity, b.queue_capacity);
    char grids[2][4096];
    sluice_schedule_format(a.custom, grids[0], sizeof grids[0]);
    sluice_schedule_format(b.custom, grids[1], sizeof grids[1]);
    ck_assert_str_eq(grids[0], grids[1]);
    sluice_plan_destroy(read);
    sluice_plan_destroy(plan);
    unlink(path);
}
END_TEST

START_TEST(a_plan_is_refused_for_another_model_with_as_many_layers)
{
    struct layered l;
    sluice_pipeline_config config = {0};
    sluice_diag why = {.text = ""};
    char path[] = "/tmp/sluice_plan_XXXXXX";
    close(mkstemp(path));
    sluice_model *model = sl_test_parse("8-16x3-4"),
                 *other = sl_test_parse("8-12x3-4");
    ck_assert_int_eq(sluice_model_n_layers(model),
                     sluice_model_n_layers(other));
    layered_init(&l, sluice_model_n_layers(model), 2, 4);
    l.config.model = model;
    sluice_plan *plan = found(&l), *read;
    ck_assert_int_eq(sluice_plan_write(plan, path, &why), SLUICE_OK);
    ck_assert_msg(!sluice_plan_read(path, NULL, &read, &why), "%s", why.text);
    ck_assert_str_eq(sluice_plan_model(read), sluice_plan_model(plan));
    ck_assert_int_eq(sluice_plan_apply(read, model, &config, &why), SLUICE_OK);
    ck_assert_int_eq(sluice_plan_apply(read, other, &config, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "was made for the model"), "%s", why.text);
    ck_assert_msg(strstr(why.text, "16"), "%s", why.text);
    ck_assert_msg(strstr(why.text, "12"), "%s", why.text);
    sluice_plan_destroy(read);
    sluice_plan_destroy(plan);
    sluice_model_destroy(other);
    sluice_model_destroy(model);
    unlink(path);
}
END_TEST

/* Of two replicas of teams of two: to the byte what a pipeline says. */
START_TEST(the_bytes_of_replicas_and_teams_are_those_of_a_pipeline)
{
    struct layered l;
    static const int two[] = {2};
    static const sluice_sgd_config sgd = {.learning_rate = 0.1};
    sluice_memory_plan plans[8] = {{0}};
    sluice_model *model = sl_test_parse("64-64x3-32");
    sluice_pipeline_config config = {
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
    };
    layered_init(&l, sluice_model_n_layers(model), 8, 4);
    l.config.model = model;
    l.config.pipeline = &config;
    l.config.schedules = "1f1b";
    l.config.replicas = l.config.teams = two;
    l.config.n_replicas = l.config.n_teams = 1;
    sluice_plan *plan = found(&l);
    int n;
    size_t most = 0;
    sluice_plan_places(plan, &n);
    const sluice_plan_row *row = sluice_plan_row_at(plan, 0);
    ck_assert_int_eq(n, 2 * row->devices * 2);
    ck_assert(!sluice_plan_apply(plan, model, &config, NULL));
    ck_assert(!sluice_pipeline_plan(model, &config, plans, NULL));
    for (int d = 0; d < row->devices * 2; d++)
        most = plans[d].total > most ? plans[d].total : most;
    ck_assert_uint_eq(row->bytes, most);
    sluice_plan_destroy(plan);
    sluice_model_destroy(model);
}
END_TEST

/* Of two replicas, with ZeRO, and the W's of two micro-batches as one product:
 * the same, and the pipeline shares and joins. */
START_TEST(the_bytes_of_shared_states_and_gathered_weights_are_too)
{
    struct layered l;
    static const int two[] = {2}, gathers[] = {2}, stage_2[] = {2};
    static const int microbatches[] = {4, 2};
    static const sluice_sgd_config sgd = {.learning_rate = 0.1};
    static int64_t costs[2][MOST_LAYERS][KINDS];
    sluice_memory_plan plans[8] = {{0}};
    sluice_model *model = sl_test_parse("64-64x3-32");
    sluice_pipeline_config config = {
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
    };
    layered_init(&l, sluice_model_n_layers(model), 4, 4);
    for (int m = 0; m < 2; m++)
        memcpy(costs[0][m * l.n], l.costs_ns,
               (size_t)l.n * sizeof l.costs_ns[0]);
    for (int i = 0; i < l.n; i++)
        costs[0][l.n + i][SLUICE_F] = 100000; /* too slow to be chosen */
    for (int i = 0; i < 2 * l.n; i++)
        costs[0][i][SLUICE_REDUCE_GRAD] = 1;
    l.config.costs_ns = costs[0][0];
    l.config.microbatches = microbatches;
    l.config.n_microbatches = 2;
    l.config.batch = 8;
    l.config.model = model;
    l.config.pipeline = &config;
    l.config.schedules = "1f1b";
    l.config.replicas = two;
    l.config.gathers = gathers;
    l.config.zeros = stage_2;
    l.config.n_replicas = l.config.n_gathers = l.config.n_zeros = 1;
    sluice_plan *plan = found(&l);
    size_t most = 0;
    const sluice_plan_row *row = sluice_plan_row_at(plan, 0);
    ck_assert_int_eq(row->microbatches, 2);
    ck_assert_int_eq(row->zero, 2);
    ck_assert_int_eq(row->gather, 2);
    ck_assert(!sluice_plan_apply(plan, model, &config, NULL));
    ck_assert_int_eq(config.zero, 2);
    ck_assert(config.join_weights);
    ck_assert(!sluice_pipeline_plan(model, &config, plans, NULL));
    for (int d = 0; d < row->devices; d++)
        most = plans[d].total > most ? plans[d].total : most;
    ck_assert_uint_eq(row->bytes, most);
    sluice_plan_destroy(plan);
    sluice_model_destroy(model);
}
END_TEST

/* A text, and how it is refused. */
static const struct refusal {
    const char *text;
    const char *sentence;
    size_t n; /* bytes; 0: as a string */
} refusals[] = {
    {"batch\0 = 4\n", "line 1: the line has a byte 0", 11},
    {"", "\"actions:\""},
    {"batch = 4\n", "\"actions:\""},
    {"batch = 4\nbatch = 4\n", "line 2: a setting is given twice"},
    {"batch = 0\n", "line 1: the value is no whole number"},
    {"batch = 4x\n", "line 1: the value is no whole number"},
    {"# remark\n\nwidth = 4\n", "line 3: a plan has no setting"},
    {"partition = 1,,2\n", "no list of whole numbers"},
    {"partition = \n", "the list is empty"},
    {"speeds = 1,fast\n", "no list of speeds"},
    {"speeds = nan\n", "no list of speeds"},
    {"speeds = 0x1\n", "no list of speeds"},
    {"zero = 4\n", "line 1: the value is no whole number in its range"},
    {"gather_weights = -1\n", "line 1: the value is no whole number"},
    {"batch\n", "neither NAME = VALUE"},
    {"model = a\nmodel = b\n", "line 2: a setting is given twice"},
    {"batch = 1\nqueue_capacity = 2\nplaces = 0\nactions:\n0F0,0B0\n",
     "the plan has no partition"},
    {"batch = 1\npartition = 3\nqueue_capacity = 2\nplaces = 0\nactions:\n"
     "0F0,0B0\n",
     "the plan has no model"},
    {"batch = 1\npartition = 3,4\nqueue_capacity = 2\nplaces = 0\n"
     "model = any\nactions:\n"
     "0F0,0B0\n",
     "2 sizes of stages"},
    {"batch = 1\npartition = 3\nqueue_capacity = 2\nplaces = 0\n"
     "speeds = 1,0.5\nmodel = any\nactions:\n0F0,0B0\n",
     "2 speeds for 1 places"},
    {"batch = 1\npartition = 3\nqueue_capacity = 2\nplaces = 0\n"
     "model = any\nactions:\n0B0,0F0\n",
     "order"},
};

START_TEST(a_text_that_is_no_plan_is_refused_by_its_line)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        char path[] = "/tmp/sluice_plan_XXXXXX";
        int fd = mkstemp(path);
        size_t n = refusals[i].n ? refusals[i].n : strlen(refusals[i].text);
        ck_assert_int_eq((int)write(fd, refusals[i].text, n), (int)n);
        close(fd);
        sluice_plan *plan;
        sluice_diag why = {.text = ""};
        sluice_status st = sluice_plan_read(path, NULL, &plan, &why);
        unlink(path);
        ck_assert_msg(st == SLUICE_FORMAT || st == SLUICE_SCHEDULE, "%d: %s",
                      (int)i, why.text);
        ck_assert_msg(strstr(why.text, refusals[i].sentence), "%d: %s", (int)i,
                      why.text);
    }
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    struct layered l;
    layered_init(&l, 4, 2, 3);
    l.devices[1].speed = 0.5;
    l.devices[1].cap_bytes = 60;
    l.config.schedules = "1f1b,zb-h1,auto";
    sluice_status st = SLUICE_NO_MEMORY;
    for (int i = 1; st; i += 1 + i / 8) {
        struct failing failing = {.fail_at = i};
        sluice_allocator allocator = failing_allocator(&failing);
        sluice_plan *plan;
        l.config.allocator = &allocator;
        st = sluice_plan_find(&l.config, &plan, NULL);
        ck_assert(st == SLUICE_OK || st == SLUICE_NO_MEMORY);
        if (!st)
            sluice_plan_destroy(plan);
        ck_assert_int_eq(failing.n_live, 0);
    }
}
END_TEST

SLUICE_TEST_MAIN("plan.plan", gpipe_on_equal_layers_takes_what_its_formula_says,
                 the_first_actions_take_longer_where_nothing_is_waited_for,
                 what_a_skip_connection_carries_takes_its_time,
                 a_device_of_half_the_speed_gets_half_the_layers,
                 a_device_too_slow_to_help_is_left_out,
                 a_cap_makes_as_many_stages_recompute_as_it_must,
                 no_row_beats_the_bound_or_stands_before_a_faster_one,
                 what_varuna_would_do_stands_beside_the_plan,
                 what_must_be_given_is_asked_for,
                 costs_of_nothing_make_a_sentence_of_numbers,
                 what_fits_nowhere_is_told_with_the_smallest,
                 a_plan_is_read_as_it_was_written,
                 a_plan_is_refused_for_another_model_with_as_many_layers,
                 the_bytes_of_replicas_and_teams_are_those_of_a_pipeline,
                 the_bytes_of_shared_states_and_gathered_weights_are_too,
                 a_text_that_is_no_plan_is_refused_by_its_line,
                 every_allocation_may_fail)
