/* What a proof hands on: its values, and that it is complete or not there; and
 * its sentences. */
#include "sched/verify/findings.h"

#include <stdio.h>
#include <string.h>

#include <sluice/schedule_text.h>

#include "sched/every.h"
#include "sched/failing.h"
#include "sched/verify/verify.h"
#include "support/runner.h"

static sluice_schedule *read_csv(const char *text,
                                 const sluice_allocator *allocator)
{
    sluice_schedule *schedule = NULL;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_schedule_parse_csv(text, strlen(text), SLUICE_CSV_NEW,
                                             allocator, &schedule, &why),
                  "%s", why.text);
    return schedule;
}

static sluice_status find(const sluice_schedule *schedule,
                          struct sl_findings *found)
{
    return sl_verify(schedule, &(sluice_verify_config){0}, found, NULL);
}

START_TEST(a_synchronous_schedule_has_version_1_and_no_staleness)
{
    struct sl_findings found;
    sluice_schedule *schedule = every_make("1f1b", 2, 3);
    ck_assert(!find(schedule, &found));
    for (int s = 0; s < 2; s++) {
        ck_assert_int_eq(found.versions[s], 1);
        ck_assert_int_eq(sl_staleness_of(&found, s, 0), 0);
        for (int m = 0; m < 3; m++)
            ck_assert_int_eq(sl_version_used(&found, s, m), 1);
    }
    for (int m = 0; m < 3; m++)
        ck_assert_int_eq(found.update_of[m], 0);
    ck_assert_int_eq(sl_max_staleness(&found), 0);
    sl_findings_fini(&found);
    sl_findings_fini(&found); /* of zeros */
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(the_staleness_is_the_most_of_any_stage)
{
    struct sl_findings found;
    sluice_schedule *schedule = every_make("pipedream", 3, 4);
    int32_t most = 0;
    ck_assert(!find(schedule, &found));
    for (int s = 0; s < 3; s++)
        for (int u = 0; u < found.n_updates; u++)
            if (sl_staleness_of(&found, s, u) > most)
                most = sl_staleness_of(&found, s, u);
    ck_assert_int_eq(most, 2); /* the first stage is 2 updates behind */
    ck_assert_int_eq(sl_max_staleness(&found), most);
    sl_findings_fini(&found);
    sluice_schedule_destroy(schedule);
}
END_TEST

/* The rule `version` notes what it finds before it can compare the stages. */
START_TEST(a_stage_with_more_updates_than_another_is_refused)
{
    struct sl_findings found;
    sluice_schedule *schedule = read_csv("0F0,0F1,0B0,0B1,0UPDATE\n"
                                         "1F0,1B0,1UPDATE,1F1,1B1,1UPDATE\n",
                                         NULL);
    ck_assert_int_eq(find(schedule, &found), SLUICE_SCHEDULE);
    ck_assert_ptr_null(found.staleness);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    static const char *const names[] = {"1f1b", "pipedream"};
    for (int i = 0; i < 2; i++) {
        sluice_status st = SLUICE_NO_MEMORY;
        for (int n = 1; st; n++) {
            struct failing failing = {0};
            struct sl_findings found;
            sluice_allocator allocator = failing_allocator(&failing);
            sluice_schedule *schedule;
            ck_assert(!sluice_schedule_generate(
                &(sluice_schedule_config){.name = names[i],
                                          .devices = 2,
                                          .microbatches = 4,
                                          .allocator = &allocator},
                &schedule, NULL));
            int made = failing.n_live;
            failing.fail_at = failing.n_calls + n;
            st = find(schedule, &found);
            ck_assert(st == SLUICE_OK || st == SLUICE_NO_MEMORY);
            ck_assert_int_eq(st == SLUICE_OK,
                             failing.n_calls < failing.fail_at);
            if (!st)
                sl_findings_fini(&found);
            ck_assert_int_eq(failing.n_live, made);
            sluice_schedule_destroy(schedule);
        }
    }
}
END_TEST

/* A sentence of n characters, and a remark of n_remark. */
static void check_refusal(sluice_schedule *schedule, int n, int n_remark)
{
    char expected[SLUICE_DIAG_TEXT + SL_SCHEDULE_REMARK + 4];
    sluice_diag why;
    const struct sl_proof proof = {.schedule = schedule, .why = &why};
    memset(schedule->remark, 'r', (size_t)n_remark);
    schedule->remark[n_remark] = '\0';
    sl_refuse(&proof, 0, 0, (sluice_action){SLUICE_F, 0, 0}, "%0*d", n, 1);
    int whole = snprintf(expected, sizeof expected, "%0*d (%s)", n, 1,
                         schedule->remark);
    if (!n_remark || whole >= SLUICE_DIAG_TEXT)
        expected[n] = '\0';
    ck_assert_str_eq(why.text, expected);
}

START_TEST(a_remark_is_quoted_if_there_is_room_for_all_of_it)
{
    static const int lengths[] = {1, 10, 222, 300, SLUICE_DIAG_TEXT - 1};
    sluice_schedule *schedule = every_make("1f1b", 2, 3);
    for (int i = 0; i < 5; i++)
        for (int n_remark = 0; n_remark < SL_SCHEDULE_REMARK; n_remark++)
            check_refusal(schedule, lengths[i], n_remark);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(an_edge_of_a_stage_that_is_not_there_is_refused)
{
    static const sluice_schedule_edge edges[] = {
        {2, 2, 1}, {1, 2, 1}, {-1, 1, 1}, {-1, -1, 1}};
    sluice_schedule *schedule = every_make("1f1b", 2, 3);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(
            sluice_schedule_verify(
                schedule,
                &(sluice_verify_config){.edges = &edges[i], .n_edges = 1}, NULL,
                NULL),
            SLUICE_INVALID);
    sluice_schedule_destroy(schedule);
}
END_TEST

SLUICE_TEST_MAIN("sched.findings",
                 a_synchronous_schedule_has_version_1_and_no_staleness,
                 the_staleness_is_the_most_of_any_stage,
                 a_stage_with_more_updates_than_another_is_refused,
                 every_allocation_may_fail,
                 a_remark_is_quoted_if_there_is_room_for_all_of_it,
                 an_edge_of_a_stage_that_is_not_there_is_refused)
