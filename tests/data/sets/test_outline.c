/* Data sets without their rows: outlines, what is filled in and left out. */
#include <sluice/outline.h>
#include <sluice/text.h>

#include "data/fixture.h"
#include "support/runner.h"

#include <string.h>

enum { ROWS = 3, IN = 2 };

static sluice_array make(sluice_element type, sluice_shape shape,
                         const void *values)
{
    sluice_array array;
    ck_assert_int_eq(sluice_array_init(&array, type, &shape, NULL, NULL),
                     SLUICE_OK);
    memcpy(array.data, values, array.bytes);
    return array;
}

static sluice_array features(void)
{
    static const uint8_t x[] = {0, 255, 51, 102, 153, 204};
    return make(SLUICE_U8, sluice_shape_matrix(ROWS, IN), x);
}

static sluice_array labels(void)
{
    static const uint8_t y[] = {2, 0, 4};
    return make(SLUICE_U8, sluice_shape_vector(ROWS), y);
}

static sluice_dataset *whole(void)
{
    const sluice_dataset_config config = {.measure = true};
    sluice_array x = features(), y = labels();
    sluice_dataset *dataset;
    ck_assert(!sluice_dataset_create(&config, &x, &y, &dataset, NULL));
    return dataset;
}

static sluice_dataset *outlined(const sluice_outline *outline)
{
    sluice_dataset *dataset;
    ck_assert(!sluice_dataset_create_outline(outline, NULL, &dataset, NULL));
    return dataset;
}

/* Gathered rows, of which those that are not wanted stay 0. */
struct rows {
    float x[ROWS][IN];
    int32_t y[ROWS];
};

static struct rows gather(const sluice_dataset *dataset, bool x, bool y)
{
    static const int64_t index[] = {2, 0, 1};
    struct rows rows = {.y = {0}};
    sluice_diag why;
    ck_assert_msg(!sluice_dataset_gather(dataset, index, ROWS,
                                         x ? rows.x : NULL, y ? rows.y : NULL,
                                         &why),
                  "%s", why.text);
    return rows;
}

static void lacks(const sluice_dataset *dataset, bool x, bool y,
                  const char *says)
{
    static const int64_t first = 0;
    struct rows rows;
    sluice_diag why = {.status = SLUICE_OK};
    bool has_x, has_y;
    sluice_dataset_gather(dataset, &first, 1, x ? rows.x : NULL,
                          y ? rows.y : NULL, &why);
    fixture_says(&why, SLUICE_INVALID, says);
    sluice_dataset_has(dataset, &has_x, &has_y);
    ck_assert((x && !has_x) || (y && !has_y));
}

START_TEST(an_outline_has_all_but_the_rows)
{
    sluice_outline outline, again;
    sluice_dataset *from = whole();
    sluice_dataset_outline(from, &outline);
    sluice_dataset *dataset = outlined(&outline);
    double mean, deviation, its_mean, its_deviation;
    int64_t order[ROWS], its_order[ROWS];
    sluice_shape input = sluice_dataset_input(dataset);
    sluice_dataset_normalization(from, &mean, &deviation);
    sluice_dataset_normalization(dataset, &its_mean, &its_deviation);
    ck_assert(mean == its_mean && deviation == its_deviation && mean > 0);
    ck_assert(input.n_dims == 1 && input.dims[0] == IN);
    ck_assert_int_eq(sluice_dataset_rows(dataset), ROWS);
    ck_assert_int_eq(sluice_dataset_classes(dataset), 5);
    ck_assert_int_eq(sluice_dataset_input_type(dataset), SLUICE_F32);
    ck_assert_int_eq(sluice_dataset_target_type(dataset), SLUICE_I32);
    ck_assert_uint_eq(sluice_dataset_target_bytes(dataset), 4);
    sluice_dataset_order(from, 1, 2, order);
    sluice_dataset_order(dataset, 1, 2, its_order);
    ck_assert(!memcmp(order, its_order, sizeof order));
    sluice_dataset_outline(dataset, &again);
    ck_assert(!memcmp(&outline, &again, sizeof again));
    lacks(dataset, true, false, "without its features");
    lacks(dataset, false, true, "without its targets");
    sluice_dataset_destroy(dataset);
    sluice_dataset_destroy(from);
}
END_TEST

START_TEST(what_is_filled_in_is_gathered_as_before)
{
    sluice_outline outline;
    sluice_dataset *from = whole();
    sluice_dataset_outline(from, &outline);
    for (int parts = 1; parts <= 3; parts++) {
        sluice_dataset *dataset = outlined(&outline);
        sluice_array x = features(), y = labels();
        bool has_x = parts & 1, has_y = parts & 2;
        ck_assert(!sluice_dataset_fill(dataset, has_x ? &x : NULL,
                                       has_y ? &y : NULL, NULL));
        ck_assert(!x.data == has_x && !y.data == has_y);
        struct rows want = gather(from, has_x, has_y);
        struct rows rows = gather(dataset, has_x, has_y);
        ck_assert(!memcmp(&want, &rows, sizeof rows));
        if (!has_x)
            lacks(dataset, true, true, "features");
        if (!has_y)
            lacks(dataset, true, true, "targets");
        sluice_array_fini(&x);
        sluice_array_fini(&y);
        sluice_dataset_destroy(dataset);
    }
    sluice_dataset_destroy(from);
}
END_TEST

static void refuses(sluice_dataset *dataset, sluice_array x, bool is_x,
                    const char *says)
{
    sluice_diag why = {.status = SLUICE_OK};
    const void *data = x.data;
    sluice_dataset_fill(dataset, is_x ? &x : NULL, is_x ? NULL : &x, &why);
    fixture_says(&why, SLUICE_INVALID, says);
    ck_assert(x.data == data);
    sluice_array_fini(&x);
}

START_TEST(other_rows_are_refused)
{
    static const int32_t same[] = {2, 0, 4}, other[] = {2, 1, 4};
    static const uint8_t bytes[] = {0, 255, 51, 102, 153, 205};
    sluice_outline outline;
    sluice_dataset *from = whole();
    sluice_dataset_outline(from, &outline);
    sluice_dataset *dataset = outlined(&outline);
    sluice_array y = make(SLUICE_I32, sluice_shape_vector(ROWS), same);
    refuses(dataset, make(SLUICE_I32, sluice_shape_vector(ROWS), other), false,
            "the targets have other values");
    refuses(dataset, make(SLUICE_U8, sluice_shape_matrix(ROWS, IN), bytes),
            true, "the features have other values");
    refuses(dataset, make(SLUICE_U8, sluice_shape_matrix(IN, ROWS), bytes),
            true, "the features differ from those of the outline in type or");
    refuses(dataset, make(SLUICE_F32, sluice_shape_vector(ROWS), same), false,
            "the targets differ from those of the outline in type or");
    ck_assert(!sluice_dataset_fill(dataset, NULL, &y, NULL));
    refuses(dataset, labels(), false, "has its targets already");
    sluice_dataset_destroy(dataset);
    sluice_dataset_destroy(from);
}
END_TEST

START_TEST(what_is_left_out_is_freed)
{
    sluice_outline outline;
    sluice_dataset *dataset = whole();
    struct rows all = gather(dataset, true, true);
    sluice_dataset_leave_out(dataset, true, false);
    lacks(dataset, true, false, "without its features");
    struct rows rows = gather(dataset, false, true);
    ck_assert(!memcmp(all.y, rows.y, sizeof rows.y));
    sluice_dataset_outline(dataset, &outline);
    ck_assert(!outline.features_crc32 && outline.targets_crc32);
    sluice_dataset_leave_out(dataset, false, true);
    lacks(dataset, false, true, "without its targets");
    sluice_shape input = sluice_dataset_input(dataset);
    ck_assert_int_eq(input.dims[0], IN);
    sluice_dataset_destroy(dataset);
}
END_TEST

START_TEST(an_outline_that_contradicts_itself_is_refused)
{
    sluice_outline good, bad[11];
    sluice_dataset *from = whole(), *out = NULL;
    sluice_dataset_outline(from, &good);
    for (int i = 0; i < 11; i++)
        bad[i] = good;
    bad[0].rows = 0;
    bad[1].row = IN + 1;
    bad[2].target_bytes = 8;
    bad[3].places = -1;
    bad[4].places = 1; /* windows, whose targets are as long as they are */
    bad[5].features.dims[0] = ROWS + 1;
    bad[6].targets.dims[0] = ROWS + 1;
    bad[7].stored = SLUICE_UNTYPED;
    bad[8].features.n_dims = 0; /* one element, in one row */
    bad[8].rows = bad[8].row = bad[8].features.dims[0] = 1;
    bad[8].targets.dims[0] = 1;
    bad[9].targets.n_dims = SLUICE_MAX_DIMS + 1;
    bad[10].deviation = 0;
    for (int i = 0; i < 11; i++) {
        sluice_diag why = {.status = SLUICE_OK};
        sluice_dataset_create_outline(&bad[i], NULL, &out, &why);
        fixture_says(&why, SLUICE_INVALID, "no outline of a data set");
    }
    ck_assert(!out);
    sluice_dataset_destroy(from);
}
END_TEST

START_TEST(windows_have_both_or_neither)
{
    sluice_tokenizer *bytes;
    sluice_text *text;
    sluice_dataset *from;
    sluice_outline outline;
    sluice_diag why = {.status = SLUICE_OK};
    int64_t order[32], its_order[32];
    ck_assert(!sluice_tokenizer_parse("bytes", NULL, &bytes, NULL));
    ck_assert(!sluice_text_open("genesis", bytes, NULL, &text, NULL));
    ck_assert(!sluice_dataset_windows(text, 7, 200, 8, NULL, &from, NULL));
    sluice_dataset_outline(from, &outline);
    ck_assert(outline.features_crc32 == outline.targets_crc32);
    sluice_dataset *dataset = outlined(&outline);
    ck_assert_int_le(sluice_dataset_rows(from), 32);
    sluice_dataset_order(from, 3, 1, order);
    sluice_dataset_order(dataset, 3, 1, its_order);
    ck_assert(!memcmp(order, its_order,
                      (size_t)sluice_dataset_rows(from) * sizeof *order));
    sluice_dataset_fill(dataset, NULL, NULL, &why);
    fixture_says(&why, SLUICE_INVALID, "the outline is that of a text");
    int32_t x[8], y[8];
    sluice_dataset_leave_out(from, true, false);
    ck_assert(!sluice_dataset_gather(from, order, 1, x, y, NULL));
    sluice_dataset_leave_out(from, true, true);
    sluice_text_destroy(text);
    lacks(from, true, true, "without its features");
    lacks(dataset, false, true, "without its targets");
    sluice_dataset_destroy(dataset);
    sluice_dataset_destroy(from);
    sluice_tokenizer_destroy(bytes);
}
END_TEST

/* Each of the parts, with rows of the training part and of the other one. */
START_TEST(named_data_are_filled_in)
{
    sluice_dataset *train, *test;
    sluice_outline outlines[2];
    sluice_diag why = {.status = SLUICE_OK};
    ck_assert(!sluice_dataset_open("embedded", NULL, &train, &test, NULL));
    sluice_dataset_outline(train, &outlines[0]);
    sluice_dataset_outline(test, &outlines[1]);
    for (int parts = 1; parts <= 3; parts++) {
        bool wants_x = parts & 1, wants_y = parts & 2, x, y;
        sluice_dataset *one = outlined(&outlines[0]);
        sluice_dataset *other = outlined(&outlines[1]);
        ck_assert(!sluice_dataset_fill_named("embedded", wants_x, wants_y, one,
                                             other, NULL));
        sluice_dataset_has(one, &x, &y);
        ck_assert(x == wants_x && y == wants_y);
        sluice_dataset_has(other, &x, &y);
        ck_assert(x == wants_x && y == wants_y);
        sluice_dataset_fill_named("embedded", wants_x, wants_y, one, other,
                                  &why);
        fixture_says(&why, SLUICE_FORMAT,
                     "data set 'embedded', training part: the data set has");
        sluice_dataset_destroy(one);
        sluice_dataset_destroy(other);
    }
    sluice_dataset_destroy(train);
    sluice_dataset_destroy(test);
}
END_TEST

SLUICE_TEST_MAIN("data.outline", an_outline_has_all_but_the_rows,
                 what_is_filled_in_is_gathered_as_before,
                 other_rows_are_refused, what_is_left_out_is_freed,
                 an_outline_that_contradicts_itself_is_refused,
                 windows_have_both_or_neither, named_data_are_filled_in)
