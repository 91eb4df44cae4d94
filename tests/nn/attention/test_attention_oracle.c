/*
 * Attention against what PyTorch made of the same numbers: attention.txt, from
 * make_attention.py.  Both know the numbers by a formula.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <sluice/sequence_layers.h>

#include "nn/rig.h"
#include "support/runner.h"

enum { ROWS = 2, POSITIONS = 5, WIDTH = 8, MOST = WIDTH * 3 * WIDTH };

static struct rig rig;
static sluice_attention_config config;

/* The shortest sums have 5 terms, the longest 80, all of size 1. */
static const double tolerance = 2e-6;

static void fill(uint32_t seed, int64_t n, float *values)
{
    for (int64_t i = 0; i < n; i++) {
        uint32_t hash = (uint32_t)(i + 1) * 2654435761U + seed * 40503U;
        values[i] = (float)((int)(hash >> 16) - 32768) / 32768;
    }
}

static void run_case(FILE *file)
{
    int heads, kv_heads, causal, rotary, bias;
    ck_assert_int_eq(fscanf(file, "%d %d %d %d %d", &heads, &kv_heads, &causal,
                            &rotary, &bias),
                     5);
    config = (sluice_attention_config){
        .heads = heads,
        .kv_heads = kv_heads,
        .causal = causal,
        .rotary = (float)rotary,
        .no_bias = !bias,
    };
    ck_assert(!rig_init(&rig, sluice_attention(), &config,
                        sluice_shape_matrix(POSITIONS, WIDTH), ROWS, 1));
    fill(1, rig.n_in, rig.x);
    for (int p = 0; p < rig.plan.n_params; p++)
        fill(2 + (uint32_t)p, rig.n_params[p], rig.params[p]);
    fill(6, rig.n_out, rig.call.dy);
    rig_forward(&rig);
    rig_backward(&rig);
}

/* What a line of the file is about. */
static const float *find(const char *name, int64_t *n)
{
    *n = rig.n_out;
    if (!strcmp(name, "y"))
        return rig.call.y;
    if (!strcmp(name, "x"))
        return rig.call.dx;
    for (int p = 0; p < rig.plan.n_params; p++)
        if (!strcmp(name, rig.plan.params[p].name)) {
            *n = rig.n_params[p];
            return rig.call.grads[p];
        }
    ck_abort_msg("nothing is called %s", name);
}

static void check_values(FILE *file, const char *name)
{
    int64_t n;
    const float *got = find(name, &n);
    double want[MOST], largest = 0;
    int n_values;
    ck_assert_int_eq(fscanf(file, "%d", &n_values), 1);
    ck_assert_int_eq(n_values, n);
    ck_assert_int_le(n, MOST);
    for (int64_t i = 0; i < n; i++) {
        ck_assert_int_eq(fscanf(file, "%lf", &want[i]), 1);
        largest = fmax(largest, fabs(want[i]));
    }
    for (int64_t i = 0; i < n; i++)
        ck_assert_msg(fabs((double)got[i] - want[i]) <= tolerance * largest,
                      "%s, element %d: %g, not %g", name, (int)i,
                      (double)got[i], want[i]);
}

START_TEST(values_and_gradients_are_those_of_pytorch)
{
    char name[32];
    int n_cases = 0, n_lines = 0;
    FILE *file = fopen(SL_TEST_ATTENTION, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "#%*[^\n]"), 0);
    while (fscanf(file, "%31s", name) == 1) {
        if (!strcmp(name, "case")) {
            if (n_cases++ > 0)
                rig_fini(&rig);
            run_case(file);
        } else {
            check_values(file, name);
            n_lines++;
        }
    }
    ck_assert_int_eq(n_cases, 4);
    ck_assert_int_eq(n_lines, 3 * 6 + 4);
    rig_fini(&rig);
    fclose(file);
}
END_TEST

SLUICE_TEST_MAIN("nn.attention_oracle",
                 values_and_gradients_are_those_of_pytorch)
