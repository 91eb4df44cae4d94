/* Schedules as JSON: what is read, what is refused, what is written. */
#include <sluice/schedule_passes.h>
#include <sluice/schedule_text.h>

#include <unistd.h>

#include "sched/every.h"
#include "sched/failing.h"
#include "support/runner.h"

/* A text with one part in another's place. */
struct json {
    char text[1024];
};

static struct json with(const char *part, const char *instead)
{
    static const char good[] =
        "{\"devices\": 2, \"stages\": 2, \"copies\": 1, \"microbatches\": 3, "
        "\"stage_device\": [0, 1], \"actions\": [[\"0F0\"], [\"1F0\"]]}";
    struct json json;
    const char *at = strstr(good, part);
    ck_assert_ptr_nonnull(at);
    snprintf(json.text, sizeof json.text, "%.*s%s%s", (int)(at - good), good,
             instead, at + strlen(part));
    return json;
}

static void assert_refused(const char *text, const char *says)
{
    sluice_diag why = {.text = ""};
    sluice_schedule *schedule = NULL;
    ck_assert_int_eq(
        sluice_schedule_parse_json(text, strlen(text), NULL, &schedule, &why),
        SLUICE_FORMAT);
    ck_assert_ptr_null(schedule);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
}

static void assert_with(const char *part, const char *instead, const char *says)
{
    assert_refused(with(part, instead).text, says);
}

static void assert_comes_back(const sluice_schedule *schedule)
{
    static char text[EVERY_TEXT], again[EVERY_TEXT];
    size_t n, m;
    sluice_diag why = {.text = ""};
    sluice_schedule *back = NULL;
    ck_assert_int_eq(
        sluice_schedule_format_json(schedule, text, sizeof text, &n, NULL),
        SLUICE_OK);
    ck_assert_uint_lt(n, sizeof text);
    ck_assert_msg(!sluice_schedule_parse_json(text, n, NULL, &back, &why), "%s",
                  why.text);
    assert_same(back, schedule);
    sluice_schedule_format_json(back, again, sizeof again, &m, NULL);
    ck_assert_str_eq(again, text);
    sluice_schedule_destroy(back);
}

static void check_one(const struct every *of)
{
    sluice_schedule *lowered;
    assert_comes_back(of->schedule);
    ck_assert_int_eq(
        sluice_schedule_lower(of->schedule, of->capacity, &lowered, NULL),
        SLUICE_OK);
    assert_comes_back(lowered);
    sluice_schedule_destroy(lowered);
}

START_TEST(every_schedule_comes_back_lowered_or_not)
{
    ck_assert_int_gt(for_every(check_one), 100);
}
END_TEST

START_TEST(a_line_is_a_device)
{
    char text[512];
    size_t n;
    sluice_schedule *schedule = every_make("pipedream", 2, 1);
    ck_assert_int_eq(
        sluice_schedule_format_json(schedule, text, sizeof text, &n, NULL),
        SLUICE_OK);
    ck_assert_str_eq(text, "{\"devices\": 2,\n \"stages\": 2,\n \"copies\": 1,"
                           "\n \"microbatches\": 1,\n \"stage_device\": [0, 1]"
                           ",\n \"actions\": [\n"
                           "  [\"0F0\", \"0B0\", \"0UPDATE\"],\n"
                           "  [\"1F0\", \"1B0\", \"1UPDATE\"]\n ]}\n");
    ck_assert_uint_eq(n, strlen(text));
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(versions_and_copies_are_read)
{
    static const char text[] =
        "{\"devices\": 2, \"stages\": 2, \"copies\": 2, \"microbatches\": 2, "
        "\"stage_device\": [1, 0], \"actions\": [[\"1F0@1\", \"1UPDATE@2\"], "
        "[]]}";
    sluice_schedule *schedule = NULL;
    ck_assert_int_eq(
        sluice_schedule_parse_json(text, strlen(text), NULL, &schedule, NULL),
        SLUICE_OK);
    ck_assert_int_eq(sluice_schedule_n_copies(schedule), 2);
    ck_assert_int_eq(sluice_schedule_n_microbatches(schedule), 2);
    ck_assert_int_eq(sluice_schedule_stage_device(schedule, 0), 1);
    assert_text(schedule, "0:     1F0@1 1UPDATE@2\n1:\n");
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(what_is_no_json_is_refused_with_its_line)
{
    assert_refused("", "line 1");
    assert_refused("[]", "begin with {");
    assert_refused("{\n\"devices\": 01}", "line 2");
    assert_with("}", "} x", "no JSON");
    assert_with("2, \"stages", "2, \"devices\": 2, \"stages",
                "the schedule's \"devices\" is there twice");
}
END_TEST

START_TEST(keys_are_the_six_and_no_others)
{
    assert_with("\"copies\": 1, ", "", "\"copies\" is missing");
    assert_with("\"copies\": 1", "\"copies\": 1, \"name\": \"x\"",
                "has no \"name\": give");
    assert_with("\"copies\": 1", "\"copies\": 1, \" ~\x7f\": 1",
                "has no \" ~?\"");
    assert_with("\"copies\": 1", "\"copies\": 1, \"\xc3\xa9\": 1",
                "has no \"\?\?\"");
    char key[128], says[128];
    for (int n = 95; n <= 98; n++) {
        snprintf(key, sizeof key, "\"copies\": 1, \"%0*d\": 1", n, 7);
        snprintf(says, sizeof says, "has no \"%0*d\"", n, 7);
        says[strlen("has no \"") + (n < 96 ? n : 96)] = '"';
        says[strlen("has no \"") + (n < 96 ? n : 96) + 1] = '\0';
        assert_with("\"copies\": 1", key, says);
    }
    assert_refused("{}", "\"devices\" is missing");
}
END_TEST

START_TEST(numbers_are_integers_in_range)
{
    static const char *const keys[] = {"devices\": 2", "stages\": 2",
                                       "copies\": 1", "microbatches\": 3"};
    static const char *const bad[] = {"0",   "-1",    "1.0",  "\"1\"",
                                      "[1]", "65537", "null", "true"};
    for (int k = 0; k < 4; k++)
        for (int b = 0; b < 8; b++) {
            char instead[64];
            snprintf(instead, sizeof instead, "%.*s%s",
                     (int)strlen(keys[k]) - 1, keys[k], bad[b]);
            assert_with(keys[k], instead, "is not an integer from 1 to ");
        }
    assert_with("\"microbatches\": 3", "\"microbatches\": 99999999999999999999",
                "is not an integer from 1 to 65536");
}
END_TEST

START_TEST(lists_have_the_length_and_type_they_must)
{
    assert_with("[0, 1]", "[0]", "\"stage_device\" is not a list of 2");
    assert_with("[0, 1]", "[0, 1, 1]", "as many as there are stages");
    assert_with("[0, 1]", "{}", "\"stage_device\" is not a list");
    assert_with("[0, 1]", "[0, 2]",
                "stage_device[1] is not a device, an integer from 0 to 1");
    assert_with("[0, 1]", "[0, \"1\"]", "stage_device[1] is not a device");
    assert_with("[[\"0F0\"], [\"1F0\"]]", "[[\"0F0\"]]",
                "\"actions\" is not a list of 2");
    assert_with("[\"1F0\"]", "\"1F0\"", "actions[1] is not a list of actions");
    assert_with("\"copies\": 1", "\"copies\": 64", "2 stages in 64 copies");
}
END_TEST

START_TEST(actions_are_those_of_the_schedule)
{
    static const char *const bad[] = {
        "\"\"",      "\"F0\"",    "\"1X0\"",    "\"1F\"",
        "\"1F0@\"",  "\"1F0@0\"", "\"1F0 \"",   "\"1UPDATE0\"",
        "\"1BW0\"",  "\" 1F0\"",  "\"1f0\"",    "7",
        "[\"1F0\"]", "null",      "\"1F0\\n\"", "\"99999999999F0\""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_with("\"1F0\"", bad[i], "actions[1][0], \"");
    for (int n = 95; n <= 98; n++) {
        char longer[128];
        snprintf(longer, sizeof longer, "\"%0*dF0\"", n - 2, 1);
        assert_with("\"1F0\"", longer, "actions[1][0], \"0000");
    }
    static char far_too_long[700];
    snprintf(far_too_long, sizeof far_too_long, "\"%0*d\"", 690, 1);
    assert_with("\"1F0\"", far_too_long, "actions[1][0], \"0000");
    assert_with("\"1F0\"", "\"1F0\", \"2F0\"",
                "actions[1][1]: an action of stage 2: there are stages 0 to 1");
    assert_with("\"1F0\"", "\"1F3\"", "micro-batch 3");
    assert_with("\"1F0\"", "\"1F0@9\"", "version 9");
    assert_with("\"1F0\"", "\"1SEND_B0@1\"", "version 1");
}
END_TEST

START_TEST(lists_too_deep_are_refused)
{
    assert_refused("[[[[[[[[[[[[[[[[[", "begin with {");
    assert_refused("{\"actions\": [[[[[[[[[[[[[[[[[",
                   "line 1, column 29: no JSON: too many lists in lists");
    assert_refused("{\"[[[[[[[[[[\\\"[[[[[[[[[[\": 1}", "a schedule has no");
}
END_TEST

START_TEST(text_too_long_is_refused)
{
    char *text = malloc(SLUICE_JSON_BYTES + 1);
    sluice_diag why = {.text = ""};
    sluice_schedule *schedule = NULL;
    ck_assert_ptr_nonnull(text);
    memset(text, ' ', SLUICE_JSON_BYTES + 1);
    ck_assert_int_eq(sluice_schedule_parse_json(text, SLUICE_JSON_BYTES + 1,
                                                NULL, &schedule, &why),
                     SLUICE_FORMAT);
    ck_assert_msg(strstr(why.text, "at most 16777216") != NULL, "%s", why.text);
    ck_assert_int_eq(sluice_schedule_parse_json(text, SLUICE_JSON_BYTES, NULL,
                                                &schedule, &why),
                     SLUICE_FORMAT);
    ck_assert_msg(strstr(why.text, "no JSON") != NULL, "%s", why.text);
    free(text);
}
END_TEST

static void assert_not_written(const sluice_schedule *schedule,
                               const char *says)
{
    size_t n = 0;
    sluice_diag why = {.text = ""};
    ck_assert_int_eq(sluice_schedule_format_json(schedule, NULL, 0, &n, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
    ck_assert_int_eq(sluice_schedule_write_json(schedule, "/dev/null", &why),
                     SLUICE_INVALID);
}

START_TEST(text_that_could_not_be_read_is_not_written)
{
    const sluice_action longest = {SLUICE_F, SLUICE_MAX_STAGES - 1,
                                   SLUICE_MAX_MICROBATCHES - 1,
                                   SLUICE_MAX_MICROBATCHES};
    static int map[SLUICE_MAX_STAGES];
    sluice_schedule *schedule = NULL;
    const sluice_schedule_config config = {.name = "looped-bfs",
                                           .devices = 1,
                                           .chunks = 16,
                                           .microbatches =
                                               SLUICE_MAX_MICROBATCHES};
    ck_assert_int_eq(sluice_schedule_generate(&config, &schedule, NULL),
                     SLUICE_OK);
    assert_not_written(schedule, "2097168 actions: at most 1250000 can be");
    sluice_schedule_destroy(schedule);
    ck_assert_int_eq(sluice_schedule_create(1, SLUICE_MAX_STAGES,
                                            SLUICE_MAX_MICROBATCHES, map, NULL,
                                            &schedule, NULL),
                     SLUICE_OK);
    for (int i = 0; i < 900000; i++)
        sluice_schedule_append(schedule, 0, longest, NULL);
    assert_not_written(schedule, "bytes: at most 16777216 can be read again");
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(text_is_cut_to_any_room)
{
    char whole[512], cut[512];
    size_t n, m;
    sluice_schedule *schedule = every_make("1f1b", 2, 2);
    sluice_schedule_format_json(schedule, whole, sizeof whole, &n, NULL);
    for (size_t bytes = 1; bytes <= n + 1; bytes++) {
        sluice_schedule_format_json(schedule, cut, bytes, &m, NULL);
        ck_assert_uint_eq(m, n);
        ck_assert_uint_eq(strlen(cut), bytes - 1);
        ck_assert(!strncmp(cut, whole, bytes - 1));
    }
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(files_are_written_and_read)
{
    char path[] = "/tmp/sluice_json_XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    sluice_schedule *schedule = every_make("zb-v", 2, 4), *back = NULL;
    ck_assert_int_eq(sluice_schedule_write_json(schedule, path, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_schedule_read_json(path, NULL, &back, NULL),
                     SLUICE_OK);
    assert_same(back, schedule);
    unlink(path);
    ck_assert_int_eq(sluice_schedule_read_json(path, NULL, &back, NULL),
                     SLUICE_IO);
    ck_assert_int_eq(
        sluice_schedule_write_json(schedule, "/nowhere/there", NULL),
        SLUICE_IO);
    sluice_schedule_destroy(back);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(a_failed_allocation_leaves_nothing)
{
    struct json json = with("\"0F0\"", "\"0F0\", \"0F1\", \"0F2\"");
    sluice_status st;
    int n = 0;
    do {
        struct failing failing = {.fail_at = ++n};
        sluice_allocator allocator = failing_allocator(&failing);
        sluice_schedule *schedule = NULL;
        st = sluice_schedule_parse_json(json.text, strlen(json.text),
                                        &allocator, &schedule, NULL);
        sluice_schedule_destroy(schedule);
        ck_assert_int_eq(failing.n_live, 0);
        ck_assert_int_eq(st,
                         failing.n_calls >= n ? SLUICE_NO_MEMORY : SLUICE_OK);
    } while (st);
    ck_assert_int_gt(n, 4);
}
END_TEST

SLUICE_TEST_MAIN("sched.json", every_schedule_comes_back_lowered_or_not,
                 a_line_is_a_device, versions_and_copies_are_read,
                 what_is_no_json_is_refused_with_its_line,
                 keys_are_the_six_and_no_others, numbers_are_integers_in_range,
                 lists_have_the_length_and_type_they_must,
                 actions_are_those_of_the_schedule, lists_too_deep_are_refused,
                 text_too_long_is_refused,
                 text_that_could_not_be_read_is_not_written,
                 text_is_cut_to_any_room, files_are_written_and_read,
                 a_failed_allocation_leaves_nothing)
