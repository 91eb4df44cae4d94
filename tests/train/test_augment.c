/* Images shifted and flipped by chance. */
#include <sluice/augment.h>
#include <sluice/dataset.h>
#include <sluice/loss.h>
#include <sluice/train.h>

#include <string.h>

#include "support/runner.h"

enum { CHANNELS = 2, HEIGHT = 4, WIDTH = 3, N = CHANNELS * HEIGHT * WIDTH };

static const sluice_shape image = {3, {CHANNELS, HEIGHT, WIDTH}};
static sluice_diag why;

static float pixel(int c, int i, int j)
{
    return (float)(1 + (c * HEIGHT + i) * WIDTH + j);
}

static void fill(float x[N])
{
    for (int i = 0; i < N; i++)
        x[i] = (float)(i + 1);
}

/* Whether x is the image moved so, by the definition. */
static bool is_moved(const float x[N], int down, int right, bool flips)
{
    for (int c = 0; c < CHANNELS; c++)
        for (int i = 0; i < HEIGHT; i++)
            for (int j = 0; j < WIDTH; j++) {
                int from_i = i - down, from_j = j - right;
                bool inside = from_i >= 0 && from_i < HEIGHT && from_j >= 0 &&
                              from_j < WIDTH;
                if (flips)
                    from_j = WIDTH - 1 - from_j;
                if (x[(c * HEIGHT + i) * WIDTH + j] !=
                    (inside ? pixel(c, from_i, from_j) : -7))
                    return false;
            }
    return true;
}

START_TEST(each_shift_and_side_is_as_likely_as_any_other)
{
    enum { SHIFT = 1, SHIFTS = 9, KINDS = 2 * SHIFTS, DRAWS = 9000 };
    const sluice_augmentation augment = {.shift = SHIFT, .flip = true};
    int n[KINDS] = {0};
    for (int row = 0; row < DRAWS; row++) {
        float x[N], room[N];
        int kind = 0;
        fill(x);
        sluice_augment(&augment, 5, 2, row, &image, -7, x, room);
        while (kind < KINDS &&
               !is_moved(x, kind / 2 / 3 - 1, kind / 2 % 3 - 1, kind % 2 == 1))
            kind++;
        ck_assert_int_lt(kind, KINDS);
        n[kind]++;
    }
    for (int kind = 0; kind < KINDS; kind++) /* 500 +- 5 deviations */
        ck_assert_msg(n[kind] > 390 && n[kind] < 610, "%d of kind %d", n[kind],
                      kind);
}
END_TEST

START_TEST(a_draw_depends_on_seed_epoch_and_row_alone)
{
    const sluice_augmentation augment = {.shift = 2, .flip = true};
    float a[N], b[N], room[N];
    int n_same = 0;
    for (int row = 0; row < 50; row++) {
        fill(a);
        fill(b);
        sluice_augment(&augment, 1, 1, row, &image, 0, a, room);
        sluice_augment(&augment, 1, 1, row, &image, 0, b, room);
        ck_assert_mem_eq(a, b, sizeof a);
        for (int other = 0; other < 3; other++) {
            fill(b);
            sluice_augment(&augment, 1 + (other == 0), 1 + (other == 1),
                           row + (other == 2), &image, 0, b, room);
            n_same += !memcmp(a, b, sizeof a);
        }
    }
    ck_assert_int_lt(n_same, 30); /* of 150: one in 50 by chance */
}
END_TEST

START_TEST(nothing_asked_for_is_nothing_done)
{
    const sluice_augmentation none = {.shift = 0};
    float a[N], b[N], room[N];
    fill(a);
    fill(b);
    ck_assert(!sluice_augmentation_acts(&none));
    sluice_augment(&none, 1, 1, 1, &image, 0, b, room);
    ck_assert_mem_eq(a, b, sizeof a);
}
END_TEST

static void assert_refused(int64_t shift, sluice_shape row, const char *text)
{
    const sluice_augmentation augment = {.shift = shift};
    ck_assert_int_eq(sluice_augmentation_check(&augment, &row, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, text), "%s", why.text);
}

START_TEST(what_is_no_image_or_smaller_than_the_shift_is_refused)
{
    assert_refused(1, sluice_shape_vector(9), "a row of 1 dims");
    assert_refused(1, (sluice_shape){4, {2, 2, 2, 2}}, "a row of 4 dims");
    assert_refused(3, image, "a shift of 3 pixels of images of 4 x 3");
    assert_refused(-1, image, "a shift of -1 pixels");
    const sluice_augmentation fits = {.shift = 2};
    ck_assert(!sluice_augmentation_check(&fits, &image, &why));
}
END_TEST

enum { ROWS = 10, BATCH = 4, EPOCHS = 3, PARAMS = HEIGHT * WIDTH * 2 };

struct run {
    sluice_position stop; /* where it is interrupted; epoch 0: nowhere */
    sluice_position at;
};

static bool on_progress(void *context, const sluice_progress *p)
{
    struct run *run = context;
    run->at = p->position;
    return !run->stop.epoch || p->position.epoch != run->stop.epoch ||
           p->position.rows_done != run->stop.rows_done;
}

static sluice_dataset *make_data(sluice_element type)
{
    sluice_shape shape = {3, {ROWS, HEIGHT, WIDTH}};
    sluice_shape rows = sluice_shape_vector(ROWS);
    sluice_array x, y;
    sluice_dataset *data;
    ck_assert(!sluice_array_init(&x, type, &shape, NULL, &why));
    ck_assert(!sluice_array_init(&y, SLUICE_I32, &rows, NULL, &why));
    for (int i = 0; i < ROWS * HEIGHT * WIDTH; i++)
        if (type == SLUICE_F32)
            ((float *)x.data)[i] = (float)(i * 37 % 23) / 23;
    for (int i = 0; i < ROWS; i++)
        ((int32_t *)y.data)[i] = i % 2;
    ck_assert(!sluice_dataset_create(NULL, &x, &y, &data, &why));
    return data;
}

static sluice_status train(int devices, bool stops, bool augments,
                           sluice_element type, float w[PARAMS])
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.1};
    sluice_model *model;
    sluice_pipeline *pipe;
    struct run run = {.stop = {.epoch = stops ? 2 : 0, .rows_done = BATCH}};
    sluice_dataset *data = make_data(type);
    ck_assert(!sluice_model_parse(type == SLUICE_F32
                                      ? "input(4x3); flatten; linear(2)"
                                      : "input(4x3, int32); embedding(5, "
                                        "width=2); linear(2)",
                                  NULL, &model, &why));
    const sluice_pipeline_config config = {
        .schedule = {.devices = devices, .microbatches = 2},
        .batch = BATCH,
        .uneven = true,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
    };
    ck_assert_msg(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
    sluice_train_config training = {
        .epochs = EPOCHS,
        .batch = BATCH,
        .seed = 9,
        .augment = {.shift = augments, .flip = augments},
        .train = data,
        .on_progress = on_progress,
        .context = &run,
    };
    sluice_status st = sluice_train(pipe, &training, NULL, &why);
    if (!st && stops) {
        run.stop.epoch = 0;
        training.start = run.at;
        st = sluice_train(pipe, &training, NULL, &why);
    }
    if (!st)
        st = sluice_pipeline_get_parameter(pipe, "1.weight", w, PARAMS, &why);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
    sluice_dataset_destroy(data);
    return st;
}

START_TEST(a_training_that_stops_and_goes_on_has_the_same_bits_with_any_cut)
{
    float one[PARAMS], two[PARAMS], plain[PARAMS];
    ck_assert_msg(!train(1, false, true, SLUICE_F32, one), "%s", why.text);
    ck_assert(!train(2, true, true, SLUICE_F32, two));
    ck_assert(!train(1, false, false, SLUICE_F32, plain));
    ck_assert_mem_eq(one, two, sizeof one);
    ck_assert(memcmp(one, plain, sizeof one) != 0);
}
END_TEST

START_TEST(tokens_are_no_images)
{
    float w[PARAMS];
    ck_assert_int_eq(train(1, false, true, SLUICE_I32, w), SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "the rows are integers"), "%s", why.text);
}
END_TEST

SLUICE_TEST_MAIN(
    "train.augment", each_shift_and_side_is_as_likely_as_any_other,
    a_draw_depends_on_seed_epoch_and_row_alone,
    nothing_asked_for_is_nothing_done,
    what_is_no_image_or_smaller_than_the_shift_is_refused,
    a_training_that_stops_and_goes_on_has_the_same_bits_with_any_cut,
    tokens_are_no_images)
