/* Data sets made of arrays: normalization, targets, gathering. */
#include <sluice/dataset.h>

#include "fixture.h"
#include "support/runner.h"

#include <math.h>

static sluice_array make(sluice_element type, sluice_shape shape,
                         const void *values)
{
    sluice_array array;
    ck_assert_int_eq(sluice_array_init(&array, type, &shape, NULL, NULL),
                     SLUICE_OK);
    memcpy(array.data, values, array.bytes);
    return array;
}

/* Rows of two bytes, with labels of one. */
static sluice_array features_u8(void)
{
    static const uint8_t x[] = {0, 255, 51, 102, 153, 204};
    return make(SLUICE_U8, sluice_shape_matrix(3, 2), x);
}

static sluice_array labels_u8(void)
{
    static const uint8_t y[] = {2, 0, 4};
    return make(SLUICE_U8, sluice_shape_vector(3), y);
}

static sluice_dataset *create(const sluice_dataset_config *config,
                              sluice_array features, sluice_array targets)
{
    sluice_dataset *dataset = NULL;
    sluice_diag why;
    sluice_status st =
        sluice_dataset_create(config, &features, &targets, &dataset, &why);
    ck_assert_msg(st == SLUICE_OK, "%s", why.text);
    ck_assert(!features.data && !targets.data);
    return dataset;
}

/* Refused: the arrays are still the caller's, and are freed here. */
static void refused(const sluice_dataset_config *config, sluice_array features,
                    sluice_array targets, const char *says)
{
    sluice_dataset *dataset = NULL;
    sluice_diag why = {.status = SLUICE_OK};
    const void *x = features.data, *y = targets.data;
    sluice_dataset_create(config, &features, &targets, &dataset, &why);
    fixture_says(&why, SLUICE_INVALID, says);
    ck_assert(!dataset && features.data == x && targets.data == y);
    sluice_array_fini(&features);
    sluice_array_fini(&targets);
}

START_TEST(bytes_are_scaled_to_the_unit_interval)
{
    const int64_t index[] = {2, 0, 2};
    float x[6];
    int32_t y[3];
    sluice_dataset *dataset = create(NULL, features_u8(), labels_u8());
    sluice_shape row = sluice_dataset_input(dataset);
    ck_assert_int_eq(sluice_dataset_rows(dataset), 3);
    ck_assert(row.n_dims == 1 && row.dims[0] == 2);
    ck_assert_int_eq(sluice_dataset_classes(dataset), 5);
    ck_assert_uint_eq(sluice_dataset_target_bytes(dataset), 4);
    ck_assert_int_eq(sluice_dataset_target_type(dataset), SLUICE_I32);
    ck_assert_int_eq(sluice_dataset_gather(dataset, index, 3, x, y, NULL),
                     SLUICE_OK);
    ck_assert(y[0] == 4 && y[1] == 2 && y[2] == 4);
    const float expected[] = {0.6f, 0.8f, 0, 1, 0.6f, 0.8f};
    for (int i = 0; i < 6; i++)
        ck_assert(x[i] == expected[i]);
    sluice_dataset_destroy(dataset);
    sluice_dataset_destroy(NULL);
}
END_TEST

START_TEST(floats_pass_unchanged_by_default)
{
    const float x[] = {0.1f, -0.0f, 3e38f, 1e-40f, INFINITY, 7};
    const float y[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    const int64_t all[] = {0, 1};
    float got_x[6], got_y[12];
    sluice_shape shape = {3, {2, 3, 2}};
    sluice_dataset *dataset =
        create(NULL, make(SLUICE_F32, sluice_shape_matrix(2, 3), x),
               make(SLUICE_F32, shape, y));
    ck_assert_int_eq(sluice_dataset_classes(dataset), 0);
    ck_assert_uint_eq(sluice_dataset_target_bytes(dataset), 24);
    ck_assert_int_eq(sluice_dataset_target_type(dataset), SLUICE_F32);
    ck_assert_int_eq(sluice_dataset_gather(dataset, all, 2, got_x, got_y, NULL),
                     SLUICE_OK);
    ck_assert_mem_eq(got_x, x, sizeof x);
    ck_assert_mem_eq(got_y, y, sizeof y);
    sluice_dataset_destroy(dataset);
}
END_TEST

START_TEST(scale_mean_and_deviation_are_applied_in_this_order)
{
    const int32_t x[] = {10, -20}, y[] = {0, 1};
    const int64_t all[] = {0, 1};
    float got[2];
    int32_t labels[2];
    sluice_dataset_config config = {.scale = 0.5, .mean = 1, .deviation = 4};
    sluice_dataset *dataset =
        create(&config, make(SLUICE_I32, sluice_shape_vector(2), x),
               make(SLUICE_I32, sluice_shape_vector(2), y));
    sluice_shape row = sluice_dataset_input(dataset);
    ck_assert(row.n_dims == 1 && row.dims[0] == 1);
    ck_assert_int_eq(sluice_dataset_gather(dataset, all, 2, got, labels, NULL),
                     SLUICE_OK);
    ck_assert(got[0] == 1 && got[1] == -2.75f);
    ck_assert(labels[0] == 0 && labels[1] == 1);
    sluice_dataset_destroy(dataset);
}
END_TEST

START_TEST(integers_are_handed_out_as_they_are_unless_they_are_computed_with)
{
    static const sluice_dataset_config computes[] = {
        {.scale = 1}, {.mean = 1}, {.deviation = 2}, {.measure = true}};
    const int32_t x[] = {INT32_MIN, -1, 16777217, INT32_MAX}, y[] = {0, 1};
    const int64_t back[] = {1, 0};
    const int32_t want[] = {16777217, INT32_MAX, INT32_MIN, -1};
    int32_t got[4], labels[2];
    sluice_dataset *dataset =
        create(NULL, make(SLUICE_I32, sluice_shape_matrix(2, 2), x),
               make(SLUICE_I32, sluice_shape_vector(2), y));
    ck_assert_int_eq(sluice_dataset_input_type(dataset), SLUICE_I32);
    ck_assert_int_eq(sluice_dataset_gather(dataset, back, 2, got, labels, NULL),
                     SLUICE_OK);
    ck_assert_mem_eq(got, want, sizeof want);
    sluice_dataset_destroy(dataset);
    for (int i = 0; i < 4; i++) {
        dataset =
            create(&computes[i], make(SLUICE_I32, sluice_shape_matrix(2, 2), x),
                   make(SLUICE_I32, sluice_shape_vector(2), y));
        ck_assert_int_eq(sluice_dataset_input_type(dataset), SLUICE_F32);
        sluice_dataset_destroy(dataset);
    }
}
END_TEST

/* Measure data of that type: {1, 2, 3, 6} has mean 3 and variance 3.5. */
static void check_measured(sluice_element type, const void *x, double scale)
{
    const int32_t y[4] = {0};
    double mean, deviation;
    sluice_dataset_config config = {.scale = scale, .measure = true};
    sluice_dataset *dataset =
        create(&config, make(type, sluice_shape_matrix(4, 1), x),
               make(SLUICE_I32, sluice_shape_vector(4), y));
    sluice_dataset_normalization(dataset, &mean, &deviation);
    ck_assert_double_eq_tol(mean, 3 * scale, 1e-15);
    ck_assert_double_eq_tol(deviation, sqrt(3.5) * fabs(scale), 1e-15);
    sluice_dataset_destroy(dataset);
}

START_TEST(measured_features_have_mean_zero_and_deviation_one)
{
    const uint8_t u8[] = {1, 2, 3, 6};
    const int32_t i32[] = {1, 2, 3, 6};
    const float f32[] = {1, 2, 3, 6};
    check_measured(SLUICE_U8, u8, 1);
    check_measured(SLUICE_U8, u8, 0.25);
    check_measured(SLUICE_I32, i32, -2);
    check_measured(SLUICE_F32, f32, 0.5);
}
END_TEST

START_TEST(equal_features_are_not_divided_by_zero)
{
    const float x[] = {5, 5}, y[] = {0, 0};
    const int64_t row = 1;
    float got, target;
    sluice_dataset_config config = {.measure = true};
    sluice_dataset *dataset =
        create(&config, make(SLUICE_F32, sluice_shape_vector(2), x),
               make(SLUICE_F32, sluice_shape_vector(2), y));
    ck_assert_int_eq(
        sluice_dataset_gather(dataset, &row, 1, &got, &target, NULL),
        SLUICE_OK);
    ck_assert(got == 0);
    sluice_dataset_destroy(dataset);
}
END_TEST

START_TEST(a_row_out_of_range_is_refused_before_anything_is_written)
{
    static const int64_t bad[] = {3, -1, INT64_MAX, INT64_MIN};
    sluice_dataset *dataset = create(NULL, features_u8(), labels_u8());
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const int64_t index[] = {0, bad[i]};
        float x[4] = {-7, -7, -7, -7};
        int32_t y[2] = {-7, -7};
        sluice_diag why;
        ck_assert_int_eq(sluice_dataset_gather(dataset, index, 2, x, y, &why),
                         SLUICE_INVALID);
        fixture_says(&why, SLUICE_INVALID, "rows are 0 to 2");
        ck_assert(x[0] == -7 && y[0] == -7);
    }
    sluice_dataset_destroy(dataset);
}
END_TEST

START_TEST(features_and_targets_must_have_as_many_rows)
{
    const uint8_t y[2] = {0};
    refused(NULL, features_u8(), make(SLUICE_U8, sluice_shape_vector(2), y),
            "3 rows of features but 2 targets");
}
END_TEST

START_TEST(labels_must_be_a_vector_of_numbers_from_zero)
{
    const int32_t negative[3] = {0, -1, 2}, large[3] = {0, 1, INT32_MAX};
    const uint8_t square[6] = {0};
    refused(NULL, features_u8(),
            make(SLUICE_I32, sluice_shape_vector(3), negative),
            "label -1 of row 1");
    refused(NULL, features_u8(),
            make(SLUICE_I32, sluice_shape_vector(3), large),
            "label 2147483647 of row 2");
    refused(NULL, features_u8(),
            make(SLUICE_U8, sluice_shape_matrix(3, 2), square),
            "labels have one dim, these have 2");
}
END_TEST

START_TEST(a_row_may_have_a_label_for_each_position)
{
    const int32_t labels[6] = {0, 4, 1, -100, 2, 3},
                  bad[6] = {0, 0, 0, 0, 0, -1};
    const sluice_shape shape = sluice_shape_matrix(3, 2);
    const sluice_dataset_config negative = {.negative = true};
    const int64_t index[] = {1};
    float x[2];
    int32_t y[2];
    sluice_dataset *dataset =
        create(&negative, features_u8(), make(SLUICE_I32, shape, labels));
    ck_assert_int_eq(sluice_dataset_classes(dataset), 5);
    ck_assert_uint_eq(sluice_dataset_target_bytes(dataset), 8);
    ck_assert(!sluice_dataset_gather(dataset, index, 1, x, y, NULL));
    ck_assert(y[0] == 1 && y[1] == -100);
    sluice_dataset_destroy(dataset);
    refused(NULL, features_u8(), make(SLUICE_I32, shape, bad),
            "label -1 of row 2");
}
END_TEST

START_TEST(a_config_that_is_not_finite_is_refused)
{
    static const sluice_dataset_config configs[] = {
        {.scale = NAN},    {.scale = INFINITY},     {.mean = NAN},
        {.deviation = -1}, {.deviation = INFINITY},
    };
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++)
        refused(&configs[i], features_u8(), labels_u8(), "must be finite");
}
END_TEST

START_TEST(features_to_be_measured_must_be_finite)
{
    const float nan[] = {1, NAN, 3}, inf[] = {1, 2, INFINITY};
    sluice_dataset_config config = {.measure = true};
    refused(&config, make(SLUICE_F32, sluice_shape_vector(3), nan), labels_u8(),
            "NaN or infinite");
    refused(&config, make(SLUICE_F32, sluice_shape_vector(3), inf), labels_u8(),
            "NaN or infinite");
}
END_TEST

START_TEST(what_is_no_array_is_refused)
{
    sluice_array scalar = make(SLUICE_U8, (sluice_shape){0, {0}}, "a");
    sluice_array wrong = features_u8();
    wrong.shape.dims[1]++;
    refused(NULL, scalar, labels_u8(), "features are not an array");
    refused(NULL, wrong, labels_u8(), "features are not an array");
    refused(NULL, features_u8(), (sluice_array){0}, "targets are not an array");
}
END_TEST

START_TEST(arrays_of_no_shape_or_type_are_refused)
{
    sluice_array array = {0};
    sluice_diag why;
    sluice_shape empty = sluice_shape_vector(0);
    sluice_shape huge = sluice_shape_matrix(INT64_MAX, INT64_MAX);
    sluice_shape one = sluice_shape_vector(1);
    sluice_array_init(&array, SLUICE_F32, &empty, NULL, &why);
    fixture_says(&why, SLUICE_INVALID, "all of them positive");
    sluice_array_init(&array, SLUICE_F32, &huge, NULL, &why);
    fixture_says(&why, SLUICE_INVALID, "fits in memory");
    sluice_array_init(&array, SLUICE_UNTYPED, &one, NULL, &why);
    fixture_says(&why, SLUICE_INVALID, "not an element type");
    sluice_array_init(&array, (sluice_element)7, &one, NULL, &why);
    fixture_says(&why, SLUICE_INVALID, "7 is not an element type");
    ck_assert(!array.data);
}
END_TEST

SLUICE_TEST_MAIN(
    "data.dataset", bytes_are_scaled_to_the_unit_interval,
    floats_pass_unchanged_by_default,
    scale_mean_and_deviation_are_applied_in_this_order,
    integers_are_handed_out_as_they_are_unless_they_are_computed_with,
    measured_features_have_mean_zero_and_deviation_one,
    equal_features_are_not_divided_by_zero,
    a_row_out_of_range_is_refused_before_anything_is_written,
    features_and_targets_must_have_as_many_rows,
    labels_must_be_a_vector_of_numbers_from_zero,
    a_row_may_have_a_label_for_each_position,
    a_config_that_is_not_finite_is_refused,
    features_to_be_measured_must_be_finite, what_is_no_array_is_refused,
    arrays_of_no_shape_or_type_are_refused)
