/* Which backend makes which product. */
#include "tensor/gemm/gemm_rule.h"

#include <string.h>

#include "support/runner.h"

static const struct sl_gemm_machine zen5 = {
    .avx2 = true, .avx512 = true, .onednn = true, .blas = SL_BLAS_AVX2};

static struct sl_gemm_ruling decide(const struct sl_gemm_machine *machine,
                                    int64_t rows, int n_uses)
{
    struct sl_gemm_use use = {{rows, 1024, 1024}, n_uses};
    return sl_gemm_rule(SL_GEMM_AUTO, machine, use);
}

/* The backends of the three kinds, and whether weights are packed. */
static void assert_ruling(struct sl_gemm_ruling ruling, const char *forward,
                          const char *input, const char *weight, bool packs)
{
    ck_assert_str_eq(ruling.backend[SL_GEMM_FORWARD]->name, forward);
    ck_assert_str_eq(ruling.backend[SL_GEMM_INPUT]->name, input);
    ck_assert_str_eq(ruling.backend[SL_GEMM_WEIGHT]->name, weight);
    ck_assert_int_eq(ruling.packs, packs);
}

START_TEST(weights_are_packed_from_three_uses_on)
{
    if (!sl_gemm_onednn())
        return;
    assert_ruling(decide(&zen5, 128, 2), "openblas", "openblas", "onednn",
                  false);
    assert_ruling(decide(&zen5, 128, 3), "onednn", "onednn", "onednn", true);
}
END_TEST

START_TEST(weight_gradients_of_few_rows_stay_with_openblas)
{
    if (!sl_gemm_onednn())
        return;
    assert_ruling(decide(&zen5, 63, 8), "onednn", "onednn", "openblas", true);
    assert_ruling(decide(&zen5, 64, 8), "onednn", "onednn", "onednn", true);
}
END_TEST

START_TEST(weight_gradients_stay_with_avx512_kernels_of_openblas)
{
    struct sl_gemm_machine machine = zen5;
    machine.blas = SL_BLAS_AVX512;
    if (!sl_gemm_onednn())
        return;
    assert_ruling(decide(&machine, 1024, 8), "onednn", "onednn", "openblas",
                  true);
}
END_TEST

START_TEST(old_kernels_of_openblas_are_avoided_altogether)
{
    struct sl_gemm_machine machine = zen5;
    machine.blas = SL_BLAS_OLD;
    if (!sl_gemm_onednn())
        return;
    assert_ruling(decide(&machine, 4, 1), "onednn", "onednn", "onednn", false);
    machine.avx512 = false;
    assert_ruling(decide(&machine, 4, 8), "onednn", "onednn", "onednn", true);
}
END_TEST

START_TEST(without_avx512_or_onednn_it_is_openblas)
{
    struct sl_gemm_machine avx2 = zen5, without = zen5, ancient = {0};
    avx2.avx512 = false;
    without.onednn = false;
    without.blas = SL_BLAS_OLD;
    ancient.onednn = true;
    assert_ruling(decide(&avx2, 128, 8), "openblas", "openblas", "openblas",
                  false);
    assert_ruling(decide(&without, 128, 8), "openblas", "openblas", "openblas",
                  false);
    assert_ruling(decide(&ancient, 128, 8), "openblas", "openblas", "openblas",
                  false);
}
END_TEST

static const char *forward_of(const struct sl_gemm_machine *machine,
                              int64_t rows, int64_t width)
{
    struct sl_gemm_use use = {{rows, width, width}, 8};
    return sl_gemm_rule(SL_GEMM_AUTO, machine, use)
        .backend[SL_GEMM_FORWARD]
        ->name;
}

START_TEST(small_products_stay_with_openblas)
{
    struct sl_gemm_machine machine = zen5;
    if (!sl_gemm_onednn())
        return;
    ck_assert_str_eq(forward_of(&machine, 7, 64), "openblas");
    ck_assert_str_eq(forward_of(&machine, 8, 64), "onednn");
    machine.blas = SL_BLAS_AVX512;
    ck_assert_str_eq(forward_of(&machine, 15, 128), "openblas");
    ck_assert_str_eq(forward_of(&machine, 16, 128), "onednn");
}
END_TEST

START_TEST(a_name_makes_all_products)
{
    for (int choice = 0; choice < SL_GEMM_AUTO; choice++) {
        struct sl_gemm_use use = {{1, 1, 1}, 1};
        if (!sl_gemm_choice_is_built(choice))
            continue;
        const char *name = sl_gemm_choice_name(choice);
        assert_ruling(sl_gemm_rule(choice, &zen5, use), name, name, name,
                      choice == SL_GEMM_ONEDNN);
    }
}
END_TEST

START_TEST(names_are_found)
{
    enum sl_gemm_choice choice = SL_GEMM_AUTO;
    sluice_diag why;
    ck_assert(!sl_gemm_choice_find(NULL, &choice, NULL));
    ck_assert_int_eq(choice, SL_GEMM_OPENBLAS);
    ck_assert(!sl_gemm_choice_find("plain", &choice, NULL));
    ck_assert_int_eq(choice, SL_GEMM_PLAIN);
    ck_assert(!sl_gemm_choice_find("auto", &choice, NULL));
    ck_assert_int_eq(choice, SL_GEMM_AUTO);
    ck_assert_int_eq(sl_gemm_choice_find("mkl", &choice, &why),
                     SLUICE_NOT_FOUND);
    ck_assert(strstr(why.text, "mkl"));
    for (int i = 0; i < SL_GEMM_CHOICES; i++) {
        const char *name = sl_gemm_choice_name((enum sl_gemm_choice)i);
        ck_assert_ptr_nonnull(name);
        ck_assert(strstr(why.text, name));
    }
    ck_assert_ptr_null(sl_gemm_choice_name(SL_GEMM_CHOICES));
    ck_assert_int_eq(sl_gemm_choice_find("onednn", &choice, &why),
                     sl_gemm_onednn() ? SLUICE_OK : SLUICE_INVALID);
}
END_TEST

SLUICE_TEST_MAIN("tensor.gemm_rule", weights_are_packed_from_three_uses_on,
                 weight_gradients_of_few_rows_stay_with_openblas,
                 weight_gradients_stay_with_avx512_kernels_of_openblas,
                 old_kernels_of_openblas_are_avoided_altogether,
                 without_avx512_or_onednn_it_is_openblas,
                 small_products_stay_with_openblas, a_name_makes_all_products,
                 names_are_found)
