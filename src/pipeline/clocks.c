/* An event on both clocks.  The device. */
#include "pipeline/clocks.h"

#include "base/clock.h"

/* The clocks are only looked at if the job is recorded. */
bool sl_records(const struct sl_device *device)
{
    return device->recorder.events && device->pipe->job.training;
}

static int64_t cpu_ns(const struct sl_device *device)
{
    return sl_records(device) ? sl_thread_cpu_ns() : 0;
}

int64_t sl_wall_ns(const struct sl_device *device)
{
    return sl_records(device) ? sl_now_ns() : 0;
}

void sl_begin_work(struct sl_device *device)
{
    sluice_trace_event *event = &device->event;
    /* Reading the CPU clock takes a system call: part of the work, not of the
     * wait. */
    event->start_ns = sl_wall_ns(device);
    device->off_core_ns = 0;
    event->cpu_ns = -cpu_ns(device);
    event->input_wait_ns = event->start_ns - device->arrived_ns;
    event->virtual_start_ns = device->virtual_ns;
}

void sl_end_work(struct sl_device *device)
{
    sluice_trace_event *event = &device->event;
    event->cpu_ns += cpu_ns(device) + device->off_core_ns;
    event->end_ns = sl_wall_ns(device);
    device->virtual_ns += event->cpu_ns;
    event->virtual_end_ns = device->virtual_ns;
}
