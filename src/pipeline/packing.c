/* Packing weights ahead of their first product.  The stage's device. */
#include "pipeline/packing.h"

#include "base/clock.h"
#include "pipeline/clocks.h"

/* The last stage's gradients come from its own loss, so that it never waits
 * for them: what its input gradients read would be packed while all devices
 * before it wait.  A forward alone has no use for it. */
static bool has_no_later_wait(const struct sl_device *device,
                              const struct sl_op *op)
{
    return device->pipe->job.training && !device->ends[op->action.stage].dy;
}

void sl_pack_ahead(struct sl_device *device, const struct sl_op *op,
                   enum sl_gemm_kind kind)
{
    const struct sl_stage *stage = &device->stages[op->action.stage];
    bool records = device->records;
    if (device->pipe->blueprint.updates.asynchronous ||
        sl_products_packed_bytes(stage) == 0)
        return;
    int64_t cpu_ns = records ? sl_thread_cpu_ns() : 0;
    sl_products_pack(stage, kind, stage->params);
    if (kind == SL_GEMM_FORWARD && has_no_later_wait(device, op))
        sl_products_pack(stage, SL_GEMM_INPUT, stage->params);
    if (records)
        device->virtual_ns += sl_thread_cpu_ns() - cpu_ns;
}
