/* A training that stands still.  The main thread. */
#include "bench/train/stuck.h"

#include <stdio.h>

void stuck_tell(void *context, sluice_pipeline *pipe,
                const sluice_activity *activity, int64_t stuck_ns)
{
    char text[SLUICE_ACTIVITY_TEXT];
    (void)context;
    fprintf(stderr,
            "stuck     device %d has been in %s for %.3g s; the training waits "
            "for it, a second SIGINT or SIGTERM ends it\n",
            activity->device, activity->operation, (double)stuck_ns / 1e9);
    for (int d = 0; d < sluice_pipeline_n_devices(pipe); d++) {
        sluice_activity one;
        sluice_pipeline_activity(pipe, d, &one);
        fprintf(stderr, "          %s\n",
                sluice_activity_format(&one, text, sizeof text));
    }
}
