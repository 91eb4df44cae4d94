/* Convolution by tiles: right beside plain loops in double, and the same bits
 * however images are divided and whichever tiles make them. */
#include "tensor/conv/conv_multiply.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "support/runner.h"
#include "tensor/conv/conv_rows.h"
#include "tensor/conv/conv_weight.h"
#include "tensor/numbers.h"
#include "tensor/tiles_here.h"

struct problem {
    int64_t in, out, height, width, kernel, stride, padding, images;
};

/* Around the chunks, of 1,024 columns and parts of images; panels of 32 columns
 * with images of less, and of more, of which the last is not whole; blocks of
 * 128 of the depth; windows that skip pixels, see none but padding in a row, or
 * are larger than the image; weight gradients with few pixels and with many. */
static const struct problem problems[] = {
    {3, 5, 40, 41, 3, 1, 1, 2},   {2, 33, 7, 6, 3, 1, 1, 9},
    {4, 20, 5, 5, 3, 2, 1, 3},    {1, 2, 9, 9, 7, 1, 3, 2},
    {2, 3, 8, 7, 1, 3, 0, 4},     {70, 17, 4, 4, 3, 1, 1, 2},
    {33, 15, 16, 16, 1, 1, 0, 3}, {3, 4, 2, 2, 4, 3, 3, 5},
    {16, 40, 8, 8, 3, 2, 1, 20},  {5, 3, 66, 66, 5, 2, 2, 1},
    {30, 70, 3, 3, 3, 1, 1, 4},
};
enum { N_PROBLEMS = sizeof problems / sizeof *problems, MOST = 1 << 15 };

/* Sums of up to 1,400 terms in float, in units of the largest. */
static const double tolerance = 2e-5;

static float *x, *y, *dx, *dw, *w, *bias, *want, *rows, *scratch;

static float *floats(size_t n)
{
    float *at = aligned_alloc(SL_ALIGN, sl_round_up(n * sizeof *at));
    ck_assert_ptr_nonnull(at);
    return at;
}

static void setup(void)
{
    float **all[] = {&x, &y, &dx, &dw, &w, &bias, &want};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        *all[i] = floats(MOST);
        sl_test_fill(i + 1, MOST, *all[i]);
    }
}

static void teardown(void)
{
    float *all[] = {x, y, dx, dw, w, bias, want, rows, scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
    rows = scratch = NULL;
}

static struct sl_conv_shape shape_of(const struct problem *p)
{
    int64_t height = (p->height + 2 * p->padding - p->kernel) / p->stride + 1;
    int64_t width = (p->width + 2 * p->padding - p->kernel) / p->stride + 1;
    return (struct sl_conv_shape){
        .window = {p->height, p->width, p->kernel, p->stride, p->padding,
                   height, width},
        .in = p->in,
        .out = p->out,
        .x_image = p->in * p->height * p->width + 3, /* of several groups */
        .y_image = p->out * height * width + 5,
    };
}

/* Everything that the window of an output sees. */
static void for_each_term(const struct problem *p,
                          void (*term)(int64_t at_y, int64_t at_w, int64_t at_x,
                                       void *sums),
                          void *sums)
{
    struct sl_conv_shape s = shape_of(p);
    int64_t k = p->kernel;
    for (int64_t i = 0; i < p->images * p->out * p->in * k * k; i++) {
        int64_t b = i % k, a = i / k % k, c = i / k / k % p->in;
        int64_t o = i / k / k / p->in % p->out, n = i / k / k / p->in / p->out;
        for (int64_t r = 0; r < s.window.out_height; r++)
            for (int64_t q = 0; q < s.window.out_width; q++) {
                int64_t row = r * p->stride + a - p->padding;
                int64_t column = q * p->stride + b - p->padding;
                if (row < 0 || row >= p->height || column < 0 ||
                    column >= p->width)
                    continue;
                term(n * s.y_image +
                         (o * s.window.out_height + r) * s.window.out_width + q,
                     ((o * p->in + c) * k + a) * k + b,
                     n * s.x_image + (c * p->height + row) * p->width + column,
                     sums);
            }
    }
}

static void add_forward(int64_t at_y, int64_t at_w, int64_t at_x, void *sums)
{
    ((double *)sums)[at_y] += (double)w[at_w] * (double)x[at_x];
}

static void add_input(int64_t at_y, int64_t at_w, int64_t at_x, void *sums)
{
    ((double *)sums)[at_x] += (double)w[at_w] * (double)y[at_y];
}

static void add_weight(int64_t at_y, int64_t at_w, int64_t at_x, void *sums)
{
    ((double *)sums)[at_w] += (double)y[at_y] * (double)x[at_x];
}

/* Compare the elements that belong to the result, `step` floats of each of
 * `images` being so; what lies between is as it was. */
static void compare(const char *what, int i, const double *sums, int64_t images,
                    int64_t n, int64_t step, const float *got)
{
    for (int64_t k = 0; k < images; k++) {
        for (int64_t j = 0; j < n; j++)
            want[j] = (float)sums[k * step + j];
        double apart = sl_test_distance(n, got + k * step, want);
        ck_assert_msg(apart <= tolerance, "%s of problem %d is %g away", what,
                      i, apart);
    }
}

static double *zeros(void)
{
    double *sums = calloc(MOST, sizeof *sums);
    ck_assert_ptr_nonnull(sums);
    return sums;
}

/* Exactly as much as was asked for, so that sanitizers see what goes beyond. */
static void make_room(int64_t bytes, int64_t row_floats)
{
    free(scratch);
    free(rows);
    scratch = floats(sl_round_up((size_t)bytes) / sizeof(float));
    rows = floats((size_t)row_floats);
}

static void forward(const struct sl_tiles *tiles, const struct problem *p,
                    const float *from, int64_t images, float *to)
{
    struct sl_conv_shape s = shape_of(p);
    struct sl_conv_pass pass;
    sl_conv_forward_pass(&s, &pass);
    make_room(sl_conv_multiply_bytes(&pass), sl_conv_rows_floats(&pass));
    sl_conv_rows(&pass, w, p->kernel * p->kernel, false, rows);
    sl_conv_multiply(tiles, &pass, rows, bias, images, from, to, scratch);
}

static void input(const struct sl_tiles *tiles, const struct problem *p,
                  const float *from, int64_t images, float *to)
{
    struct sl_conv_shape s = shape_of(p);
    if (p->stride > p->kernel)
        memset(to, 0, (size_t)(images * s.x_image) * sizeof *to);
    for (int i = 0; i < sl_conv_n_input_passes(&s); i++) {
        struct sl_conv_pass pass;
        sl_conv_input_pass(&s, i, &pass);
        make_room(sl_conv_multiply_bytes(&pass), sl_conv_rows_floats(&pass));
        sl_conv_rows(&pass, w, p->kernel * p->kernel, true, rows);
        sl_conv_multiply(tiles, &pass, rows, NULL, images, from, to, scratch);
    }
}

static void weight(const struct sl_tiles *tiles, const struct problem *p,
                   bool accumulate, float *to)
{
    struct sl_conv_shape s = shape_of(p);
    struct sl_conv_pass pass;
    sl_conv_forward_pass(&s, &pass);
    make_room(sl_conv_weight_bytes(&pass), 0);
    sl_conv_weight(tiles, &pass, p->images, x, y, accumulate, to, scratch);
}

static int64_t y_floats(const struct problem *p)
{
    struct sl_conv_shape s = shape_of(p);
    return p->out * s.window.out_height * s.window.out_width;
}

START_TEST(forwards_are_those_of_plain_loops)
{
    setup();
    for (int i = 0; i < N_PROBLEMS; i++) {
        const struct problem *p = &problems[i];
        struct sl_conv_shape s = shape_of(p);
        int64_t n = y_floats(p), plane = n / p->out;
        double *sums = zeros();
        for (int64_t k = 0; k < p->images; k++)
            for (int64_t j = 0; j < n; j++)
                sums[k * s.y_image + j] = (double)bias[j / plane];
        for_each_term(p, add_forward, sums);
        for (int t = 0; sl_test_tiles_at(t); t++) {
            float *got = floats(MOST);
            forward(sl_test_tiles_at(t), p, x, p->images, got);
            compare("y", i, sums, p->images, n, s.y_image, got);
            free(got);
        }
        free(sums);
    }
    teardown();
}
END_TEST

START_TEST(input_gradients_are_those_of_plain_loops)
{
    setup();
    for (int i = 0; i < N_PROBLEMS; i++) {
        const struct problem *p = &problems[i];
        struct sl_conv_shape s = shape_of(p);
        double *sums = zeros();
        for_each_term(p, add_input, sums);
        for (int t = 0; sl_test_tiles_at(t); t++) {
            input(sl_test_tiles_at(t), p, y, p->images, dx);
            compare("dx", i, sums, p->images, s.x_image - 3, s.x_image, dx);
        }
        free(sums);
    }
    teardown();
}
END_TEST

START_TEST(weight_gradients_are_those_of_plain_loops)
{
    setup();
    for (int i = 0; i < N_PROBLEMS; i++) {
        const struct problem *p = &problems[i];
        int64_t n = p->out * p->in * p->kernel * p->kernel;
        double *sums = zeros();
        for_each_term(p, add_weight, sums);
        for (int t = 0; sl_test_tiles_at(t); t++) {
            weight(sl_test_tiles_at(t), p, false, dw);
            compare("dw", i, sums, 1, n, n, dw);
            sl_test_fill(9, n, dw);
            for (int64_t j = 0; j < n; j++)
                sums[j] += (double)dw[j];
            weight(sl_test_tiles_at(t), p, true, dw);
            compare("dw, added,", i, sums, 1, n, n, dw);
            sl_test_fill(9, n, dw);
            for (int64_t j = 0; j < n; j++)
                sums[j] -= (double)dw[j];
        }
        free(sums);
    }
    teardown();
}
END_TEST

/* An image alone, and by other tiles. */
START_TEST(bits_of_an_image_are_always_the_same)
{
    setup();
    const struct sl_tiles *first = sl_test_tiles_at(0);
    for (int i = 0; i < N_PROBLEMS && first; i++) {
        const struct problem *p = &problems[i];
        struct sl_conv_shape s = shape_of(p);
        int64_t last = p->images - 1, n = y_floats(p), m = s.x_image - 3;
        float *all_y = floats(MOST), *all_dx = floats(MOST);
        forward(first, p, x, p->images, all_y);
        input(first, p, y, p->images, all_dx);
        for (int t = 0; sl_test_tiles_at(t); t++) {
            forward(sl_test_tiles_at(t), p, x + last * s.x_image, 1, want);
            ck_assert_mem_eq(want, all_y + last * s.y_image,
                             (size_t)n * sizeof *want);
            input(sl_test_tiles_at(t), p, y + last * s.y_image, 1, want);
            ck_assert_mem_eq(want, all_dx + last * s.x_image,
                             (size_t)m * sizeof *want);
            weight(first, p, false, dw);
            weight(sl_test_tiles_at(t), p, false, want);
            ck_assert_mem_eq(want, dw,
                             (size_t)(p->out * p->in * p->kernel * p->kernel) *
                                 sizeof *want);
        }
        free(all_y);
        free(all_dx);
    }
    teardown();
}
END_TEST

SLUICE_TEST_MAIN("tensor.conv", forwards_are_those_of_plain_loops,
                 input_gradients_are_those_of_plain_loops,
                 weight_gradients_are_those_of_plain_loops,
                 bits_of_an_image_are_always_the_same)
