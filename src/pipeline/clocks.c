/* An event on both clocks.  The device. */
#include "pipeline/clocks.h"

#include "base/clock.h"
#include "base/pause.h"

/* A slowed device needs its CPU clock in every job. */
void sl_set_clocks(struct sl_device *device)
{
    device->records = device->recorder.events && device->pipe->job.training;
    device->timed = device->records || device->delay > 0;
}

static int64_t cpu_ns(const struct sl_device *device)
{
    return device->timed ? sl_thread_cpu_ns() : 0;
}

void sl_start_clocks(struct sl_device *device)
{
    sluice_trace_event *event = &device->event;
    /* Reading the CPU clock takes a system call: part of the work, not of the
     * wait. */
    event->start_ns = sl_wall_ns(device);
    device->off_core_ns = 0;
    device->counted_ns = 0;
    event->cpu_ns = -cpu_ns(device);
    event->input_wait_ns = event->start_ns - device->arrived_ns;
    event->virtual_start_ns = device->virtual_ns;
}

/* Take as much longer as the device is slower than its core. */
static void slow_down(const struct sl_device *device, int64_t *work_ns)
{
    int64_t more_ns = (int64_t)((double)*work_ns * device->delay);
    sl_pause_until(sl_add_ns(sl_now_ns(), more_ns));
    *work_ns += more_ns;
}

/* Put the work since it was counted last on the virtual clock. */
static void count_work(struct sl_device *device)
{
    sluice_trace_event *event = &device->event;
    device->virtual_ns += event->cpu_ns - device->counted_ns;
    device->counted_ns = event->cpu_ns;
}

int64_t sl_pause_work(struct sl_device *device)
{
    device->event.cpu_ns += cpu_ns(device) + device->off_core_ns;
    device->off_core_ns = 0;
    count_work(device);
    return sl_wall_ns(device);
}

void sl_resume_work(struct sl_device *device, int64_t paused_ns)
{
    device->event.team_wait_ns += sl_wall_ns(device) - paused_ns;
    device->event.cpu_ns -= cpu_ns(device);
}

void sl_stop_clocks(struct sl_device *device)
{
    sluice_trace_event *event = &device->event;
    event->cpu_ns += cpu_ns(device) + device->off_core_ns;
    if (device->delay > 0)
        slow_down(device, &event->cpu_ns);
    count_work(device);
    event->end_ns = sl_wall_ns(device);
    event->virtual_end_ns = device->virtual_ns;
}
