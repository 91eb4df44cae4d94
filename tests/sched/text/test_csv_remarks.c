/* CSV as others write it, and what the reader says about what it took for
 * granted. */
#include "sched/text/csv_text.h"

#include <sluice/schedule_passes.h>

#include <stdio.h>
#include <unistd.h>

#include "support/runner.h"

static void assert_remark(const char *text, const char *want)
{
    sluice_schedule *schedule = parse(text, SLUICE_CSV_DETECT);
    ck_assert_str_eq(sluice_schedule_remark(schedule), want);
    sluice_schedule_destroy(schedule);
}

START_TEST(a_stray_w_is_a_slip_and_not_a_dialect)
{
    const char *text = "0F0,0F1,0B0,0B1\n1F0,1B0,1F1,1W1\n";
    assert_read_as(text, SLUICE_CSV_DETECT,
                   "0F0,0F1,0B0,0B1,0UPDATE\n1F0,1B0,1F1,1W1,1UPDATE\n");
    assert_remark(text, "read in the new dialect, where B is a full backward, "
                        "for most B's have no W; the first W is 1W1 at "
                        "position 3 of device 1");
    assert_remark("0F0,0F1,0B0,0W0,0B1,0W1\n",
                  "read in the old dialect, where B is an input gradient, for "
                  "there are W's and no I's, the first 0W0 at position 3 of "
                  "device 0");
    assert_remark("0F0,,0BW0\n", "read in the old dialect, where B is an input "
                                 "gradient, for 0BW0 at position 1 of device "
                                 "0");
    assert_remark("0F0,0I0,0W0\n", "");
    assert_remark("0F0,0B0\n", "");
    sluice_schedule *schedule = parse("0F0,0B0,0W0", SLUICE_CSV_OLD);
    ck_assert_str_eq(sluice_schedule_remark(schedule), "");
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(rows_and_cells_are_those_of_pythons_csv_module)
{
    const char *want = "0F0,0F1,0B0,0B1,0UPDATE\n1F0,1B0,1F1,1B1,1UPDATE\n";
    assert_read_as("\xef\xbb\xbf"
                   "0F0,0F1,0B0,0B1\n1F0,1B0,1F1,1B1\n",
                   SLUICE_CSV_DETECT, want);
    assert_read_as("\"0F0\",\"0F1\",0B0,\" 0B1\n\"\n\"1F0\",1B0,1F1,\"1B1\"",
                   SLUICE_CSV_DETECT, want);
    assert_read_as("0F0,\t0F1,0B0\t,\v0B1\f\r1F0,1B0,1F1,1B1\r",
                   SLUICE_CSV_DETECT, want);
    assert_read_as("0F0,0F1,0B0,\"0B1", SLUICE_CSV_DETECT,
                   "0F0,0F1,0B0,0B1,0UPDATE\n");
    assert_read_as("0F0,0F1,\t( 0B0 ;\t0B1 )OVERLAP_F_B ", SLUICE_CSV_DETECT,
                   "0F0,0F1,0B0,0B1,0UPDATE\n");
    assert_read_as("0F0,0F1,\"(0B0;0B1)OVERLAP_F_B\",\"\"", SLUICE_CSV_DETECT,
                   "0F0,0F1,0B0,0B1,0UPDATE\n");
    assert_refused("0F0,0F1,(0B0;0B1) OVERLAP_F_B", "after \"(\" comes");
    assert_refused("\xef\xbb", "device 0, position 0, \"\?\?\": ");
}
END_TEST

START_TEST(a_blank_line_is_a_device_and_gets_a_word)
{
    const char *one = "line 2 is blank and makes device 1, which has nothing "
                      "to do";
    assert_read_as("0F0,0B0\n\n", SLUICE_CSV_DETECT, "0F0,0B0,0UPDATE\n\n");
    assert_remark("0F0,0B0\n\n", one);
    assert_remark("0F0,0B0\r\n\r\n", one);
    assert_remark("0F0,0B0\n \t\n1F0,1B0", one);
    assert_remark("0F0,0B0\n,\n", "");
    assert_remark("\n0F0,0B0\n\n", "2 lines are blank and make devices with "
                                   "nothing to do, the first of them device 0");
}
END_TEST

START_TEST(refusals_quote_what_the_reader_took_for_granted)
{
    assert_incomplete(
        "0F0,0F1,0B0,0B1\n1F0,1B0,1F1,1W1\n", 1,
        "complete: 1I1 is missing: add it to the list of device 1, which holds "
        "stage 1 (read in the new dialect, where B is a full backward, for "
        "most B's have no W; the first W is 1W1 at position 3 of device 1)");
    assert_incomplete(
        "0F0,1F1,0B0,1B1\n\n", 1,
        "complete: 0F1 is missing: add it to the list of device 0, which holds "
        "stage 0 (it would be copies of the model, were not stages 0 and 1, "
        "the same part in two of them, both on device 0: place them apart; "
        "line 2 is blank and makes device 1, which has nothing to do)");
}
END_TEST

START_TEST(what_a_pass_makes_keeps_the_remark)
{
    sluice_schedule *schedule = parse("0F0,0B0\n\n", SLUICE_CSV_DETECT);
    sluice_schedule *passed;
    ck_assert_int_eq(
        sluice_schedule_remat(schedule, SLUICE_REMAT_NEVER, &passed, NULL),
        SLUICE_OK);
    ck_assert_str_eq(sluice_schedule_remark(passed),
                     sluice_schedule_remark(schedule));
    sluice_schedule_destroy(passed);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(a_refused_file_is_named_in_the_sentence)
{
    char path[] = "/tmp/sluice-csv-XXXXXX";
    char want[80];
    int fd = mkstemp(path);
    ck_assert_int_eq(write(fd, "0F0,0X0\n", 8), 8);
    close(fd);
    sluice_schedule *schedule;
    sluice_diag why;
    ck_assert_int_eq(sluice_schedule_read_csv(path, SLUICE_CSV_DETECT, NULL,
                                              &schedule, &why),
                     SLUICE_FORMAT);
    snprintf(want, sizeof want, "%s: device 0, position 1, ", path);
    ck_assert_int_eq(strncmp(why.text, want, strlen(want)), 0);
    ck_assert_int_eq(sluice_schedule_read_json(path, NULL, &schedule, &why),
                     SLUICE_FORMAT);
    snprintf(want, sizeof want, "%s: a schedule is a JSON object", path);
    ck_assert_int_eq(strncmp(why.text, want, strlen(want)), 0);
    ck_assert_int_eq(sluice_schedule_read_csv(path, SLUICE_CSV_DETECT, NULL,
                                              &schedule, NULL),
                     SLUICE_FORMAT);
    unlink(path);
}
END_TEST

SLUICE_TEST_MAIN("sched.csv_remarks", a_stray_w_is_a_slip_and_not_a_dialect,
                 rows_and_cells_are_those_of_pythons_csv_module,
                 a_blank_line_is_a_device_and_gets_a_word,
                 refusals_quote_what_the_reader_took_for_granted,
                 what_a_pass_makes_keeps_the_remark,
                 a_refused_file_is_named_in_the_sentence)
