/* A checksum of floats: what it finds. */
#include "base/digest.h"

#include <string.h>

#include "support/runner.h"

enum { MOST = 50, BITS = 32 };

static void fill(float x[MOST])
{
    for (int i = 0; i < MOST; i++)
        x[i] = (float)(i * 37 % 101 - 50) / 8;
}

static void flip(float *x, int bit)
{
    uint32_t bits;
    memcpy(&bits, x, sizeof bits);
    bits ^= UINT32_C(1) << bit;
    memcpy(x, &bits, sizeof bits);
}

START_TEST(every_bit_of_every_element_counts)
{
    float x[MOST];
    fill(x);
    for (int n = 1; n <= MOST; n++) {
        uint64_t digest = sl_digest(x, n);
        for (int i = 0; i < n * BITS; i++) {
            flip(&x[i / BITS], i % BITS);
            ck_assert_uint_ne(sl_digest(x, n), digest);
            flip(&x[i / BITS], i % BITS);
        }
        ck_assert_uint_eq(sl_digest(x, n), digest);
    }
}
END_TEST

START_TEST(order_and_number_of_elements_count)
{
    float x[MOST], zeros[MOST] = {0};
    fill(x);
    uint64_t digest = sl_digest(x, MOST);
    for (int i = 0; i < MOST; i++)
        for (int j = 0; j < i; j++) {
            float a = x[i], b = x[j];
            if (!memcmp(&a, &b, sizeof a))
                continue;
            x[i] = b;
            x[j] = a;
            ck_assert_uint_ne(sl_digest(x, MOST), digest);
            x[i] = a;
            x[j] = b;
        }
    for (int n = 0; n < MOST; n++)
        ck_assert_uint_ne(sl_digest(zeros, n), sl_digest(zeros, n + 1));
}
END_TEST

START_TEST(what_lies_behind_the_elements_does_not_count)
{
    float x[MOST];
    fill(x);
    for (int n = 0; n < MOST; n++) {
        uint64_t digest = sl_digest(x, n);
        flip(&x[n], 3);
        ck_assert_uint_eq(sl_digest(x, n), digest);
    }
}
END_TEST

/* What was computed once is what is computed everywhere. */
START_TEST(the_digests_of_known_floats_are_known)
{
    static const struct {
        int n;
        uint64_t digest;
    } known[] = {
        {0, UINT64_C(0x0aaf9c4b2bcfe723)},  {1, UINT64_C(0x7ea48e00640342ad)},
        {8, UINT64_C(0x82541015c5cecd45)},  {11, UINT64_C(0xd0eade597d65e263)},
        {16, UINT64_C(0xf9cb787183f810b6)}, {50, UINT64_C(0x2b5e8d5df6856bff)},
    };
    float x[MOST];
    fill(x);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        ck_assert_uint_eq(sl_digest(x, known[i].n), known[i].digest);
}
END_TEST

SLUICE_TEST_MAIN("base.digest", every_bit_of_every_element_counts,
                 order_and_number_of_elements_count,
                 what_lies_behind_the_elements_does_not_count,
                 the_digests_of_known_floats_are_known)
