/* The order that ZB-H1 and ZB-H2 share (Qi et al., 2023, section 2). */
#include "sched/generators/patterns/zero_bubble.h"

void sl_write_zero_bubble(struct sl_writer *writer,
                          const sluice_schedule_config *config, int warm_up,
                          int delay)
{
    int stage = writer->device;
    int n = config->microbatches;
    int f = 0, w = 0;
    while (f < n && f < warm_up)
        sl_write(writer, SLUICE_F, stage, f++);
    for (int i = 0; i < n; i++) {
        bool cooling = f == n;
        if (!cooling)
            sl_write(writer, SLUICE_F, stage, f++);
        sl_write(writer, SLUICE_I, stage, i);
        if (cooling || i + 1 - w > delay)
            sl_write(writer, SLUICE_W, stage, w++);
    }
    while (w < n)
        sl_write(writer, SLUICE_W, stage, w++);
    sl_write_updates(writer);
}
