/* Large blocks lie in pages of 2 MiB, as far as the system has them: what it is
 * asked for.  madvise() is wrapped, as it may refuse. */
#include "base/huge_pages.h"

#include <stdint.h>
#include <sys/mman.h>

#include "base/memory.h"
#include "support/runner.h"

static char *asked;
static size_t asked_bytes;
static int n_asked;

int __wrap_madvise(void *at, size_t bytes, int advice);
int __wrap_madvise(void *at, size_t bytes, int advice)
{
    ck_assert_int_eq(advice, MADV_HUGEPAGE);
    asked = at;
    asked_bytes = bytes;
    n_asked++;
    return -1;
}

START_TEST(whole_pages_within_a_block_are_asked_for)
{
    char *base = (char *)(uintptr_t)SL_HUGE_PAGE;
    n_asked = 0;
    sl_huge_pages_ask(base + 64, 4 * (size_t)SL_HUGE_PAGE);
    ck_assert_int_eq(n_asked, 1);
    ck_assert_ptr_eq(asked, base + SL_HUGE_PAGE);
    ck_assert_uint_eq(asked_bytes, 3 * (size_t)SL_HUGE_PAGE);
    sl_huge_pages_ask(base, SL_HUGE_PAGE);
    ck_assert_int_eq(n_asked, 2);
    ck_assert_ptr_eq(asked, base);
    ck_assert_uint_eq(asked_bytes, SL_HUGE_PAGE);
}
END_TEST

START_TEST(a_block_without_a_whole_page_is_left_alone)
{
    char *base = (char *)(uintptr_t)SL_HUGE_PAGE;
    n_asked = 0;
    sl_huge_pages_ask(base, SL_HUGE_PAGE - 1);
    sl_huge_pages_ask(base + 1, 2 * (size_t)SL_HUGE_PAGE - 2);
    ck_assert_int_eq(n_asked, 0);
}
END_TEST

START_TEST(large_blocks_of_the_library_begin_a_page)
{
    size_t bytes = 2 * (size_t)SL_HUGE_PAGE;
    n_asked = 0;
    char *block = sl_alloc(NULL, bytes, 1);
    ck_assert_ptr_nonnull(block);
    ck_assert_uint_eq((uintptr_t)block % SL_HUGE_PAGE, 0);
    ck_assert_ptr_eq(asked, block);
    ck_assert_uint_eq(asked_bytes, bytes);
    sl_free(NULL, block, bytes, 1);
}
END_TEST

START_TEST(small_blocks_are_aligned_as_before)
{
    n_asked = 0;
    void *block = sl_alloc(NULL, 1, SL_HUGE_PAGE / 2);
    ck_assert_ptr_nonnull(block);
    ck_assert_int_eq(n_asked, 0);
    ck_assert_uint_eq(sl_huge_pages_align(SL_HUGE_PAGE - 1, SL_ALIGN),
                      SL_ALIGN);
    sl_free(NULL, block, 1, SL_HUGE_PAGE / 2);
}
END_TEST

SLUICE_TEST_MAIN("base.huge_pages", whole_pages_within_a_block_are_asked_for,
                 a_block_without_a_whole_page_is_left_alone,
                 large_blocks_of_the_library_begin_a_page,
                 small_blocks_are_aligned_as_before)
