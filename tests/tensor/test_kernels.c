/* Every instruction set gives the same bits; and what kernels compute. */
#include "tensor/elementwise.h"
#include "tensor/kernels/kernels.h"
#include "tensor/normalize.h"
#include "tensor/pointwise.h"
#include "tensor/softmax.h"

#include <float.h>
#include <string.h>

#include "support/runner.h"
#include "tensor/numbers.h"

enum { ROWS = 5, WIDTH = 149, MOST = ROWS * WIDTH };

/* Widths around those of all vectors, strips and blocks. */
static const int64_t widths[] = {1,  2,  3,  4,  5,  7,  8,  9,  15,  16,  17,
                                 31, 32, 33, 47, 63, 64, 65, 97, 128, 129, 149};
enum { N_WIDTHS = sizeof widths / sizeof *widths };

static float x[MOST], dy[MOST], weight[WIDTH], bias[WIDTH];
static uint32_t bits[MOST];

/* What kernels have written: of the set at hand, and of the last one. */
struct written {
    float a[MOST + 1];
    float b[MOST + 1];
    float c[MOST + 1];
    float d[MOST + 1];
    double sums[ROWS];
    struct sl_moments moments[ROWS];
    struct sl_softmax softmax[ROWS];
};

static struct written got, want;

/* Numbers of many sizes, both zeros, infinity and NaN among them. */
static void fill(void)
{
    static const float special[] = {0,      -0.0F, INFINITY, -INFINITY, 1e30F,
                                    1e-40F, 88,    -104,     NAN};
    enum { N = sizeof special / sizeof *special };
    sl_test_fill(1, MOST, x);
    sl_test_fill(2, MOST, dy);
    sl_test_fill(3, WIDTH, weight);
    sl_test_fill(4, WIDTH, bias);
    for (int i = 0; i < MOST; i++) {
        x[i] *= 8;
        bits[i] = (uint32_t)i * 2654435761U;
    }
    for (int i = 0; i < N; i++)
        x[11 + 7 * i] = special[i];
}

/* Bits, but for those of a NaN: which of two a sum keeps is the compiler's. */
static bool is_same(float a, float b)
{
    return !memcmp(&a, &b, sizeof a) || (isnan(a) && isnan(b));
}

static void assert_same(const struct sl_kernel_set *set, const char *kernel,
                        int64_t width)
{
    for (int i = 0; i <= MOST; i++)
        if (!is_same(got.a[i], want.a[i]) || !is_same(got.b[i], want.b[i]))
            ck_abort_msg("%s: %s, width %d, element %d: %a and %a, not %a and "
                         "%a",
                         set->name, kernel, (int)width, i, (double)got.a[i],
                         (double)got.b[i], (double)want.a[i],
                         (double)want.b[i]);
    for (int r = 0; r < ROWS; r++) {
        ck_assert(is_same(got.moments[r].mean, want.moments[r].mean));
        ck_assert(is_same(got.moments[r].scale, want.moments[r].scale));
        ck_assert(is_same(got.softmax[r].largest, want.softmax[r].largest));
        ck_assert_int_eq(got.softmax[r].at, want.softmax[r].at);
        if (!isnan(want.sums[r]) || !isnan(got.sums[r]))
            ck_assert_double_eq(got.sums[r], want.sums[r]);
        if (!isnan(want.softmax[r].sum) || !isnan(got.softmax[r].sum))
            ck_assert_double_eq(got.softmax[r].sum, want.softmax[r].sum);
    }
}

enum { ACTIVATIONS = 7 };

static sl_pointwise_forward *forward_of(const struct sl_kernels *k, int which)
{
    sl_pointwise_forward *const all[ACTIVATIONS] = {
        k->identity_forward, k->relu_forward,      k->tanh_forward,
        k->gelu_forward,     k->gelu_tanh_forward, k->sigmoid_forward,
        k->silu_forward,
    };
    return all[which];
}

static sl_pointwise_backward *backward_of(const struct sl_kernels *k, int which)
{
    sl_pointwise_backward *const all[ACTIVATIONS] = {
        k->identity_backward, k->relu_backward,      k->tanh_backward,
        k->gelu_backward,     k->gelu_tanh_backward, k->sigmoid_backward,
        k->silu_backward,
    };
    return all[which];
}

/* A kernel on rows of `width`, into `to`; `which` is one of its variants. */
typedef void run_kernel(const struct sl_kernels *k, int which, int64_t width,
                        struct written *to);

static void run_forward(const struct sl_kernels *k, int which, int64_t width,
                        struct written *to)
{
    forward_of(k, which / 2)(ROWS, width, x, which % 2 ? bias : NULL, to->a,
                             to->b);
}

static void run_backward(const struct sl_kernels *k, int which, int64_t width,
                         struct written *to)
{
    backward_of(k, which)(ROWS * width, x, dy, to->a);
}

static void run_column_sums(const struct sl_kernels *k, int which,
                            int64_t width, struct written *to)
{
    k->column_sums(ROWS, width, x, width, which, to->a);
}

static void run_softmax(const struct sl_kernels *k, int which, int64_t width,
                        struct written *to)
{
    const float *from = which ? x : dy; /* with and without special numbers */
    for (int r = 0; r < ROWS; r++) {
        const float *y = from + r * width;
        to->softmax[r] = k->softmax_row(width, y);
        k->softmax_scaled(width, y, to->softmax[r], 0.3F, to->a + r * width);
    }
}

/* The softmax of attention: the largest and the sum stand in `softmax`. */
static void run_attend(const struct sl_kernels *k, int which, int64_t width,
                       struct written *to)
{
    const float *from = which ? x : dy;
    memcpy(to->a, from, MOST * sizeof *to->a);
    memcpy(to->c, from, MOST * sizeof *to->c);
    for (int r = 0; r < ROWS; r++) {
        int64_t at = r * width;
        struct sl_softmax *row = &to->softmax[r];
        row->sum = k->attend(width, to->a + at, &row->largest);
        struct sl_attended attended = {row->largest, 0.3F};
        k->attend_slopes(width, attended, 0.1F, to->c + at, to->b + at);
        to->sums[r] = k->dot(width, from + at, weight);
    }
}

static void run_normalize(const struct sl_kernels *k, int which, int64_t width,
                          struct written *to)
{
    const float *from = which & 1 ? x : dy;
    k->normalize_forward(ROWS, width, 1e-5, from, weight, bias, to->moments,
                         to->a);
    k->normalize_backward(ROWS, width, to->moments, weight, from, dy, to->b);
}

static void run_normalize_weight(const struct sl_kernels *k, int which,
                                 int64_t width, struct written *to)
{
    k->normalize_forward(ROWS, width, 1e-5, dy, weight, bias, to->moments,
                         to->a);
    k->normalize_weight(ROWS, width, width, to->moments, x, dy, which, to->a,
                        to->b);
}

/* The scales stand in `sums`, where they are compared. */
static void run_rms(const struct sl_kernels *k, int which, int64_t width,
                    struct written *to)
{
    const float *from = which & 1 ? x : dy; /* with and without special ones */
    float scales[ROWS];
    k->rms_forward(ROWS, width, 1e-5, from, weight, scales, to->a);
    k->rms_backward(ROWS, width, scales, weight, from, dy, to->b);
    for (int r = 0; r < ROWS; r++)
        to->sums[r] = (double)scales[r];
}

static void run_rms_weight(const struct sl_kernels *k, int which, int64_t width,
                           struct written *to)
{
    float scales[ROWS];
    k->rms_forward(ROWS, width, 1e-5, dy, weight, scales, to->a);
    k->rms_weight(ROWS, width, width, scales, x, dy, which, to->a);
}

/* Planes, with and without special numbers. */
static void run_planes(const struct sl_kernels *k, int which, int64_t width,
                       struct written *to)
{
    const struct sl_plane_slope slope = {0.7F, -0.3F, 0.2F};
    const float *from = which ? x : dy;
    to->sums[0] = k->plane_sum(width, from);
    to->sums[1] = k->plane_squares(width, from, 0.3F);
    to->sums[2] = k->plane_dot(width, from, 0.3F, weight);
    k->plane_normalize(width, from, 0.3F, 1.7F, 0.1F, to->a);
    k->plane_gradient(width, slope, from, 0.3F, weight, to->b);
}

static void run_update(const struct sl_kernels *k, int which, int64_t width,
                       struct written *to)
{
    struct sl_sgd sgd = {.scale = which ? 1 : 0.3F,
                         .rate = 0.1F,
                         .momentum = which ? 0.9F : 0,
                         .decay = 0.01F,
                         .nesterov = which == 2};
    k->sgd_update(ROWS * width, sgd, x, to->a, which ? to->b : NULL);
}

/* The second moments start at squares: their roots are real. */
static void square(int64_t n, float *v)
{
    for (int64_t i = 0; i < n; i++)
        v[i] *= v[i];
}

static void run_adam(const struct sl_kernels *k, int which, int64_t width,
                     struct written *to)
{
    int64_t n = ROWS * width;
    struct sl_adam adam = {.scale = which ? 1 : 0.3F,
                           .decay = which ? 0 : 0.01F,
                           .fade = which ? 0.02F : 0,
                           .beta1 = 0.9F,
                           .share1 = 0.1F,
                           .beta2 = 0.99F,
                           .share2 = 0.01F,
                           .rate = 0.1F,
                           .root = 0.7F,
                           .epsilon = 1e-8F};
    square(n, to->b);
    k->adam_update(n, adam, x, to->a, to->c, to->b);
}

static void run_rmsprop(const struct sl_kernels *k, int which, int64_t width,
                        struct written *to)
{
    int64_t n = ROWS * width;
    struct sl_rmsprop rmsprop = {.scale = which ? 1 : 0.3F,
                                 .decay = 0.01F,
                                 .alpha = 0.99F,
                                 .share = 0.01F,
                                 .rate = 0.1F,
                                 .epsilon = 1e-8F,
                                 .momentum = 0.9F};
    square(n, to->b);
    k->rmsprop_update(n, rmsprop, x, to->a, to->b, which & 1 ? to->c : NULL,
                      which & 2 ? to->d : NULL);
}

static void run_plain(const struct sl_kernels *k, int which, int64_t width,
                      struct written *to)
{
    int64_t n = ROWS * width;
    if (which == 0)
        k->add(n, x, to->a);
    else if (which == 1)
        k->scaled_difference(n, 0.7F, x, dy, to->a);
    else if (which == 5)
        k->multiply(n, x, dy, to->a);
    else if (which == 2)
        k->mask(n, bits, 1U << 30, 1.25F, x, to->a);
    else
        for (int r = 0; r < ROWS; r++)
            to->sums[r] = k->squared_distance(width, (which == 3 ? x : weight),
                                              dy + r * width);
}

/* The halves, as floats. */
static void run_rounding(const struct sl_kernels *k, int which, int64_t width,
                         struct written *to)
{
    static sl_bfloat16 halves[MOST];
    k->round_bf16(width, which ? x : dy, halves);
    for (int i = 0; i < width; i++)
        to->a[i] = sl_bf16_value(halves[i]);
}

static const struct {
    const char *name;
    run_kernel *run;
    int variants;
} kernels[] = {
    {"forward", run_forward, 2 * ACTIVATIONS},
    {"backward", run_backward, ACTIVATIONS},
    {"column_sums", run_column_sums, 2},
    {"softmax", run_softmax, 2},
    {"attend", run_attend, 2},
    {"normalize", run_normalize, 2},
    {"normalize_weight", run_normalize_weight, 2},
    {"rms", run_rms, 2},
    {"rms_weight", run_rms_weight, 2},
    {"planes", run_planes, 2},
    {"sgd_update", run_update, 3},
    {"adam_update", run_adam, 2},
    {"rmsprop_update", run_rmsprop, 4},
    {"round_bf16", run_rounding, 2},
    {"plain", run_plain, 6},
};
enum { N_KERNELS = sizeof kernels / sizeof *kernels };

/* What a kernel does not overwrite, it finds the same in both. */
static void start(struct written *to)
{
    *to = (struct written){0};
    sl_test_fill(5, MOST + 1, to->a);
    sl_test_fill(6, MOST + 1, to->b);
    sl_test_fill(7, MOST + 1, to->c);
    sl_test_fill(8, MOST + 1, to->d);
}

START_TEST(every_instruction_set_gives_the_same_bits)
{
    int n_sets = sl_kernel_sets_n();
    const struct sl_kernel_set *sets = sl_kernel_sets();
    fill();
    for (int k = 0; k < N_KERNELS; k++)
        for (int which = 0; which < kernels[k].variants; which++)
            for (int w = 0; w < N_WIDTHS; w++) {
                start(&want);
                kernels[k].run(sets[n_sets - 1].kernels, which, widths[w],
                               &want);
                for (int s = 0; s < n_sets - 1; s++) {
                    if (!sets[s].runs())
                        continue;
                    start(&got);
                    kernels[k].run(sets[s].kernels, which, widths[w], &got);
                    assert_same(&sets[s], kernels[k].name, widths[w]);
                }
            }
}
END_TEST

/* A vector of each width, and a part of one. */
enum { N_ELEMENTS = 16 + 8 + 4 + 3, N_STATES = 6 };

/* An update of each optimizer without a gradient. */
static void fade(const struct sl_kernels *k, float s[N_STATES][N_ELEMENTS])
{
    static const float g[N_ELEMENTS];
    static float w[N_ELEMENTS];
    const struct sl_sgd sgd = {.scale = 1, .rate = 0.1F, .momentum = 0.9F};
    const struct sl_adam adam = {.scale = 1,
                                 .beta1 = 0.9F,
                                 .beta2 = 0.9F,
                                 .rate = 0.1F,
                                 .root = 1,
                                 .epsilon = 1e-8F};
    const struct sl_rmsprop rmsprop = {.scale = 1,
                                       .alpha = 0.9F,
                                       .rate = 0.1F,
                                       .epsilon = 1e-8F,
                                       .momentum = 0.9F};
    k->sgd_update(N_ELEMENTS, sgd, g, w, s[0]);
    k->adam_update(N_ELEMENTS, adam, g, w, s[1], s[2]);
    k->rmsprop_update(N_ELEMENTS, rmsprop, g, w, s[3], s[4], s[5]);
}

START_TEST(states_below_the_least_normal_number_become_zero)
{
    const struct sl_kernel_set *sets = sl_kernel_sets();
    for (int k = 0; k < sl_kernel_sets_n(); k++) {
        float s[N_STATES][N_ELEMENTS];
        if (!sets[k].runs())
            continue;
        for (int i = 0; i < N_STATES * N_ELEMENTS; i++)
            s[i / N_ELEMENTS][i % N_ELEMENTS] = FLT_MIN;
        s[0][1] = -FLT_MIN;
        s[0][2] = -2 * FLT_MIN;
        fade(sets[k].kernels, s);
        for (int i = 0; i < N_STATES * N_ELEMENTS; i++)
            ck_assert_float_eq(s[i / N_ELEMENTS][i % N_ELEMENTS],
                               i == 2 ? 0.9F * -2 * FLT_MIN : 0);
    }
}
END_TEST

START_TEST(the_widest_set_that_runs_is_chosen)
{
    const struct sl_kernel_set *sets = sl_kernel_sets();
    const struct sl_kernel_set *chosen = sl_kernel_set();
    ck_assert(chosen->runs());
    for (const struct sl_kernel_set *set = sets; set < chosen; set++)
        ck_assert(!set->runs());
    ck_assert(sets[sl_kernel_sets_n() - 1].runs());
}
END_TEST

START_TEST(a_mask_drops_what_is_below_the_threshold)
{
    const uint32_t drawn[3] = {0, 0x7fffffff, 0xffffffff};
    const float ones[3] = {1, 1, 1};
    float masked[3];
    sl_mask(3, drawn, 0x80000000, 2, ones, masked);
    ck_assert_float_eq(masked[0], 0);
    ck_assert_float_eq(masked[1], 0);
    ck_assert_float_eq(masked[2], 2);
}
END_TEST

START_TEST(squared_distance_is_exact_where_double_is)
{
    const float a[4] = {1, 2, 3, 1e4F}, b[4] = {0, 4, 3, -1e4F};
    ck_assert_double_eq(sl_squared_distance(4, a, b), 4e8 + 5);
    ck_assert_double_eq(sl_squared_distance(3, a, b), 5);
}
END_TEST

START_TEST(sum_of_squares_is_exact_where_double_is)
{
    enum { N = 5000 };
    static float values[N];
    for (int i = 0; i < N; i++)
        values[i] = (float)(i % 7 - 3);
    double exact = 0;
    for (int n = 0; n < N; exact += (double)(values[n] * values[n]), n++)
        if (n % 97 == 0 || n % 1024 < 2)
            ck_assert_double_eq(sl_sum_of_squares(n, values), exact);
}
END_TEST

START_TEST(sums_and_differences_are_rounded_once)
{
    float to[2] = {0x1p24F, 1};
    const float from[2] = {1, 2};
    sl_add(2, from, to);
    ck_assert_float_eq(to[0], 0x1p24F);
    ck_assert_float_eq(to[1], 3);
    sl_scaled_difference(2, 0.5F, to, from, to);
    ck_assert_float_eq(to[0], 0x1p23F - 0.5F);
    ck_assert_float_eq(to[1], 0.5F);
}
END_TEST

/* From the definition: 1 + 2^-7 is the next after 1, the largest finite one is
 * (2 - 2^-7) 2^127.  Long enough for vectors and for what remains. */
START_TEST(bfloat16_is_the_nearest_and_of_two_the_even_one)
{
    static const struct {
        float x, rounded;
    } of[] = {
        {1, 1},
        {1 + 0x1p-8F, 1}, /* between 1 and 1 + 2^-7 */
        {0x1.010002p0F, 1 + 0x1p-7F},
        {1 + 0x1.8p-7F, 1 + 0x1p-6F}, /* between odd and even */
        {-1 - 0x1.7p-7F, -1 - 0x1p-7F},
        {0x1.fefffep127F, 0x1.fep127F},
        {0x1.ffp127F, INFINITY},
        {-INFINITY, -INFINITY},
        {-0.0F, -0.0F},
        {0x1p-149F, 0},
        {0x1.8p-133F, 0x1p-132F},
    };
    enum { N = sizeof of / sizeof *of, COPIES = 4 };
    float from[COPIES * N + 1];
    sl_bfloat16 to[COPIES * N + 1];
    for (int i = 0; i < COPIES * N; i++)
        from[i] = of[i % N].x;
    from[COPIES * N] = NAN;
    sl_bf16_round(COPIES * N + 1, from, to);
    for (int i = 0; i < COPIES * N; i++) {
        ck_assert_uint_eq(to[i], sl_bf16_of(from[i]));
        ck_assert_msg(is_same(sl_bf16_value(to[i]), of[i % N].rounded),
                      "%a became %a", (double)from[i],
                      (double)sl_bf16_value(to[i]));
    }
    ck_assert(isnan(sl_bf16_value(to[COPIES * N])));
}
END_TEST

SLUICE_TEST_MAIN("tensor.kernels", every_instruction_set_gives_the_same_bits,
                 states_below_the_least_normal_number_become_zero,
                 the_widest_set_that_runs_is_chosen,
                 a_mask_drops_what_is_below_the_threshold,
                 squared_distance_is_exact_where_double_is,
                 sum_of_squares_is_exact_where_double_is,
                 sums_and_differences_are_rounded_once,
                 bfloat16_is_the_nearest_and_of_two_the_even_one)
