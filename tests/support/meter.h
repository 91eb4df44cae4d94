/* An allocator that knows the most bytes that were live at once.  One thread.
 */
#ifndef SL_TEST_METER_H
#define SL_TEST_METER_H

#include <stdlib.h>

#include <sluice/memory.h>

struct sl_meter {
    size_t live;
    size_t peak;
};

static inline void *sl_meter_allocate(void *context, size_t bytes, size_t align)
{
    struct sl_meter *meter = context;
    meter->live += bytes;
    meter->peak = meter->live > meter->peak ? meter->live : meter->peak;
    return aligned_alloc(align, bytes);
}

static inline void sl_meter_release(void *context, void *block, size_t bytes)
{
    struct sl_meter *meter = context;
    meter->live -= bytes;
    free(block);
}

/* The hooks; `meter` outlives them. */
static inline sluice_allocator sl_meter_hooks(struct sl_meter *meter)
{
    return (sluice_allocator){sl_meter_allocate, sl_meter_release, meter};
}

#endif
