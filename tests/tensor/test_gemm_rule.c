/* Which backend makes which product. */
#include "tensor/gemm/gemm_rule.h"

#include <string.h>

#include "support/runner.h"

static const struct sl_gemm_machine avx512 = {
    .packed = true, .avx512 = true, .blas = SL_BLAS_AVX512};

static struct sl_gemm_ruling decide(struct sl_gemm_machine machine, int n_uses)
{
    struct sl_gemm_use use = {{128, 1024, 1024}, n_uses};
    return sl_gemm_rule(SL_GEMM_AUTO, SL_FLOAT32, &machine, use);
}

/* The backend of all kinds, and whether weights are packed. */
static void assert_ruling(struct sl_gemm_ruling ruling, const char *name,
                          bool packs)
{
    for (int kind = 0; kind < SL_GEMM_KINDS; kind++)
        ck_assert_str_eq(ruling.backend[kind]->name, name);
    ck_assert_int_eq(ruling.packs, packs);
}

START_TEST(weights_are_packed_from_two_uses_on)
{
    if (!sl_gemm_packed())
        return;
    assert_ruling(decide(avx512, 1), "packed", false);
    assert_ruling(decide(avx512, 2), "packed", true);
}
END_TEST

START_TEST(few_rows_go_to_openblas_unless_its_kernels_are_old)
{
    struct sl_gemm_use few = {{7, 256, 256}, 8};
    struct sl_gemm_machine machine = avx512;
    if (!sl_gemm_packed())
        return;
    assert_ruling(sl_gemm_rule(SL_GEMM_AUTO, SL_FLOAT32, &machine, few),
                  "openblas", false);
    machine.blas = SL_BLAS_OLD;
    assert_ruling(sl_gemm_rule(SL_GEMM_AUTO, SL_FLOAT32, &machine, few),
                  "packed", true);
    few.size.rows = 8;
    assert_ruling(sl_gemm_rule(SL_GEMM_AUTO, SL_FLOAT32, &avx512, few),
                  "packed", true);
}
END_TEST

START_TEST(packing_anew_pays_with_more_rows)
{
    struct sl_gemm_use use = {{15, 256, 256}, 1};
    if (!sl_gemm_packed())
        return;
    assert_ruling(sl_gemm_rule(SL_GEMM_AUTO, SL_FLOAT32, &avx512, use),
                  "openblas", false);
    use.size.rows = 16;
    assert_ruling(sl_gemm_rule(SL_GEMM_AUTO, SL_FLOAT32, &avx512, use),
                  "packed", false);
}
END_TEST

START_TEST(old_kernels_of_openblas_are_avoided)
{
    struct sl_gemm_machine machine = avx512;
    machine.avx512 = false;
    if (!sl_gemm_packed())
        return;
    assert_ruling(decide(machine, 8), "openblas", false);
    machine.blas = SL_BLAS_AVX2;
    assert_ruling(decide(machine, 8), "openblas", false);
    machine.blas = SL_BLAS_OLD;
    assert_ruling(decide(machine, 8), "packed", true);
}
END_TEST

START_TEST(without_fused_multiply_adds_it_is_openblas)
{
    struct sl_gemm_machine machine = {.blas = SL_BLAS_OLD};
    assert_ruling(decide(machine, 8), "openblas", false);
}
END_TEST

START_TEST(a_name_makes_all_products)
{
    for (int choice = SL_GEMM_AUTO + 1; choice < SL_GEMM_CHOICES; choice++) {
        struct sl_gemm_use use = {{1, 1, 1}, 1};
        if (!sl_gemm_choice_is_built(choice))
            continue;
        const char *name = sl_gemm_choice_name(choice);
        assert_ruling(sl_gemm_rule(choice, SL_FLOAT32, &avx512, use), name,
                      choice == SL_GEMM_ONEDNN || choice == SL_GEMM_PACKED);
    }
}
END_TEST

START_TEST(names_are_found)
{
    enum sl_gemm_choice choice = SL_GEMM_PLAIN;
    sluice_diag why;
    ck_assert(!sl_gemm_choice_find(NULL, &choice, NULL));
    ck_assert_int_eq(choice, SL_GEMM_AUTO);
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
    ck_assert_int_eq(sl_gemm_choice_find("packed", &choice, &why),
                     sl_gemm_packed() ? SLUICE_OK : SLUICE_INVALID);
}
END_TEST

START_TEST(bf16_has_backends_of_its_own)
{
    struct sl_gemm_use use = {{128, 1024, 1024}, 8};
    enum sl_precision found = SL_FLOAT32;
    ck_assert(!sl_precision_find("bf16", SL_GEMM_PLAIN, &found, NULL));
    ck_assert_int_eq(found, SL_BF16);
    assert_ruling(sl_gemm_rule(SL_GEMM_PLAIN, SL_BF16, &avx512, use), "plain",
                  false);
    int n = sl_gemm_onednn_bf16_is_slow() ? 1 : 2; /* the second is auto */
    for (int i = 0; i < n && sl_gemm_onednn_bf16(); i++)
        assert_ruling(sl_gemm_rule(i ? SL_GEMM_AUTO : SL_GEMM_ONEDNN, SL_BF16,
                                   &avx512, use),
                      "onednn", true);
}
END_TEST

/* Such a layer multiplies float32 in each precision: by the tiles where `auto`
 * takes them for float32. */
START_TEST(auto_leaves_convolutions_of_bf16_to_the_tiles_of_float32)
{
    struct sl_gemm_use use = {{4096, 576, 64}, 8, true};
    if (!sl_gemm_onednn_bf16())
        return;
    struct sl_gemm_machine old = {.blas = SL_BLAS_AVX2};
    assert_ruling(sl_gemm_rule(SL_GEMM_AUTO, SL_BF16, &old, use), "openblas",
                  false);
    assert_ruling(sl_gemm_rule(SL_GEMM_ONEDNN, SL_BF16, &avx512, use), "onednn",
                  true);
    if (sl_gemm_packed())
        assert_ruling(sl_gemm_rule(SL_GEMM_AUTO, SL_BF16, &avx512, use),
                      "packed", true);
}
END_TEST

START_TEST(precisions_are_found)
{
    enum sl_precision found = SL_BF16;
    sluice_diag why;
    for (int i = 0; i < SL_GEMM_CHOICES; i++) {
        ck_assert(!sl_precision_find(NULL, i, &found, NULL));
        ck_assert_int_eq(found, SL_FLOAT32);
        ck_assert(!sl_precision_find("float32", i, &found, NULL));
    }
    ck_assert_int_eq(sl_precision_find("fp8", 0, &found, &why),
                     SLUICE_NOT_FOUND);
    ck_assert(strstr(why.text, "no precision is named fp8"));
    for (int i = 0; i < SL_PRECISIONS; i++)
        ck_assert(strstr(why.text, sl_precision_name(i)));
    ck_assert_ptr_null(sl_precision_name(SL_PRECISIONS));
    ck_assert_int_eq(sl_precision_find("bf16", SL_GEMM_OPENBLAS, &found, &why),
                     SLUICE_INVALID);
    ck_assert(strstr(why.text, "openblas"));
    ck_assert_int_eq(sl_precision_find("bf16", SL_GEMM_PACKED, &found, &why),
                     SLUICE_INVALID);
    ck_assert(strstr(why.text, "packed"));
    ck_assert_int_eq(sl_precision_find("bf16", SL_GEMM_ONEDNN, &found, &why),
                     sl_gemm_onednn_bf16() ? SLUICE_OK : SLUICE_INVALID);
}
END_TEST

/* Who names oneDNN gets its roundings all the same, as to go on from a
 * checkpoint. */
START_TEST(auto_refuses_products_of_bf16_that_are_slow)
{
    enum sl_precision found = SL_FLOAT32;
    sluice_diag why;
    bool takes = sl_gemm_onednn_bf16() && !sl_gemm_onednn_bf16_is_slow();
    ck_assert_int_eq(sl_precision_find("bf16", SL_GEMM_AUTO, &found, &why),
                     takes ? SLUICE_OK : SLUICE_INVALID);
    ck_assert_int_eq(found, takes ? SL_BF16 : SL_FLOAT32);
    if (!takes)
        ck_assert_ptr_eq(strstr(why.text, "precision bf16"), why.text);
    if (!takes && sl_gemm_onednn_bf16())
        ck_assert(strstr(why.text, "is slower than float32"));
}
END_TEST

SLUICE_TEST_MAIN("tensor.gemm_rule", weights_are_packed_from_two_uses_on,
                 few_rows_go_to_openblas_unless_its_kernels_are_old,
                 packing_anew_pays_with_more_rows,
                 old_kernels_of_openblas_are_avoided,
                 without_fused_multiply_adds_it_is_openblas,
                 a_name_makes_all_products, names_are_found,
                 bf16_has_backends_of_its_own,
                 auto_leaves_convolutions_of_bf16_to_the_tiles_of_float32,
                 precisions_are_found,
                 auto_refuses_products_of_bf16_that_are_slow)
