/* One forward, one backward in turn. */
#include "sched/generators/patterns/in_turn.h"

void sl_write_in_turn(struct sl_writer *writer,
                      const sluice_schedule_config *config,
                      struct sl_in_turn order)
{
    int stage = writer->device;
    int n = config->microbatches;
    int forward = 0;
    for (int m = 0; m < n; m++) {
        for (; forward < n && forward - m <= order.warm_up; forward++)
            sl_write_version(writer, SLUICE_F, stage, forward,
                             order.version ? order.version(config, forward)
                                           : 0);
        sl_write(writer, SLUICE_B, stage, m);
        if ((m + 1) % order.group == 0)
            sl_write(writer, SLUICE_UPDATE, stage, -1);
    }
}
