/* Activations: against double, and the same bits wherever an element stands. */
#include "tensor/pointwise.h"

#include <string.h>

#include "support/runner.h"
#include "tensor/numbers.h"

enum { ROWS = 3, WIDTH = 7, N = ROWS * WIDTH, PLACES = 8 };

static double identity(double z)
{
    return z;
}

static double relu(double z)
{
    return z < 0 ? 0 : z;
}

static double gelu(double z)
{
    return 0.5 * z * erfc(-z * sqrt(0.5));
}

/* With tanh itself, which the kernel does not call. */
static double gelu_tanh(double z)
{
    return z / 2 * (1 + tanh(sqrt(0.5 / atan(1)) * (z + 0.044715 * z * z * z)));
}

static double sigmoid(double z)
{
    return 1 / (1 + exp(-z));
}

static double silu(double z)
{
    return z * sigmoid(z);
}

static double one(double z)
{
    (void)z;
    return 1;
}

static double relu_slope(double z)
{
    return z > 0;
}

static double tanh_slope(double z)
{
    return 1 - tanh(z) * tanh(z);
}

static double gelu_slope(double z)
{
    return 0.5 * erfc(-z * sqrt(0.5)) +
           z * exp(-0.5 * z * z) / sqrt(8 * atan(1));
}

static double gelu_tanh_slope(double z)
{
    double c = sqrt(0.5 / atan(1));
    double t = tanh(c * (z + 0.044715 * z * z * z));
    return (1 + t) / 2 + z / 2 * (1 - t * t) * c * (1 + 3 * 0.044715 * z * z);
}

static double sigmoid_slope(double z)
{
    return sigmoid(z) * sigmoid(-z);
}

static double silu_slope(double z)
{
    return sigmoid(z) * (1 + z * sigmoid(-z));
}

static const struct subject {
    sl_pointwise_forward *forward;
    sl_pointwise_backward *backward;
    double (*value)(double z);
    double (*slope)(double z);
    bool from_y;
} subjects[] = {
    {sl_identity_forward, sl_identity_backward, identity, one, false},
    {sl_relu_forward, sl_relu_backward, relu, relu_slope, true},
    {sl_tanh_forward, sl_tanh_backward, tanh, tanh_slope, true},
    {sl_gelu_forward, sl_gelu_backward, gelu, gelu_slope, false},
    {sl_gelu_tanh_forward, sl_gelu_tanh_backward, gelu_tanh, gelu_tanh_slope,
     false},
    {sl_sigmoid_forward, sl_sigmoid_backward, sigmoid, sigmoid_slope, true},
    {sl_silu_forward, sl_silu_backward, silu, silu_slope, false},
};

enum { N_SUBJECTS = sizeof subjects / sizeof *subjects };

static float x[N], bias[WIDTH], z[N + 1], y[N + 1], dy[N], dx[N + 1];

static void fill(float size)
{
    sl_test_fill(1, N, x);
    sl_test_fill(2, WIDTH, bias);
    sl_test_fill(3, N, dy);
    for (int i = 0; i < N; i++)
        x[i] *= size;
}

/* float carries 6e-8; erf, exp and three products leave less than 1e-6. */
static void assert_near(float got, double want)
{
    ck_assert_double_eq_tol((double)got, want, 1e-6 * fmax(1, fabs(want)));
}

static void check_values(const struct subject *s, const float *given_bias,
                         float *given_z)
{
    z[N] = y[N] = 42;
    s->forward(ROWS, WIDTH, x, given_bias, given_z, y);
    for (int i = 0; i < N; i++) {
        float sum = given_bias ? x[i] + given_bias[i % WIDTH] : x[i];
        assert_near(y[i], s->value((double)sum));
        if (given_z)
            ck_assert_float_eq(z[i], sum);
    }
    ck_assert_float_eq(y[N], 42);
    ck_assert_float_eq(z[N], 42);
}

START_TEST(values_agree_with_double)
{
    for (int k = 0; k < N_SUBJECTS; k++)
        for (float size = 0.01f; size < 200; size *= 10) {
            fill(size);
            check_values(&subjects[k], bias, z);
            check_values(&subjects[k], bias, NULL);
            check_values(&subjects[k], NULL, z);
            check_values(&subjects[k], NULL, NULL);
        }
}
END_TEST

START_TEST(slopes_agree_with_double)
{
    for (int k = 0; k < N_SUBJECTS; k++)
        for (float size = 0.01f; size < 200; size *= 10) {
            const struct subject *s = &subjects[k];
            fill(size);
            s->forward(ROWS, WIDTH, x, bias, z, y);
            dx[N] = 42;
            s->backward(N, s->from_y ? y : z, dy, dx);
            for (int i = 0; i < N; i++)
                assert_near(dx[i], (double)dy[i] * s->slope((double)z[i]));
            ck_assert_float_eq(dx[N], 42);
        }
}
END_TEST

START_TEST(in_place_gives_the_same_bits)
{
    float in_y[N], in_z[N], in_dy[N];
    for (int k = 0; k < N_SUBJECTS; k++) {
        const struct subject *s = &subjects[k];
        fill(3);
        s->forward(ROWS, WIDTH, x, bias, z, y);
        memcpy(in_y, x, sizeof x);
        s->forward(ROWS, WIDTH, in_y, bias, NULL, in_y);
        ck_assert_mem_eq(in_y, y, sizeof in_y);
        memcpy(in_z, x, sizeof x);
        s->forward(ROWS, WIDTH, in_z, bias, in_z, in_y);
        ck_assert_mem_eq(in_z, z, sizeof in_z);
        ck_assert_mem_eq(in_y, y, sizeof in_y);
        s->backward(N, s->from_y ? y : z, dy, dx);
        memcpy(in_dy, dy, sizeof dy);
        s->backward(N, s->from_y ? y : z, in_dy, in_dy);
        ck_assert_mem_eq(in_dy, dx, sizeof in_dy);
    }
}
END_TEST

/*
 * Each element alone, at every offset of a buffer and with every number of
 * elements behind it, is what it is in the middle of the others.
 */
START_TEST(an_element_is_the_same_wherever_it_stands)
{
    float from[2 * PLACES], to[2 * PLACES], at[2 * PLACES], slope[2 * PLACES];
    for (int k = 0; k < N_SUBJECTS; k++) {
        const struct subject *s = &subjects[k];
        fill(3);
        s->forward(1, N, x, NULL, z, y);
        s->backward(N, s->from_y ? y : z, dy, dx);
        for (int place = 0; place < PLACES; place++)
            for (int n = 1; n <= PLACES; n++) {
                memcpy(from + place, x, (size_t)n * sizeof *x);
                s->forward(1, n, from + place, NULL, NULL, to + place);
                ck_assert_mem_eq(to + place, y, (size_t)n * sizeof *y);
                memcpy(at + place, s->from_y ? y : z, (size_t)n * sizeof *z);
                s->backward(n, at + place, dy, slope + place);
                ck_assert_mem_eq(slope + place, dx, (size_t)n * sizeof *dx);
            }
    }
}
END_TEST

START_TEST(nan_stays_nan)
{
    for (int k = 0; k < N_SUBJECTS; k++)
        for (int i = 0; i < N; i++) {
            fill(1);
            x[i] = NAN;
            subjects[k].forward(ROWS, WIDTH, x, bias, NULL, y);
            ck_assert(isnan(y[i]));
            ck_assert(!isnan(y[(i + 1) % N]));
        }
}
END_TEST

START_TEST(a_slope_at_nan_is_nan)
{
    /* The identity, number 0, does not read `at`. */
    for (int k = 1; k < N_SUBJECTS; k++) {
        const float at[3] = {0.5F, NAN, 0.5F};
        if (subjects[k].forward == sl_relu_forward)
            continue; /* the slope of relu is 1 wherever z is not <= 0 */
        fill(1);
        subjects[k].backward(3, at, dy, dx);
        ck_assert(!isnan(dx[0]));
        ck_assert(isnan(dx[1]));
        ck_assert(!isnan(dx[2]));
    }
}
END_TEST

/* Squares, cubes and exp() of such numbers overflow. */
START_TEST(values_and_slopes_hold_for_the_largest_finite_numbers)
{
    const float far[] = {-3e38F, -1e20F, -200, 200, 1e20F, 3e38F};
    const float ones[] = {1, 1, 1, 1, 1, 1};
    enum { FAR = sizeof far / sizeof *far };
    for (int k = 0; k < N_SUBJECTS; k++) {
        const struct subject *s = &subjects[k];
        s->forward(1, FAR, far, NULL, z, y);
        s->backward(FAR, s->from_y ? y : z, ones, dx);
        for (int i = 0; i < FAR; i++) {
            float above = far[i] > 0 ? 1 : 0;
            if (s->forward == sl_identity_forward)
                above = 1;
            bool is_bounded = s->forward == sl_tanh_forward ||
                              s->forward == sl_sigmoid_forward;
            ck_assert_float_eq(dx[i], is_bounded ? 0 : above);
            if (!is_bounded)
                ck_assert_float_eq(y[i], above * far[i]);
        }
    }
}
END_TEST

START_TEST(relu_at_zero_has_no_slope)
{
    const float zero[2] = {0, -0.0f};
    const float ones[2] = {1, 1};
    sl_relu_backward(2, zero, ones, dx);
    ck_assert_float_eq(dx[0], 0);
    ck_assert_float_eq(dx[1], 0);
}
END_TEST

SLUICE_TEST_MAIN("tensor.pointwise", values_agree_with_double,
                 slopes_agree_with_double, in_place_gives_the_same_bits,
                 an_element_is_the_same_wherever_it_stands, nan_stays_nan,
                 a_slope_at_nan_is_nan,
                 values_and_slopes_hold_for_the_largest_finite_numbers,
                 relu_at_zero_has_no_slope)
