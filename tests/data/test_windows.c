/* Windows of a text as the rows of a data set, and the order of an epoch. */
#include <sluice/text.h>

#include <string.h>

#include "fixture.h"
#include "support/runner.h"

enum { N = 100, MOST = N };

static sluice_diag why;
static sluice_text *text;
static sluice_tokenizer *bytes;

/* Token i is i. */
static void setup(void)
{
    char path[FIXTURE_PATH], file[N];
    for (int i = 0; i < N; i++)
        file[i] = (char)i;
    fixture_file("windows.txt", file, N, path);
    ck_assert(!sluice_tokenizer_parse("bytes", NULL, &bytes, &why));
    ck_assert(!sluice_text_open(path, bytes, NULL, &text, &why));
}

static void teardown(void)
{
    sluice_text_destroy(text);
    sluice_tokenizer_destroy(bytes);
}

static sluice_dataset *windows(int64_t first, int64_t n, int64_t context)
{
    sluice_dataset *data = NULL;
    ck_assert_msg(
        !sluice_dataset_windows(text, first, n, context, NULL, &data, &why),
        "%s", why.text);
    return data;
}

START_TEST(a_row_is_a_window_and_its_targets_follow)
{
    setup();
    sluice_dataset *data = windows(10, 50, 4);
    const int64_t index[] = {0, 45};
    int32_t x[8], y[8];
    sluice_shape input = sluice_dataset_input(data);
    ck_assert(input.n_dims == 1 && input.dims[0] == 4);
    ck_assert_int_eq(sluice_dataset_input_type(data), SLUICE_I32);
    ck_assert_int_eq(sluice_dataset_target_type(data), SLUICE_I32);
    ck_assert_uint_eq(sluice_dataset_target_bytes(data), 16);
    ck_assert_int_eq(sluice_dataset_classes(data), 60);
    ck_assert_int_eq(sluice_dataset_rows(data), 11);
    ck_assert(!sluice_dataset_gather(data, index, 2, x, y, &why));
    for (int i = 0; i < 8; i++) {
        ck_assert_int_eq(x[i], (i < 4 ? 10 : 51) + i);
        ck_assert_int_eq(y[i], x[i] + 1);
    }
    const int64_t beyond = 46;
    ck_assert_int_eq(sluice_dataset_gather(data, &beyond, 1, x, y, &why),
                     SLUICE_INVALID);
    sluice_dataset_destroy(data);
    teardown();
}
END_TEST

/* All windows of an epoch lie end to end, whatever the order. */
static int64_t check_order(const sluice_dataset *data, uint64_t seed,
                           uint64_t epoch, int context)
{
    int64_t index[MOST], n = sluice_dataset_rows(data), least = INT64_MAX;
    int32_t x[MOST], y[MOST];
    sluice_dataset_order(data, seed, epoch, index);
    for (int64_t i = 0; i < n; i++)
        least = index[i] < least ? index[i] : least;
    ck_assert(least >= 0 && least < context);
    bool seen[MOST] = {false};
    for (int64_t i = 0; i < n; i++) {
        int64_t number = (index[i] - least) / context;
        ck_assert(index[i] == least + number * context && !seen[number]);
        seen[number] = true;
        ck_assert(!sluice_dataset_gather(data, index + i, 1, x, y, &why));
    }
    return least;
}

START_TEST(an_epoch_takes_windows_end_to_end_from_a_token_that_is_drawn)
{
    setup();
    const int contexts[] = {1, 3, 7, 40, 60, 99};
    for (int c = 0; c < 6; c++) {
        sluice_dataset *data = windows(0, N, contexts[c]);
        bool begins[MOST] = {false};
        int n = 0;
        for (uint64_t epoch = 0; epoch < 400; epoch++) {
            int64_t at = check_order(data, 5, epoch, contexts[c]);
            n += !begins[at];
            begins[at] = true;
        }
        int all = contexts[c] < N - contexts[c] ? contexts[c] : N - contexts[c];
        ck_assert_int_eq(n, all);
        sluice_dataset_destroy(data);
    }
    teardown();
}
END_TEST

START_TEST(the_order_depends_on_seed_and_epoch_alone)
{
    setup();
    int64_t a[MOST], b[MOST];
    sluice_dataset *data = windows(0, N, 5);
    size_t size = (size_t)sluice_dataset_rows(data) * sizeof *a;
    sluice_dataset_order(data, 1, 2, a);
    sluice_dataset_order(data, 1, 3, b);
    ck_assert(memcmp(a, b, size) != 0);
    sluice_dataset_order(data, 2, 2, b);
    ck_assert(memcmp(a, b, size) != 0);
    sluice_dataset_order(data, 1, 2, b);
    ck_assert(!memcmp(a, b, size));
    sluice_dataset_in_order(data, a);
    for (int64_t i = 0; i < sluice_dataset_rows(data); i++)
        ck_assert_int_eq(a[i], 5 * i);
    sluice_dataset_destroy(data);
    teardown();
}
END_TEST

START_TEST(windows_that_do_not_fit_are_refused)
{
    static const int64_t bad[][3] = {{-1, 10, 2}, {0, 101, 2},      {0, -1, 2},
                                     {95, 10, 2}, {101, 0, 2},      {0, 10, 0},
                                     {0, 10, 10}, {0, 10, -1},      {50, 0, 1},
                                     {0, 10, 11}, {INT64_MAX, 1, 1}};
    sluice_dataset *data = NULL;
    setup();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(sluice_dataset_windows(text, bad[i][0], bad[i][1],
                                             bad[i][2], NULL, &data,
                                             &why) == SLUICE_INVALID,
                      "%zu", i);
    ck_assert(!data);
    teardown();
}
END_TEST

SLUICE_TEST_MAIN("data.windows", a_row_is_a_window_and_its_targets_follow,
                 an_epoch_takes_windows_end_to_end_from_a_token_that_is_drawn,
                 the_order_depends_on_seed_and_epoch_alone,
                 windows_that_do_not_fit_are_refused)
