/*
 * UNSHARD, RESHARD and REDUCE_GRAD as PyTorch's pipelining places them: lists
 * worked out by its rule, and every schedule that can have them is accepted by
 * the verifier with them.
 */
#include <string.h>

#include <sluice/schedule_passes.h>
#include <sluice/schedule_text.h>

#include "sched/every.h"
#include "support/runner.h"

static void placed(const char *csv, int most_whole, const char *want)
{
    static char text[4096];
    sluice_schedule *schedule, *out;
    size_t length;
    ck_assert(!sluice_schedule_parse_csv(csv, strlen(csv), SLUICE_CSV_DETECT,
                                         NULL, &schedule, NULL));
    ck_assert(!sluice_schedule_shard(schedule, most_whole, &out, NULL));
    ck_assert(!sluice_schedule_format_csv(out, false, text, sizeof text,
                                          &length, NULL));
    ck_assert_str_eq(text, want);
    sluice_schedule_destroy(out);
    sluice_schedule_destroy(schedule);
}

START_TEST(a_device_has_the_next_three_stages_whole)
{
    placed("0F0,1F0,2F0,3F0,4F0,4B0,3B0,2B0,1B0,0B0", 3,
           "0UNSHARD,1UNSHARD,2UNSHARD,0F0,0RESHARD,3UNSHARD,1F0,1RESHARD,"
           "4UNSHARD,2F0,3F0,4F0,4B0,4REDUCE_GRAD,4RESHARD,1UNSHARD,3B0,"
           "3REDUCE_GRAD,3RESHARD,0UNSHARD,2B0,2REDUCE_GRAD,2RESHARD,1B0,"
           "1REDUCE_GRAD,1RESHARD,0B0,0REDUCE_GRAD,0RESHARD,0UPDATE,1UPDATE,"
           "2UPDATE,3UPDATE,4UPDATE\n");
    placed("0F0,1F0,1I0,0I0,1W0,0W0", 1,
           "0UNSHARD,0F0,0RESHARD,1UNSHARD,1F0,1I0,1RESHARD,0UNSHARD,0I0,"
           "0RESHARD,1UNSHARD,1W0,1REDUCE_GRAD,1RESHARD,0UNSHARD,0W0,"
           "0REDUCE_GRAD,0RESHARD,0UPDATE,1UPDATE\n");
    placed("0F0,0F1,0B0,0B1", 0, "0F0,0F1,0B0,0B1,0REDUCE_GRAD,0UPDATE\n");
}
END_TEST

static int n_placed;

static void place_and_verify(const struct every *of)
{
    sluice_schedule *out, *lowered;
    bool apt = sluice_schedule_n_copies(of->schedule) == 1 &&
               sluice_schedule_n_updates(of->schedule) == 1;
    sluice_status st =
        sluice_schedule_shard(of->schedule, 1 + n_placed % 3, &out, NULL);
    ck_assert_int_eq(st, apt ? SLUICE_OK : SLUICE_INVALID);
    if (st)
        return;
    n_placed++;
    assert_runs_too(of, out, NULL);
    ck_assert_int_eq(sluice_schedule_lower(out, of->capacity, &lowered, NULL),
                     SLUICE_OK);
    assert_runs_too(of, lowered, NULL);
    sluice_schedule_destroy(lowered);
    sluice_schedule_destroy(out);
}

START_TEST(every_schedule_runs_with_them)
{
    ck_assert_int_gt(for_every(place_and_verify), 100);
    ck_assert_int_gt(n_placed, 100);
}
END_TEST

START_TEST(what_cannot_have_them_is_refused)
{
    static const char csv[] = "0UNSHARD,0F0,0B0";
    sluice_schedule *schedule, *out;
    sluice_diag why;
    ck_assert(!sluice_schedule_parse_csv(csv, strlen(csv), SLUICE_CSV_DETECT,
                                         NULL, &schedule, NULL));
    ck_assert_int_eq(sluice_schedule_shard(schedule, 3, &out, &why),
                     SLUICE_INVALID);
    ck_assert_str_eq(why.text, "the schedule has UNSHARD, RESHARD or "
                               "REDUCE_GRAD already: they are placed once");
    ck_assert_int_eq(sluice_schedule_shard(schedule, -1, &out, &why),
                     SLUICE_INVALID);
    ck_assert_str_eq(why.text, "-1 stages whose parameters are whole: give 1 "
                               "to 64, or 0 to place REDUCE_GRAD only");
    ck_assert_int_eq(sluice_schedule_gather_weights(schedule, 1, &out, &why),
                     SLUICE_INVALID);
    ck_assert_ptr_nonnull(strstr(why.text, "then place them"));
    sluice_schedule_destroy(schedule);
    ck_assert(!sluice_schedule_generate(
        &(sluice_schedule_config){
            .name = "pipedream", .devices = 2, .microbatches = 4},
        &schedule, NULL));
    ck_assert_int_eq(sluice_schedule_shard(schedule, 3, &out, &why),
                     SLUICE_INVALID);
    ck_assert_str_eq(why.text,
                     "the schedule has 4 updates of a stage and 1 copies of "
                     "the model: parameters are shared in one with one of "
                     "each");
    sluice_schedule_destroy(schedule);
}
END_TEST

SLUICE_TEST_MAIN("sched.place_shards", a_device_has_the_next_three_stages_whole,
                 every_schedule_runs_with_them,
                 what_cannot_have_them_is_refused)
