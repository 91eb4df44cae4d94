/*
 * The numbers of a training in the metadata of its checkpoint: at their limits,
 * beyond them, and missing.
 */
#include "checkpoint/run_state.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/safetensors/safetensors_write.h"
#include "support/runner.h"

enum { N_PAIRS = SL_N_RUN_NUMBERS + 2 };

static sluice_diag why;
static char path[40];

static const struct sl_run_state largest = {
    .n_steps = UINT64_MAX,
    .learning_rate = 0.1,
    .epoch = INT_MAX,
    .rows_done = INT64_MAX,
    .loss_sum = -(double)INFINITY,
    .correct = INT64_MAX,
    .ignored = INT64_MAX,
    .was_tested = 1,
    .test_loss = (double)INFINITY,
    .test_accuracy = 1.0 / 3,
};

static void begin(void)
{
    strcpy(path, "/tmp/sluice-run-state-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

/* Write `state`, but `text` for the number called `key`, and nothing for it if
 * `text` is NULL. */
static void put(const struct sl_run_state *state, const char *key,
                const char *text)
{
    struct sl_run_text texts[SL_N_RUN_NUMBERS];
    struct sl_metadata_pair pairs[N_PAIRS] = {
        {"sluice.format", "1"},
        {"sluice.kind", "checkpoint"},
    };
    size_t n = 2;
    sl_run_state_write(state, pairs + 2, texts);
    for (size_t i = 2; i < N_PAIRS; i++) {
        struct sl_metadata_pair pair = pairs[i];
        bool is_it = key && !strcmp(pair.key, key);
        if (is_it && !text)
            continue;
        if (is_it)
            pair.value = text;
        pairs[n++] = pair;
    }
    struct sl_saved_file file = {.metadata = pairs, .n_metadata = n};
    ck_assert_msg(!sl_safetensors_write(path, &file, NULL, &why), "%s",
                  why.text);
}

static sluice_status get(struct sl_run_state *state)
{
    sluice_safetensors *file;
    why = (sluice_diag){.text = ""};
    ck_assert_msg(!sluice_safetensors_open(path, 0, NULL, &file, &why), "%s",
                  why.text);
    sluice_status st = sl_run_state_read(state, file, path, &why);
    sluice_safetensors_close(file);
    return st;
}

START_TEST(numbers_come_back_to_the_last_bit)
{
    struct sl_run_state state, nan = largest;
    begin();
    put(&largest, NULL, NULL);
    ck_assert_msg(!get(&state), "%s", why.text);
    ck_assert(!memcmp(&state, &largest, sizeof state));
    nan.test_loss = (double)NAN;
    put(&nan, NULL, NULL);
    ck_assert_int_eq(get(&state), SLUICE_OK);
    ck_assert(isnan(state.test_loss));
    nan.test_loss = 0;
    state.test_loss = 0;
    ck_assert(!memcmp(&state, &nan, sizeof state));
    unlink(path);
}
END_TEST

START_TEST(a_number_that_cannot_be_is_refused_by_name)
{
    static const struct {
        const char *key, *text;
    } bad[] = {
        {"sluice.step", ""},
        {"sluice.step", "-1"},
        {"sluice.step", "1/"},
        {"sluice.step", "1:"},
        {"sluice.step", "18446744073709551616"},
        {"sluice.step", "99999999999999999999"},
        {"sluice.epoch", "2147483648"},
        {"sluice.rows_done", "9223372036854775808"},
        {"sluice.correct", "9223372036854775808"},
        {"sluice.ignored", "-0"},
        {"sluice.was_tested", "2"},
        {"sluice.learning_rate", ""},
        {"sluice.loss_sum", "infinity"},
        {"sluice.test_loss", "nan(1)"},
        {"sluice.test_accuracy", "0.5x"},
    };
    begin();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sl_run_state state = {.n_steps = 7};
        put(&largest, bad[i].key, bad[i].text);
        ck_assert_msg(get(&state) == SLUICE_FORMAT, "%s: %s", bad[i].key,
                      bad[i].text);
        ck_assert_msg(strstr(why.text, bad[i].key), "%s", why.text);
        ck_assert(state.n_steps == 7);
    }
    unlink(path);
}
END_TEST

START_TEST(a_number_that_is_missing_is_refused_by_name)
{
    struct sl_metadata_pair pairs[SL_N_RUN_NUMBERS];
    struct sl_run_text texts[SL_N_RUN_NUMBERS];
    sl_run_state_write(&largest, pairs, texts);
    begin();
    for (int i = 0; i < SL_N_RUN_NUMBERS; i++) {
        struct sl_run_state state;
        put(&largest, pairs[i].key, NULL);
        sluice_status st = get(&state);
        if (strcmp(pairs[i].key, "sluice.ignored")) {
            ck_assert_msg(st == SLUICE_FORMAT, "%s", pairs[i].key);
            ck_assert_msg(strstr(why.text, pairs[i].key), "%s", why.text);
            continue;
        }
        /* Files of before it was counted have none; the rest is read. */
        ck_assert_int_eq(st, SLUICE_OK);
        ck_assert(state.ignored == 0 && state.was_tested == 1 &&
                  state.test_accuracy == largest.test_accuracy);
    }
    unlink(path);
}
END_TEST

START_TEST(a_learning_rate_without_a_step_is_refused)
{
    static const char *const bad[] = {"-1", "nan", "inf", "1e300"};
    sluice_run run;
    uint64_t n_steps;
    begin();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put(&largest, "sluice.learning_rate", bad[i]);
        ck_assert_msg(sluice_checkpoint_inspect(path, &run, &n_steps, NULL,
                                                &why) == SLUICE_FORMAT,
                      "%s", bad[i]);
        ck_assert_msg(strstr(why.text, "learning rate"), "%s", why.text);
    }
    put(&largest, "sluice.learning_rate", "0");
    ck_assert_int_eq(
        sluice_checkpoint_inspect(path, &run, &n_steps, NULL, &why), SLUICE_OK);
    ck_assert(n_steps == UINT64_MAX && run.position.epoch == INT_MAX);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(
        sluice_checkpoint_inspect(path, &run, &n_steps, NULL, &why), SLUICE_IO);
}
END_TEST

SLUICE_TEST_MAIN("checkpoint.run_state", numbers_come_back_to_the_last_bit,
                 a_number_that_cannot_be_is_refused_by_name,
                 a_number_that_is_missing_is_refused_by_name,
                 a_learning_rate_without_a_step_is_refused)
