/*
 * Layers on images against what PyTorch made of the same numbers (images.txt,
 * from make_images.py): outputs, and the gradients by the input and by each
 * parameter, in one call and in one for each row; against differences of their
 * own outputs; and what they refuse.
 */
#include <sluice/image_layers.h>
#include <sluice/model.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "nn/model/model.h"
#include "nn/rig.h"
#include "support/runner.h"
#include "tensor/gemm/product.h"
#include "tensor/numbers.h"

enum { LINE = 1 << 16, MOST = 1024, TEXT = 256, N_CASES = 26 };

static const double tolerance = 1e-5;

static char line[LINE];
static float want[MOST];

/* A layer of the file on the bench. */
struct image_case {
    char text[TEXT];
    sluice_model *model;
    struct rig rig;
    float *dy; /* backward passes change rig.call.dy */
};

static struct image_case the;
static FILE *file;

/* As value() in make_images.py. */
static void fill(uint32_t seed, int64_t n, float *values)
{
    for (uint32_t i = 0; i < (uint32_t)n; i++) {
        uint32_t bits = i + 1 + seed * 100003U;
        bits = (bits ^ bits >> 16) * 0x85EBCA6BU;
        bits = (bits ^ bits >> 13) * 0xC2B2AE35U;
        bits ^= bits >> 16;
        values[i] = (float)(bits >> 8) / (1 << 23) - 1;
    }
}

/* The next line, which begins with the word, without it. */
static char *read_line(const char *word)
{
    size_t n = strlen(word);
    ck_assert_ptr_nonnull(fgets(line, LINE, file));
    ck_assert_msg(!strncmp(line, word, n) && line[n] == ' ', "%s: %s", word,
                  line);
    line[strcspn(line, "\n")] = 0;
    return line + n + 1;
}

static int64_t read_numbers(const char *word, float *numbers)
{
    char *at = read_line(word), *end;
    int64_t n = 0;
    for (float v = strtof(at, &end); end != at; v = strtof(at, &end)) {
        ck_assert_int_lt(n, MOST);
        numbers[n++] = v;
        at = end;
    }
    return n;
}

static sluice_shape read_shape(const char *word, int64_t *rows)
{
    float sizes[MOST];
    int64_t n = read_numbers(word, sizes), first = rows != NULL;
    sluice_shape shape = {(int)(n - first), {0}};
    for (int64_t i = first; i < n; i++)
        shape.dims[i - first] = (int64_t)sizes[i];
    if (rows)
        *rows = (int64_t)sizes[0];
    return shape;
}

static void refill(void)
{
    struct rig *rig = &the.rig;
    fill(1, rig->n_in, rig->x);
    fill(2, rig->n_out, rig->call.dy);
    fill(2, rig->n_out, the.dy);
    for (int p = 0; p < rig->plan.n_params; p++)
        fill(10 + (uint32_t)p, rig->n_params[p], rig->params[p]);
}

/* False behind the last case. */
static bool begin(void)
{
    int64_t rows;
    sluice_diag why;
    if (!fgets(line, LINE, file))
        return false;
    ck_assert(!strncmp(line, "case ", 5));
    snprintf(the.text, sizeof the.text, "%.*s", (int)strcspn(line + 5, "\n"),
             line + 5);
    sluice_shape in = read_shape("in", &rows);
    ck_assert_msg(
        !sluice_model_parse_for(the.text, &in, NULL, &the.model, &why), "%s",
        why.text);
    ck_assert(!rig_init(&the.rig, sluice_model_layer(the.model, 0),
                        sl_model_layer_config(the.model, 0), in, rows, 1));
    sluice_shape out = read_shape("out", NULL);
    ck_assert_msg(sluice_shape_equal(&out, &the.rig.plan.out), "%s", the.text);
    the.dy = malloc((size_t)the.rig.n_out * sizeof(float));
    ck_assert_ptr_nonnull(the.dy);
    refill();
    return true;
}

static void end(void)
{
    free(the.dy);
    rig_fini(&the.rig);
    sluice_model_destroy(the.model);
}

static void compare(const char *name, int64_t n, const float *got)
{
    ck_assert_int_eq(read_numbers(name, want), n);
    double apart = sl_test_distance(n, got, want);
    ck_assert_msg(apart <= tolerance, "%s: %s is %g away", the.text, name,
                  apart);
}

/* The rest of the case's lines. */
static void compare_all(void)
{
    const struct rig *rig = &the.rig;
    compare("y", rig->n_out, rig->call.y);
    compare("dx", rig->n_in, rig->call.dx);
    for (int p = 0; p < rig->plan.n_params; p++) {
        char name[] = {'d', (char)('0' + p), 0};
        compare(name, rig->n_params[p], rig->grads[p]);
    }
}

static int for_each_case(void (*check)(void))
{
    int n = 0;
    file = fopen(SL_TEST_IMAGES, "r");
    ck_assert_ptr_nonnull(file);
    for (; begin(); n++) {
        check();
        end();
    }
    fclose(file);
    return n;
}

static void check_whole(void)
{
    rig_forward(&the.rig);
    rig_backward(&the.rig);
    compare_all();
}

enum { MOST_PRODUCTS = 4 };

/* The case with its products settled for a backend. */
static void settle(enum sl_gemm_choice choice, struct sluice_product *products)
{
    for (int k = 0; k < the.rig.plan.n_products; k++) {
        const sluice_product_spec *spec = &the.rig.plan.products[k];
        const struct sl_product_wish wish = {
            .choice = choice,
            .in = spec->in,
            .out = spec->out,
            .rows = {the.rig.call.rows},
            .rows_per_row = spec->rows_per_row,
            .own = spec->own,
            .copy_bytes = {spec->copy_bytes[0], spec->copy_bytes[1]},
            .copy_parts = {spec->copy_parts[0], spec->copy_parts[1]},
            .n_uses = 1,
            .n_copies = 1,
        };
        ck_assert_int_lt(k, MOST_PRODUCTS);
        ck_assert(!sl_product_settle(&products[k], &wish, NULL));
        size_t bytes = sl_product_packed_bytes(&products[k]);
        void *packed = aligned_alloc(SL_ALIGN, bytes + SL_ALIGN);
        ck_assert_ptr_nonnull(packed);
        memset(packed, 0, bytes + SL_ALIGN);
        sl_product_bind(&products[k], packed, NULL);
    }
    the.rig.call.products = products;
}

static void unsettle(struct sluice_product *products)
{
    for (int k = 0; k < the.rig.plan.n_products; k++)
        free(products[k].packed[0]);
    the.rig.call.products = NULL;
}

static void check_settled(enum sl_gemm_choice choice, void (*check)(void))
{
    struct sluice_product products[MOST_PRODUCTS];
    settle(choice, products);
    check();
    unsettle(products);
}

static void check_by_tiles(void)
{
    check_settled(SL_GEMM_PACKED, check_whole);
}

static void check_by_plain_loops(void)
{
    check_settled(SL_GEMM_PLAIN, check_whole);
}

START_TEST(with_every_backend_layers_agree_with_pytorch)
{
    if (sl_gemm_packed())
        ck_assert_int_eq(for_each_case(check_by_tiles), N_CASES);
    ck_assert_int_eq(for_each_case(check_by_plain_loops), N_CASES);
}
END_TEST

START_TEST(layers_agree_with_pytorch)
{
    ck_assert_int_eq(for_each_case(check_whole), N_CASES);
}
END_TEST

/* Read on to the next case. */
static void skip(void)
{
    while (getc(file) != 'c' && !feof(file))
        ck_assert_ptr_nonnull(fgets(line, LINE, file));
    if (!feof(file))
        ungetc('c', file);
}

/* Row by row: outputs to the bit as before, gradients added up. */
static void check_rows(void)
{
    struct rig *rig = &the.rig;
    if (strstr(the.text, "batch")) {
        skip();
        return;
    }
    int64_t rows = rig->call.rows;
    int64_t in = rig->n_in / rows, out = rig->n_out / rows;
    float whole[MOST];
    sluice_layer_call call = rig->call;
    rig_forward(rig);
    memcpy(whole, rig->call.y, (size_t)rig->n_out * sizeof *whole);
    for (int64_t r = 0; r < rows; r++) {
        rig->call.rows = 1;
        rig->call.first_row = r;
        rig->call.accumulate = r > 0;
        rig->call.x = call.x + r * in;
        rig->call.y = call.y + r * out;
        rig->call.dy = call.dy + r * out;
        rig->call.dx = call.dx + r * in;
        rig_forward(rig);
        rig_backward(rig);
    }
    rig->call = call;
    ck_assert_mem_eq(whole, call.y, (size_t)rig->n_out * sizeof *whole);
    compare_all();
}

static void check_rows_by_tiles(void)
{
    check_settled(SL_GEMM_PACKED, check_rows);
}

START_TEST(rows_do_not_see_each_other)
{
    for_each_case(check_rows);
    if (sl_gemm_packed())
        for_each_case(check_rows_by_tiles);
}
END_TEST

/* sum(dy * y) */
static double objective(void)
{
    double sum = 0;
    rig_forward(&the.rig);
    for (int64_t i = 0; i < the.rig.n_out; i++)
        sum += (double)the.dy[i] * (double)the.rig.call.y[i];
    return sum;
}

/* Outputs are rounded to 6e-8 of about 10 terms of size 1, and the step is
 * 2^-7: the difference is off by 1e-4, and by the third derivative. */
static void check_differences_of(int64_t n, float *values, const float *got)
{
    const float step = 0x1p-7f;
    double largest = 0, apart = 0;
    for (int64_t i = 0; i < n; i++) {
        float at = values[i];
        values[i] = at + step;
        double above = objective();
        values[i] = at - step;
        double below = objective();
        values[i] = at;
        double slope = (above - below) / (2 * (double)step);
        largest = fmax(largest, fabs(slope));
        apart = fmax(apart, fabs(slope - (double)got[i]));
    }
    ck_assert_msg(apart <= 2e-3 * largest, "%s: %g of %g", the.text, apart,
                  largest);
}

/* Where a function has a kink, a step may pass over it. */
static void check_differences(void)
{
    struct rig *rig = &the.rig;
    bool has_kink = strstr(the.text, "relu") || strstr(the.text, "max");
    rig_forward(rig);
    rig_backward(rig);
    if (!has_kink) {
        check_differences_of(rig->n_in, rig->x, rig->call.dx);
        for (int p = 0; p < rig->plan.n_params; p++)
            if (!rig->plan.params[p].statistic)
                check_differences_of(rig->n_params[p], rig->params[p],
                                     rig->grads[p]);
    }
    skip();
}

START_TEST(gradients_are_those_of_the_outputs)
{
    for_each_case(check_differences);
}
END_TEST

/* At whatever place of a window it stands, NaN is its largest element, and the
 * gradient goes to the first one. */
START_TEST(max_pool_passes_nan_on)
{
    const sluice_pool_config config = {.kernel = 2};
    for (int set = 1; set < 16; set++) {
        struct rig rig;
        ck_assert(!rig_init(&rig, sluice_max_pool(), &config,
                            sluice_shape_matrix(2, 2), 1, 1));
        for (int i = 0; i < 4; i++)
            rig.x[i] = set >> i & 1 ? NAN : (float)(i - 2);
        rig.call.dy[0] = 3;
        rig_forward(&rig);
        ck_assert_msg(isnan(rig.call.y[0]), "NaN at %x: %g", set,
                      (double)rig.call.y[0]);
        rig_backward(&rig);
        for (int i = 0; i < 4; i++)
            ck_assert((rig.call.dx[i] == 3) == (i == __builtin_ctz(set)));
        rig_fini(&rig);
    }
}
END_TEST

static void refuse(const char *text, const char *sentence)
{
    sluice_model *model;
    sluice_diag why;
    ck_assert_int_eq(sluice_model_parse(text, NULL, &model, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, sentence), "%s", why.text);
}

START_TEST(what_does_not_fit_is_refused)
{
    refuse("input(784); conv2d(3)", "put reshape(channels, height=H, width=W)");
    refuse("input(3x4x4); conv2d(4, groups=2)",
           "2 groups; their number must divide the 3 channels of the input");
    refuse("input(2x4x4); conv2d(4, kernel=5)",
           "an image of 4 x 4 with a padding of 0 has no room for a kernel "
           "of 5");
    refuse("input(4x4); conv2d(4, padding=3)", "it can be 0 to 2");
    refuse("input(2x40000x60000); conv2d(4)", "more than 2147483647 elements");
    refuse("input(2x4x4); max_pool(2, padding=2)", "it can be 0 to 1");
    refuse("input(2x4x4); average_pool(5, padding=3)",
           "a padding of 3; at most half of the kernel of 5 is possible");
    refuse("input(2x40x40); max_pool(17)", "at most 16 are possible");
    refuse("input(3x4x4); group_norm(2)", "must divide the 3 channels");
    refuse("input(2x4x4); branches{conv2d(2); conv2d(2, padding=1)}",
           "layer 1 inside makes 32 elements and layer 0 8");
    refuse("input(2x4x4); concat{conv2d(2); conv2d(2, padding=1)}",
           "what layer 1 inside makes does not fit behind the others");
    refuse("input(4); batch_norm(2)", "momentum");
    refuse("input(9); upsample(2)", "it takes images");
    refuse("input(9); reshape(1, height=2, width=4)",
           "9 elements of a row do not make 1 channels of 2 x 4");
}
END_TEST

SLUICE_TEST_MAIN("nn.image_layers", layers_agree_with_pytorch,
                 with_every_backend_layers_agree_with_pytorch,
                 rows_do_not_see_each_other, gradients_are_those_of_the_outputs,
                 max_pool_passes_nan_on, what_does_not_fit_is_refused)
