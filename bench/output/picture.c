/* A trace as a file.  The main thread. */
#include "bench/output/picture.h"

#include <stdio.h>
#include <string.h>

#include <sluice/attribution.h>
#include <sluice/pipeline.h>
#include <sluice/report.h>

#include "bench/output/output_path.h"

static sluice_status write_text(const struct picture *picture, sluice_sink sink,
                                sluice_diag *why)
{
    const sluice_report_config config = {.title = picture->title};
    return sluice_report_text(picture->trace, &config, sink, why);
}

static sluice_status write_svg(const struct picture *picture, sluice_sink sink,
                               sluice_diag *why)
{
    const sluice_report_config config = {.title = picture->title};
    return sluice_report_svg(picture->trace, &config, sink, why);
}

static sluice_status write_chrome(const struct picture *picture,
                                  sluice_sink sink, sluice_diag *why)
{
    const sluice_report_config config = {.title = picture->title};
    return sluice_report_chrome(picture->trace, &config, sink, why);
}

static sluice_status write_html(const struct picture *picture, sluice_sink sink,
                                sluice_diag *why)
{
    sluice_idle idle[SLUICE_MAX_DEVICES];
    sluice_attribution attribution;
    const sluice_attribution_config config = {
        .cells_sleep = picture->cells_sleep,
        .predicted = picture->predicted,
    };
    bool fits = picture->trace->n_devices <= SLUICE_MAX_DEVICES;
    sluice_status st = sluice_trace_attribute(
        picture->trace, &config, fits ? idle : NULL, &attribution, why);
    if (st)
        return st;
    const sluice_html_report report = {
        .title = picture->title,
        .trace = picture->trace,
        .attribution = &attribution,
        .idle = idle,
        .n_idle = fits ? picture->trace->n_devices : 0,
    };
    return sluice_report_html(&report, sink, why);
}

static const struct kind {
    const char *ending;
    sluice_status (*write)(const struct picture *picture, sluice_sink sink,
                           sluice_diag *why);
} kinds[] = {
    {".txt", write_text},
    {".svg", write_svg},
    {".json", write_chrome},
    {".html", write_html},
};

enum { N_KINDS = sizeof kinds / sizeof *kinds, ENDINGS_BYTES = 64 };

/* ".txt, .svg, .json, .html", for an error sentence. */
static void list_endings(char *text, size_t bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < N_KINDS && n < bytes; i++)
        n += (size_t)snprintf(text + n, bytes - n, "%s%s", i ? ", " : "",
                              kinds[i].ending);
}

static const struct kind *find(const char *path, sluice_diag *why)
{
    size_t n = strlen(path);
    for (size_t i = 0; i < N_KINDS; i++) {
        size_t m = strlen(kinds[i].ending);
        if (n > m && !strcmp(path + n - m, kinds[i].ending))
            return &kinds[i];
    }
    char endings[ENDINGS_BYTES];
    list_endings(endings, sizeof endings);
    sluice_diag_set(why, SLUICE_INVALID,
                    "\"%.150s\" does not tell what to write: let it end with "
                    "one of %s",
                    path, endings);
    return NULL;
}

void picture_title(const sluice_trace *trace, const char *says, char *title,
                   size_t bytes)
{
    int n = snprintf(title, bytes, "%s", says);
    if (trace->clock_error_ns && n >= 0 && (size_t)n < bytes)
        snprintf(title + n, bytes - (size_t)n,
                 ", clocks of processes aligned to %.1f us",
                 (double)trace->clock_error_ns / 1e3);
}

sluice_status picture_check(const char *path, sluice_diag *why)
{
    return find(path, why) ? output_path_check(path, why) : SLUICE_INVALID;
}

sluice_status picture_write(const struct picture *picture, const char *path,
                            sluice_diag *why)
{
    const struct kind *kind = find(path, why);
    if (!kind)
        return SLUICE_INVALID;
    sluice_file *file;
    sluice_status st = sluice_file_create(path, NULL, &file, why);
    if (st)
        return st;
    st = kind->write(picture, sluice_file_sink(file), why);
    if (!st)
        st = sluice_file_commit(file, why);
    sluice_file_destroy(file);
    return st;
}
