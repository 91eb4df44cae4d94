/* What JSON costs to read: never more than an action for each value. */
#include <sluice/schedule_text.h>

#include <stdlib.h>
#include <string.h>

#include "support/grid.h"
#include "support/meter.h"
#include "support/runner.h"

enum { ACTION = sizeof(sluice_action), SPARE = 1 << 20 };

static size_t peak;

/* `begin`, then `unit` as often as it fits and is wanted, then `end`. */
static char *fill(const char *begin, const char *unit, size_t most,
                  const char *end, size_t *bytes)
{
    size_t n = strlen(unit), n_end = strlen(end);
    char *text = malloc(SLUICE_JSON_BYTES);
    ck_assert_ptr_nonnull(text);
    char *at = text + strlen(begin);
    char *limit = text + SLUICE_JSON_BYTES - n_end;
    memcpy(text, begin, strlen(begin));
    for (; most && at + n <= limit; most--, at += n)
        memcpy(at, unit, n);
    memcpy(at, end, n_end);
    *bytes = (size_t)(at - text) + n_end;
    return text;
}

static sluice_status read_counted(const char *text, size_t bytes,
                                  sluice_diag *why)
{
    struct sl_meter meter = {0};
    const sluice_allocator allocator = sl_meter_hooks(&meter);
    sluice_schedule *schedule = NULL;
    sluice_status st =
        sluice_schedule_parse_json(text, bytes, &allocator, &schedule, why);
    sluice_schedule_destroy(schedule);
    ck_assert_uint_eq(meter.live, 0);
    peak = meter.peak;
    return st;
}

static const char begin_all[] =
    "{\"devices\":1,\"stages\":1,\"copies\":1,\"microbatches\":65536,"
    "\"stage_device\":[0],\"actions\":[[";

START_TEST(a_schedule_costs_its_actions_and_no_more)
{
    static const char *const units[] = {"\"0F0\",", "\"0F12345\",\n "};
    for (int i = 0; i < 2; i++) {
        size_t bytes;
        sluice_diag why = {.text = ""};
        char *text = fill(begin_all, units[i], SLUICE_JSON_ACTIONS - 1,
                          "\"0F0\"]]}", &bytes);
        ck_assert_msg(!read_counted(text, bytes, &why), "%s", why.text);
        ck_assert_uint_ge(peak, (size_t)SLUICE_JSON_ACTIONS * ACTION);
        ck_assert_uint_le(peak, (size_t)SLUICE_JSON_ACTIONS * ACTION + SPARE);
        ck_assert_uint_le(peak, 3 * bytes);
        free(text);
    }
}
END_TEST

START_TEST(one_action_too_many_is_refused_before_there_is_room_for_them)
{
    size_t bytes;
    sluice_diag why = {.text = ""};
    char *text =
        fill(begin_all, "\"0F0\",", SLUICE_JSON_ACTIONS, "\"0F0\"]]}", &bytes);
    ck_assert_int_eq(read_counted(text, bytes, &why), SLUICE_FORMAT);
    ck_assert_msg(strstr(why.text,
                         "there are 1250001 actions up to those of "
                         "device 0: at most 1250000 are read") != NULL,
                  "%s", why.text);
    ck_assert_uint_le(peak, SPARE);
    free(text);
}
END_TEST

START_TEST(what_is_no_schedule_costs_nothing)
{
    static const struct {
        const char *begin;
        const char *unit;
    } texts[] = {
        {"[", "0,"},
        {"[", "\"twelve bytes\","},
        {"{\"actions\":[", "[],"},
        {"{\"actions\":[", "{},"},
        {"{\"actions\":[", "{\"\":[0]},"},
        {"{\"actions\":", "["},
        {"{\"", "a"},
        {"{\"", "\\u00e9"},
        {"{\"devices\":", "1"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (sl_test_skips())
            continue;
        size_t bytes;
        sluice_diag why = {.text = ""};
        char *text = fill(texts[i].begin, texts[i].unit, SIZE_MAX, "", &bytes);
        ck_assert_int_eq(read_counted(text, bytes, &why), SLUICE_FORMAT);
        ck_assert_uint_eq(peak, 0);
        free(text);
    }
}
END_TEST

SLUICE_TEST_MAIN("sched.json_memory", a_schedule_costs_its_actions_and_no_more,
                 one_action_too_many_is_refused_before_there_is_room_for_them,
                 what_is_no_schedule_costs_nothing)
