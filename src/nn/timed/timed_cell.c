/* Cells that take a set time and no core.  The stage's device. */
#include "nn/timed/timed_cell.h"

#include "base/clock.h"
#include "base/pause.h"
#include "nn/team/team.h"

struct sl_timed_cell sl_timed_begin(void)
{
    return (struct sl_timed_cell){sl_now_ns(), sl_thread_cpu_ns()};
}

void sl_timed_end(const sluice_layer_call *call, struct sl_timed_cell cell,
                  int64_t ns)
{
    if (call->team)
        ns /= call->team->n_shards;
    int64_t cpu_ns = sl_pause_until(sl_add_ns(cell.start_ns, ns));
    int64_t off_core_ns = ns - (cpu_ns - cell.cpu_ns);
    if (call->off_core_ns && off_core_ns > 0)
        *call->off_core_ns += off_core_ns;
}
