/* Draws a timeline to the standard output: all kinds of actions, and a title
 * full of what XML does not like. */
#include <stdio.h>

#include <sluice/report.h>

static sluice_status put(void *context, const char *bytes, size_t n,
                         sluice_diag *why)
{
    (void)why;
    return fwrite(bytes, 1, n, context) == n ? SLUICE_OK : SLUICE_IO;
}

int main(void)
{
    static const sluice_trace_event first[] = {
        {.action = {SLUICE_F, 0, 0}, .start_ns = 0, .end_ns = 500000},
        {.action = {SLUICE_R, 0, 0}, .start_ns = 600000, .end_ns = 900000},
        {.action = {SLUICE_I, 0, 0}, .start_ns = 1600000, .end_ns = 2000000},
        {.action = {SLUICE_W, 0, 0}, .start_ns = 2000000, .end_ns = 2400000},
        {.action = {SLUICE_UPDATE, 0, -1},
         .start_ns = 2400000,
         .end_ns = 2600000},
    };
    static const sluice_trace_event second[] = {
        {.action = {SLUICE_F, 1, 0}, .start_ns = 500000, .end_ns = 900000},
        {.action = {SLUICE_B, 1, 0}, .start_ns = 900000, .end_ns = 1600000},
    };
    static const sluice_trace_event *const rows[] = {first, second};
    static const int n_events[] = {5, 2};
    sluice_trace trace = {2, n_events, rows, 0, 2600000};
    sluice_report_config config = {
        .title = "<script>&amp; \"quotes\" ]]> \xC3\xA4 \x01 \xFF --"};
    return sluice_report_svg(&trace, &config, (sluice_sink){put, stdout}, NULL);
}
