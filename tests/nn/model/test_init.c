/* How parameters start. */
#include "nn/model/init.h"

#include <math.h>
#include <stdlib.h>

#include "support/runner.h"

enum { N = 200000, FEW = 24 };

static float values[N];

static sluice_param_spec spec(sluice_init init, int64_t n)
{
    return (sluice_param_spec){
        .name = "weight",
        .shape = sluice_shape_vector(n),
        .init = init,
        .fan_in = 50,
        .fan_out = 30,
        .std = 0.02,
    };
}

static void draw(sluice_init init)
{
    sluice_param_spec s = spec(init, N);
    sl_param_init(&s, 7, 2, 1, values);
}

/* The mean of values^power. */
static double moment(int power)
{
    double sum = 0;
    for (int i = 0; i < N; i++)
        sum += pow((double)values[i], power);
    return sum / N;
}

/* Bounds of five standard deviations of each estimate. */
START_TEST(he_is_normal_with_variance_2_by_fan_in)
{
    double variance = 2.0 / 50;
    draw(SLUICE_INIT_HE);
    ck_assert_double_eq_tol(moment(1), 0, 5 * sqrt(variance / N));
    ck_assert_double_eq_tol(moment(2) / variance, 1, 5 * sqrt(2.0 / N));
    /* A normal distribution has kurtosis 3 and, among 200,000 values, some
     * beyond four deviations and none beyond seven. */
    ck_assert_double_eq_tol(moment(4) / variance / variance, 3,
                            5 * sqrt(96.0 / N));
    int beyond = 0;
    for (int i = 0; i < N; i++) {
        double size = fabs((double)values[i]) / sqrt(variance);
        beyond += size > 4;
        ck_assert_double_lt(size, 7);
    }
    ck_assert_int_gt(beyond, 0);
}
END_TEST

/* The same draws as HE's, of another size. */
START_TEST(normal_has_the_standard_deviation_of_the_parameter)
{
    double variance = 0.02 * 0.02;
    draw(SLUICE_INIT_NORMAL);
    ck_assert_double_eq_tol(moment(1), 0, 5 * sqrt(variance / N));
    ck_assert_double_eq_tol(moment(2) / variance, 1, 5 * sqrt(2.0 / N));
    ck_assert_double_eq_tol(moment(4) / variance / variance, 3,
                            5 * sqrt(96.0 / N));
}
END_TEST

START_TEST(xavier_is_uniform_within_its_bound)
{
    double bound = sqrt(6.0 / 80), variance = bound * bound / 3;
    draw(SLUICE_INIT_XAVIER);
    double largest = 0;
    for (int i = 0; i < N; i++)
        largest = fmax(largest, fabs((double)values[i]));
    ck_assert_double_le(largest, bound * (1 + 1e-7));
    ck_assert_double_gt(largest, 0.999 * bound);
    ck_assert_double_eq_tol(moment(1), 0, 5 * sqrt(variance / N));
    ck_assert_double_eq_tol(moment(2) / variance, 1, 5 * sqrt(0.8 / N));
}
END_TEST

START_TEST(neighbours_are_not_correlated)
{
    draw(SLUICE_INIT_HE);
    for (int lag = 1; lag <= 9; lag++) {
        double sum = 0;
        for (int i = 0; i + lag < N; i++)
            sum += (double)values[i] * (double)values[i + lag];
        ck_assert_double_eq_tol(sum / N * 50 / 2, 0, 5 * sqrt(1.0 / N));
    }
}
END_TEST

START_TEST(constants_are_constant)
{
    draw(SLUICE_INIT_ONE);
    for (int i = 0; i < N; i++)
        ck_assert_float_eq(values[i], 1);
    draw(SLUICE_INIT_ZERO);
    for (int i = 0; i < N; i++)
        ck_assert_float_eq(values[i], 0);
}
END_TEST

/* A value depends on its place, not on how many there are, and nothing is
 * written behind them. */
START_TEST(a_value_depends_on_its_place_alone)
{
    float some[FEW + 1];
    const sluice_init drawn[] = {SLUICE_INIT_HE, SLUICE_INIT_XAVIER};
    for (int k = 0; k < 2; k++) {
        draw(drawn[k]);
        for (int64_t n = 1; n <= FEW; n++) {
            sluice_param_spec s = spec(drawn[k], n);
            some[n] = 42;
            sl_param_init(&s, 7, 2, 1, some);
            ck_assert_mem_eq(some, values, (size_t)n * sizeof *some);
            ck_assert_float_eq(some[n], 42);
        }
    }
}
END_TEST

START_TEST(seed_layer_and_parameter_each_change_it)
{
    float other[FEW];
    const struct {
        uint64_t seed;
        int layer, param;
    } keys[] = {{8, 2, 1}, {7, 3, 1}, {7, 2, 0}, {7, 1, 2}};
    sluice_param_spec s = spec(SLUICE_INIT_HE, FEW);
    draw(SLUICE_INIT_HE);
    for (int i = 0; i < 4; i++) {
        sl_param_init(&s, keys[i].seed, keys[i].layer, keys[i].param, other);
        for (int j = 0; j < FEW; j++)
            ck_assert_float_ne(other[j], values[j]);
    }
}
END_TEST

SLUICE_TEST_MAIN("nn.init", he_is_normal_with_variance_2_by_fan_in,
                 normal_has_the_standard_deviation_of_the_parameter,
                 xavier_is_uniform_within_its_bound,
                 neighbours_are_not_correlated, constants_are_constant,
                 a_value_depends_on_its_place_alone,
                 seed_layer_and_parameter_each_change_it)
