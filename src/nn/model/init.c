/* How parameters start.  Any thread; no state. */
#include "nn/model/init.h"

#include <math.h>

#include "base/rng.h"

enum { BLOCK = 8 }; /* values from one draw */

/* Eight values from eight random numbers; `size` as the init explains it. */
typedef void distribution(const uint32_t bits[BLOCK], double size,
                          float values[BLOCK]);

/* Standard normal times `size`, pairwise (Box and Muller, 1958). */
static void normal(const uint32_t bits[BLOCK], double size, float values[BLOCK])
{
    static const double two_pi = 6.283185307179586;
    for (int i = 0; i < BLOCK; i += 2) {
        double u = ((double)bits[i] + 1) * 0x1p-32; /* in (0, 1] */
        double radius = size * sqrt(-2 * log(u));
        double angle = two_pi * (double)bits[i + 1] * 0x1p-32;
        values[i] = (float)(radius * cos(angle));
        values[i + 1] = (float)(radius * sin(angle));
    }
}

/* Uniform in (-size, size). */
static void uniform(const uint32_t bits[BLOCK], double size,
                    float values[BLOCK])
{
    for (int i = 0; i < BLOCK; i++)
        values[i] = (float)(size * (((double)bits[i] + 0.5) * 0x1p-31 - 1));
}

/* All of them `size`. */
static void constant(const uint32_t bits[BLOCK], double size,
                     float values[BLOCK])
{
    (void)bits;
    for (int i = 0; i < BLOCK; i++)
        values[i] = (float)size;
}

static double zero_size(const sluice_param_spec *spec)
{
    (void)spec;
    return 0;
}

static double one_size(const sluice_param_spec *spec)
{
    (void)spec;
    return 1;
}

static double he_size(const sluice_param_spec *spec)
{
    return sqrt(2 / (double)spec->fan_in);
}

static double xavier_size(const sluice_param_spec *spec)
{
    return sqrt(6 / ((double)spec->fan_in + (double)spec->fan_out));
}

static double normal_size(const sluice_param_spec *spec)
{
    return spec->std;
}

static const struct {
    distribution *draw;
    double (*size)(const sluice_param_spec *spec);
} inits[] = {
    [SLUICE_INIT_ZERO] = {constant, zero_size},
    [SLUICE_INIT_ONE] = {constant, one_size},
    [SLUICE_INIT_HE] = {normal, he_size},
    [SLUICE_INIT_XAVIER] = {uniform, xavier_size},
    [SLUICE_INIT_NORMAL] = {normal, normal_size},
};

void sl_param_init_run(const sluice_param_spec *spec, uint64_t seed, int layer,
                       int param, struct sl_rows run, float *values)
{
    int64_t end = run.first + run.n;
    double size = inits[spec->init].size(spec);
    for (int64_t i = run.first / BLOCK * BLOCK; i < end; i += BLOCK) {
        uint32_t bits[BLOCK];
        float block[BLOCK];
        struct sl_rng_counter counter = {
            {(uint64_t)layer, (uint64_t)param, 0, (uint64_t)(i / BLOCK)}};
        sl_rng_block(seed, SL_RNG_INIT, counter, bits);
        inits[spec->init].draw(bits, size, block);
        for (int64_t j = 0; j < BLOCK && i + j < end; j++)
            if (i + j >= run.first)
                values[i + j - run.first] = block[j];
    }
}

void sl_param_init(const sluice_param_spec *spec, uint64_t seed, int layer,
                   int param, float *values)
{
    const struct sl_rows all = {.n = sluice_shape_elements(&spec->shape)};
    sl_param_init_run(spec, seed, layer, param, all, values);
}
