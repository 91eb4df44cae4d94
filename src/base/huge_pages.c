/* Pages of 2 MiB for large blocks.  Any thread. */
#include "base/huge_pages.h"

#include <stdint.h>
#include <sys/mman.h>

size_t sl_huge_pages_align(size_t bytes, size_t align)
{
    return bytes < SL_HUGE_PAGE || align > SL_HUGE_PAGE ? align : SL_HUGE_PAGE;
}

/* Only whole ones: a page that goes beyond the block would take more memory
 * than the block has. */
void sl_huge_pages_ask(void *block, size_t bytes)
{
    size_t before = -(uintptr_t)block % SL_HUGE_PAGE;
    if (bytes < before + SL_HUGE_PAGE)
        return;
    size_t whole = (bytes - before) / SL_HUGE_PAGE * SL_HUGE_PAGE;
#ifdef MADV_HUGEPAGE
    madvise((char *)block + before, whole, MADV_HUGEPAGE);
#else
    (void)whole;
#endif
}
