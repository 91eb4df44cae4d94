/* BLAS against plain loops. */
#include "tensor/gemm_plain.h"

#include <string.h>

#include "support/runner.h"
#include "tensor/numbers.h"

enum { MOST = 70 * 70 };

/* Sizes around the blocks of common kernels, and vectors. */
static const struct sl_gemm sizes[] = {
    {1, 1, 1},    {1, 7, 3},   {5, 1, 4},    {3, 17, 1},   {4, 16, 16},
    {16, 33, 31}, {32, 64, 8}, {13, 70, 70}, {70, 13, 70}, {64, 64, 64},
};

static float x[MOST], w[MOST], dy[MOST], got[MOST], want[MOST];

static void fill(struct sl_gemm s)
{
    sl_test_fill(1, s.rows * s.in, x);
    sl_test_fill(2, s.in * s.out, w);
    sl_test_fill(3, s.rows * s.out, dy);
    sl_test_fill(4, MOST, got);
    memcpy(want, got, sizeof want);
}

enum { N_SIZES = sizeof sizes / sizeof *sizes };

/* All of `got` is compared: what lies behind the matrix must not change. */
static void assert_equal(void)
{
    ck_assert_double_lt(sl_test_distance(MOST, got, want), 1e-5);
}

static void check_forward(struct sl_gemm s, bool accumulate)
{
    fill(s);
    ck_assert(!sl_gemm_forward(s, x, w, accumulate, got));
    ck_assert(!sl_gemm_plain_forward(s, x, w, accumulate, want));
    assert_equal();
}

static void check_weight(struct sl_gemm s, bool accumulate)
{
    fill(s);
    ck_assert(!sl_gemm_weight(s, x, dy, accumulate, got));
    ck_assert(!sl_gemm_plain_weight(s, x, dy, accumulate, want));
    assert_equal();
}

START_TEST(forward_agrees_with_plain_loops)
{
    for (int i = 0; i < N_SIZES; i++) {
        check_forward(sizes[i], false);
        check_forward(sizes[i], true);
    }
}
END_TEST

START_TEST(input_gradient_agrees_with_plain_loops)
{
    for (int i = 0; i < N_SIZES; i++) {
        fill(sizes[i]);
        ck_assert(!sl_gemm_input(sizes[i], dy, w, got));
        ck_assert(!sl_gemm_plain_input(sizes[i], dy, w, want));
        assert_equal();
    }
}
END_TEST

/* x and dy lie in wider matrices, each as it is and transposed. */
START_TEST(matrices_inside_others_agree_with_plain_loops)
{
    for (int i = 0; i < N_SIZES; i++) {
        struct sl_gemm s = sizes[i], inner = {s.in, s.rows, s.out};
        const struct sl_matrix left = {x, s.in, true};
        const struct sl_matrix right = {dy, s.out, false};
        const struct sl_gemm turned = {s.rows, s.out, s.in};
        const struct sl_matrix weights = {w, s.out, true};
        fill(s);
        ck_assert(!sl_gemm_multiply(inner, left, right, true, got, s.out));
        ck_assert(!sl_gemm_plain_weight(s, x, dy, true, want));
        assert_equal();
        ck_assert(!sl_gemm_multiply(turned, right, weights, false, got, s.in));
        ck_assert(!sl_gemm_plain_input(s, dy, w, want));
        assert_equal();
    }
}
END_TEST

/* A block of 2 x 3 from (1, 1) on of c[4][5], made of blocks of a and b. */
START_TEST(a_block_is_written_and_nothing_beside_it)
{
    const struct sl_matrix a = {x + 7, 6, false}, b = {w + 5, 4, false};
    sl_test_fill(1, 24, x);
    sl_test_fill(2, 24, w);
    sl_test_fill(4, 20, got);
    memcpy(want, got, sizeof want);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++) {
            want[(i + 1) * 5 + j + 1] = 0;
            for (int k = 0; k < 4; k++)
                want[(i + 1) * 5 + j + 1] +=
                    x[7 + i * 6 + k] * w[5 + k * 4 + j];
        }
    ck_assert(
        !sl_gemm_multiply((struct sl_gemm){2, 4, 3}, a, b, false, got + 6, 5));
    assert_equal();
    ck_assert_int_eq(
        sl_gemm_multiply((struct sl_gemm){2, 4, 3}, a, b, false, got + 6, 2),
        SLUICE_INVALID);
}
END_TEST

START_TEST(weight_gradient_agrees_with_plain_loops)
{
    for (int i = 0; i < N_SIZES; i++) {
        check_weight(sizes[i], false);
        check_weight(sizes[i], true);
    }
}
END_TEST

START_TEST(overwriting_ignores_nan_that_was_there)
{
    struct sl_gemm s = {4, 8, 8};
    fill(s);
    for (int i = 0; i < 64; i++)
        got[i] = NAN;
    memcpy(want, got, sizeof want);
    ck_assert(!sl_gemm_weight(s, x, dy, false, got));
    ck_assert(!sl_gemm_plain_weight(s, x, dy, false, want));
    assert_equal();
}
END_TEST

START_TEST(plain_loops_know_a_product_by_hand)
{
    static const float a[] = {1, 2, 3, 4, 5, 6}; /* [2][3] */
    static const float b[] = {1, 2, 3, 4, 5, 6}; /* [3][2] */
    static const float ab[] = {22, 28, 49, 64};
    float y[4];
    struct sl_gemm s = {2, 3, 2};
    ck_assert(!sl_gemm_plain_forward(s, a, b, false, y));
    ck_assert_mem_eq(y, ab, sizeof ab);
    /* dx = y * transpose(b), dw = transpose(a) * y */
    float dx[6], dw[6];
    ck_assert(!sl_gemm_plain_input(s, y, b, dx));
    ck_assert_float_eq(dx[0], 22 * 1 + 28 * 2);
    ck_assert_float_eq(dx[5], 49 * 5 + 64 * 6);
    ck_assert(!sl_gemm_plain_weight(s, a, y, false, dw));
    ck_assert_float_eq(dw[0], 1 * 22 + 4 * 49);
    ck_assert_float_eq(dw[5], 3 * 28 + 6 * 64);
}
END_TEST

/* Each matrix as it is and transposed, inside larger ones. */
START_TEST(products_by_strides_agree_with_plain_loops)
{
    static const int64_t shapes[][3] = {
        {1, 1, 1}, {1, 7, 3}, {13, 5, 17}, {33, 40, 9}, {40, 3, 64}};
    for (int i = 0; i < 5; i++)
        for (int how = 0; how < 8; how++) {
            int64_t m = shapes[i][0], n = shapes[i][1], k = shapes[i][2];
            struct sl_strided p = {
                .size = {m, k, n},
                .alpha = how & 1 ? 0.5f : 1,
                .a = {x, 67, how & 1},
                .b = {w, 69, how & 2},
                .c = got,
                .c_stride = 68,
                .accumulate = how & 4,
            };
            fill((struct sl_gemm){70, 70, 70});
            ck_assert(!sl_gemm_strided(&p));
            p.c = want;
            ck_assert(!sl_gemm_plain_strided(&p));
            assert_equal();
        }
}
END_TEST

START_TEST(plain_strides_know_a_product_by_hand)
{
    static const float a[] = {1, 2, 0, 3, 4, 0}; /* 2 x 2 of stride 3 */
    static const float b[] = {5, 7, 6, 8};       /* transposed */
    float c[] = {1, 1, 9, 1, 1, 9};
    struct sl_strided p = {{2, 2, 2}, 2, {a, 3, false}, {b, 2, true},
                           c,         3, true};
    ck_assert(!sl_gemm_plain_strided(&p));
    /* {1, 2; 3, 4} * {5, 6; 7, 8} = {19, 22; 43, 50} */
    const float right[] = {39, 45, 9, 87, 101, 9};
    ck_assert_mem_eq(c, right, sizeof right);
}
END_TEST

START_TEST(strides_beyond_int_are_refused)
{
    const struct sl_strided good = {
        {1, 1, 1}, 1, {NULL, 1, 0}, {NULL, 1, 0}, NULL, 1, 0};
    ck_assert(sl_strided_is_valid(&good));
    for (int i = 0; i < 6; i++) {
        struct sl_strided p = good;
        int64_t *const numbers[] = {&p.size.rows, &p.size.in,  &p.size.out,
                                    &p.a.stride,  &p.b.stride, &p.c_stride};
        *numbers[i] = i % 2 ? 0 : (int64_t)SL_GEMM_MAX_SIZE + 1;
        ck_assert_int_eq(sl_gemm_strided(&p), SLUICE_INVALID);
        ck_assert_int_eq(sl_gemm_plain_strided(&p), SLUICE_INVALID);
    }
}
END_TEST

/* NULL for the matrices: a refusal touches nothing. */
static void check_refused(struct sl_gemm s)
{
    ck_assert_int_eq(sl_gemm_forward(s, NULL, NULL, 0, NULL), SLUICE_INVALID);
    ck_assert_int_eq(sl_gemm_input(s, NULL, NULL, NULL), SLUICE_INVALID);
    ck_assert_int_eq(sl_gemm_weight(s, NULL, NULL, 0, NULL), SLUICE_INVALID);
    ck_assert_int_eq(sl_gemm_plain_forward(s, NULL, NULL, 0, NULL),
                     SLUICE_INVALID);
    ck_assert_int_eq(sl_gemm_plain_input(s, NULL, NULL, NULL), SLUICE_INVALID);
    ck_assert_int_eq(sl_gemm_plain_weight(s, NULL, NULL, 0, NULL),
                     SLUICE_INVALID);
}

START_TEST(sizes_beyond_int_are_refused)
{
    const int64_t bad[] = {0, -1, (int64_t)SL_GEMM_MAX_SIZE + 1,
                           ((int64_t)1 << 32) + 1, INT64_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        check_refused((struct sl_gemm){bad[i], 2, 2});
        check_refused((struct sl_gemm){2, bad[i], 2});
        check_refused((struct sl_gemm){2, 2, bad[i]});
    }
}
END_TEST

SLUICE_TEST_MAIN("tensor.gemm", forward_agrees_with_plain_loops,
                 input_gradient_agrees_with_plain_loops,
                 weight_gradient_agrees_with_plain_loops,
                 matrices_inside_others_agree_with_plain_loops,
                 a_block_is_written_and_nothing_beside_it,
                 overwriting_ignores_nan_that_was_there,
                 plain_loops_know_a_product_by_hand,
                 sizes_beyond_int_are_refused,
                 products_by_strides_agree_with_plain_loops,
                 plain_strides_know_a_product_by_hand,
                 strides_beyond_int_are_refused)
