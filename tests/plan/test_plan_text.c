/* Plans as text: what each setting means, its ends, and what may be left out.
 */
#include "plan/plan.h"

#include <stdio.h>
#include <string.h>

#include "support/allocator.h"
#include "support/runner.h"

enum { ROOM = 1024 };

static sluice_status parse(const char *text, sluice_plan **plan,
                           sluice_diag *why)
{
    *why = (sluice_diag){.text = ""};
    return sl_plan_parse(text, strlen(text), NULL, plan, why);
}

static sluice_plan *parsed(const char *text)
{
    sluice_plan *plan;
    sluice_diag why;
    sluice_status st = parse(text, &plan, &why);
    ck_assert_msg(!st, "%s", why.text);
    return plan;
}

/* A plan of 64 replicas of a device: the most that there may be. */
static const char *widest(const char *besides)
{
    static char text[ROOM];
    int n = snprintf(text, sizeof text,
                     "%sbatch = 64\npartition = 1\nqueue_capacity = 1\n"
                     "replicas = 64\nmodel = any\nplaces = 0",
                     besides);
    for (int d = 1; d < SLUICE_MAX_DEVICES; d++)
        n += snprintf(text + n, sizeof text - (size_t)n, ",%d", d);
    snprintf(text + n, sizeof text - (size_t)n, "\nactions:\n0F0,0B0\n");
    return text;
}

START_TEST(each_setting_is_found_in_the_plan)
{
    static const int places[] = {7, 6, 5, 4, 3, 2, 1, 0};
    static const double speeds[] = {1, 0.5, 2, 0.001, 1000, 1, 1, 3};
    sluice_plan *plan = parsed(
        "# remark = 1\n\nbatch = 24\npartition = 3,4\nqueue_capacity = 5\n"
        "replicas = 2\nteam = 2\nzero = 3\ngather_weights = 6\n"
        "places = 7,6,5,4,3,2,1,0\nspeeds = 1,0.5,2,0.001,1000,1,1,3\n"
        "schedule = 1f1b\nmodel = 8-16 = x\nstep_ns = 9223372036854775807\n"
        "bound_ns = 70\nbytes = 80\nactions:\n0F0,0F1,0B0,0B1\n"
        "1F0,1B0,1F1,1B1\n");
    const sluice_plan_row *row = sluice_plan_row_at(plan, 0);
    int n;
    ck_assert_int_eq(sluice_plan_n_rows(plan), 1);
    ck_assert_int_eq(sluice_plan_batch(plan), 24);
    const int *sizes = sluice_plan_partition(plan, &n);
    ck_assert_int_eq(n, 2);
    ck_assert(sizes[0] == 3 && sizes[1] == 4);
    ck_assert_mem_eq(sluice_plan_places(plan, &n), places, sizeof places);
    ck_assert_int_eq(n, 8);
    ck_assert_mem_eq(sluice_plan_speeds(plan, &n), speeds, sizeof speeds);
    ck_assert_int_eq(n, 8);
    ck_assert_str_eq(sluice_plan_model(plan), "8-16 = x");
    ck_assert_int_eq(sluice_plan_bound_ns(plan), 70);
    ck_assert_int_eq(row->queue_capacity, 5);
    ck_assert_int_eq(row->replicas, 2);
    ck_assert_int_eq(row->team, 2);
    ck_assert_int_eq(row->zero, 3);
    ck_assert_int_eq(row->gather, 6);
    ck_assert_str_eq(row->schedule, "1f1b");
    ck_assert_int_eq(row->step_ns, INT64_MAX);
    ck_assert_uint_eq(row->bytes, 80);
    ck_assert_int_eq(row->devices, 2);
    ck_assert_int_eq(row->microbatches, 2);
    ck_assert_int_eq(row->chunks, 1);
    sluice_plan_destroy(plan);
}
END_TEST

START_TEST(what_is_left_out_has_its_default)
{
    sluice_plan *plan = parsed("batch = 4\npartition = 3,2\n"
                               "queue_capacity = 2\nplaces = 1\nmodel = any\n"
                               "actions:\n0F0,1F0,1B0,0B0");
    const sluice_plan_row *row = sluice_plan_row_at(plan, 0);
    int n;
    ck_assert(row->replicas == 1 && row->team == 1);
    ck_assert(row->zero == 0 && row->gather == 0);
    ck_assert(row->step_ns == 0 && row->bytes == 0);
    ck_assert_int_eq(row->chunks, 2);
    ck_assert_str_eq(row->schedule, "");
    ck_assert_int_eq(sluice_plan_bound_ns(plan), 0);
    ck_assert_ptr_null(sluice_plan_model(plan));
    ck_assert(*sluice_plan_speeds(plan, &n) == 1);
    sluice_plan_destroy(plan);
}
END_TEST

START_TEST(a_plan_may_have_64_devices_and_as_many_speeds)
{
    char speeds[ROOM] = "speeds = 0.5";
    int n;
    sluice_plan *plan = parsed(widest("bound_ns = 7\n"));
    ck_assert_int_eq(sluice_plan_bound_ns(plan), 7);
    ck_assert(sluice_plan_speeds(plan, &n)[SLUICE_MAX_DEVICES - 1] == 1);
    ck_assert_int_eq(n, SLUICE_MAX_DEVICES);
    sluice_plan_destroy(plan);
    for (int d = 1; d < SLUICE_MAX_DEVICES; d++)
        strcat(speeds, ",0.5");
    plan = parsed(widest(strcat(speeds, "\n")));
    ck_assert(sluice_plan_speeds(plan, &n)[SLUICE_MAX_DEVICES - 1] == 0.5);
    sluice_plan_destroy(plan);
    sluice_diag why;
    speeds[strlen(speeds) - 1] = '\0';
    strcat(speeds, ",0.5\n");
    ck_assert_int_eq(parse(widest(speeds), &plan, &why), SLUICE_FORMAT);
    ck_assert_msg(strstr(why.text, "line 1: the value is no list of speeds"),
                  "%s", why.text);
}
END_TEST

/* A setting, values it takes, and values it does not. */
static const struct range {
    const char *name;
    const char *good[2];
    const char *bad[5];
} ranges[] = {
    {"batch", {"1", "2147483647"}, {"0", "2147483648", "", "1 ", "x"}},
    {"partition", {"1", "65536,1"}, {"0", "65537", ",1", "1;2", "1,"}},
    {"queue_capacity", {"1", "65536"}, {"0", "65537"}},
    {"replicas", {"1", "64"}, {"0", "65"}},
    {"team", {"1", "64"}, {"0", "65"}},
    {"zero", {"0", "3"}, {"-1", "4"}},
    {"gather_weights", {"0", "65536"}, {"-1", "65537"}},
    {"places", {"0", "63"}, {"-1", "64", ",1", "0,64", "9999999999999999999"}},
    {"speeds", {"0.001", "1000"}, {"0.00099", "1000.1", "", "1,", ",1"}},
    {"step_ns",
     {"0", "9223372036854775807"},
     {"-1", "9223372036854775808", "", "1x"}},
    {"bound_ns", {"0", "9223372036854775807"}, {"-1", "9223372036854775808"}},
    {"bytes", {"0", "9223372036854775807"}, {"-1", "9223372036854775808"}},
};

/* Whether a value is refused at its line; else the plan is not complete. */
static bool is_refused(const char *name, const char *value)
{
    char text[ROOM];
    sluice_plan *plan;
    sluice_diag why;
    snprintf(text, sizeof text, "%s = %s\nactions:\n0F0,0B0\n", name, value);
    ck_assert_int_eq(parse(text, &plan, &why), SLUICE_FORMAT);
    bool refused = !strncmp(why.text, "line 1: ", strlen("line 1: "));
    ck_assert_msg(refused || strstr(why.text, "the plan has no "), "%s",
                  why.text);
    return refused;
}

START_TEST(each_setting_has_its_ends)
{
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const struct range *r = &ranges[i];
        for (int k = 0; k < 2; k++)
            ck_assert_msg(!is_refused(r->name, r->good[k]), "%s = %s", r->name,
                          r->good[k]);
        for (int k = 0; k < 5 && r->bad[k]; k++)
            ck_assert_msg(is_refused(r->name, r->bad[k]), "%s = %s", r->name,
                          r->bad[k]);
    }
}
END_TEST

START_TEST(replicas_and_teams_multiply_the_places)
{
    static const char *const wrong[] = {"replicas = 2\n", "team = 2\n"};
    for (int i = 0; i < 2; i++) {
        char text[ROOM];
        sluice_plan *plan;
        sluice_diag why;
        snprintf(text, sizeof text,
                 "%sbatch = 4\npartition = 3\nqueue_capacity = 2\nplaces = 0\n"
                 "model = any\nactions:\n0F0,0B0\n",
                 wrong[i]);
        ck_assert_int_eq(parse(text, &plan, &why), SLUICE_FORMAT);
        ck_assert_msg(strstr(why.text, "the plan has 1 places"), "%s",
                      why.text);
    }
}
END_TEST

START_TEST(a_plan_whose_schedule_is_missing_is_refused_by_the_schedule)
{
    sluice_plan *plan;
    sluice_diag why;
    ck_assert_int_ne(parse("batch = 4\nactions:", &plan, &why), SLUICE_OK);
    ck_assert_msg(!strstr(why.text, "are missing"), "%s", why.text);
}
END_TEST

START_TEST(a_plan_that_is_not_there_is_an_io_error)
{
    sluice_plan *plan = NULL;
    sluice_diag why;
    ck_assert_int_eq(sluice_plan_read("/none", NULL, &plan, &why), SLUICE_IO);
    ck_assert_msg(strstr(why.text, "/none"), "%s", why.text);
    ck_assert_ptr_null(plan);
}
END_TEST

/* At each allocation that fails, and for a text that is refused. */
START_TEST(all_memory_is_given_back_as_it_was_taken)
{
    const char *text = widest("");
    struct sl_test_allocator allocator;
    sluice_plan *plan;
    sluice_diag why;
    sluice_status st = SLUICE_NO_MEMORY;
    sl_test_allocator_init(&allocator);
    for (long at = 1; st; at++) {
        sl_test_allocator_arm(&allocator, at, false);
        st = sl_plan_parse(text, strlen(text), &allocator.hooks, &plan, &why);
        ck_assert(!st || st == SLUICE_NO_MEMORY);
        if (!st)
            sluice_plan_destroy(plan);
        ck_assert_int_eq(allocator.n_live, 0);
    }
    text = "model = x\nbatch = 0\n";
    sl_test_allocator_arm(&allocator, 0, false);
    ck_assert_int_eq(
        sl_plan_parse(text, strlen(text), &allocator.hooks, &plan, &why),
        SLUICE_FORMAT);
    ck_assert_int_eq(allocator.n_live, 0);
    ck_assert_int_eq(allocator.n_wrong, 0);
}
END_TEST

SLUICE_TEST_MAIN("plan.plan_text", each_setting_is_found_in_the_plan,
                 what_is_left_out_has_its_default,
                 a_plan_may_have_64_devices_and_as_many_speeds,
                 each_setting_has_its_ends,
                 replicas_and_teams_multiply_the_places,
                 a_plan_whose_schedule_is_missing_is_refused_by_the_schedule,
                 a_plan_that_is_not_there_is_an_io_error,
                 all_memory_is_given_back_as_it_was_taken)
