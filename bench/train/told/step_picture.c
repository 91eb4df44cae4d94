/* A picture of the last step.  The main thread. */
#include "bench/train/told/step_picture.h"

#include <sluice/world.h>

#include "bench/output/picture.h"

enum { TITLE = 160 };

sluice_status step_picture_draw(sluice_pipeline *pipe, bool writes,
                                const char *path, sluice_diag *why)
{
    sluice_trace trace;
    char title[TITLE];
    sluice_status st = sluice_pipeline_trace_all(pipe, &trace, why);
    if (st || !writes)
        return st;
    picture_title(&trace, "the last training step, wall clock", title, TITLE);
    const struct picture picture = {.title = title, .trace = &trace};
    return picture_write(&picture, path, why);
}
