/*
 * Pictures of a trace: a timeline for the terminal, one in SVG, and the JSON
 * that Perfetto and chrome://tracing open; and one page of HTML with everything
 * that was measured of a pipeline.
 *
 * The trace may be measured, predicted, or on the virtual clock; say which in
 * `title`.  Output goes to a sink, piece by piece, as UTF-8, with the same
 * bytes in every locale.
 */
#ifndef SLUICE_REPORT_H
#define SLUICE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/attribution.h>
#include <sluice/export.h>
#include <sluice/memory.h>
#include <sluice/status.h>
#include <sluice/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Where output goes.  `write` takes all n bytes and returns SLUICE_OK.  If it
 * returns another status, it is not called again, and the function that writes
 * returns that status.
 */
typedef struct sluice_sink {
    sluice_status (*write)(void *context, const char *bytes, size_t n,
                           sluice_diag *why);
    void *context;
} sluice_sink;

/*
 * A file that appears as a whole or not at all: it is written under a temporary
 * name beside `path`, and renamed by sluice_file_commit().  Until then an older
 * file stays as it is.  A link is followed; the permissions of an older file
 * are kept; temporary files that killed processes have left are removed.
 * Devices, pipes, names under /dev/fd or /proc, and the file that standard
 * output goes to cannot be replaced and are written in place.
 */
typedef struct sluice_file sluice_file;

/*
 * Open the temporary file, `path` with a suffix.
 *
 * Blocks   if `path` is a pipe, until a reader opens it.
 * Returns  SLUICE_OK; SLUICE_IO, naming path and reason; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_file_create(const char *path,
                                            const sluice_allocator *allocator,
                                            sluice_file **out,
                                            sluice_diag *why);

/* The sink that writes into `file`; its errors are SLUICE_IO. */
SLUICE_API sluice_sink sluice_file_sink(sluice_file *file);

/*
 * Give the file its name; an older file of that name is replaced.
 *
 * Returns  SLUICE_OK; SLUICE_IO, also if a write has failed before: then an
 *          older file of that name is unchanged.
 */
SLUICE_API sluice_status sluice_file_commit(sluice_file *file,
                                            sluice_diag *why);

/* Close; unless committed, remove the temporary file.  NULL is allowed. */
SLUICE_API void sluice_file_destroy(sluice_file *file);

enum {
    SLUICE_MIN_COLUMNS = 40,
    SLUICE_MAX_COLUMNS = 1000,
    SLUICE_MIN_WIDTH = 320,
    SLUICE_MAX_WIDTH = 8000,
};

/* Zero means the default in every field. */
typedef struct sluice_report_config {
    const char *title; /* UTF-8; NULL: none */
    int columns;       /* of the text timeline, 40 to 1000; default 80 */
    int width;         /* of the SVG in pixels, 320 to 8000; default 1000 */
    int64_t span_ns;   /* time that columns or width stand for, so that several
                          timelines have one scale; 0, or less than the
                          trace's: that of the trace */
    const int64_t *live_bytes; /* [stages], for the counter in the Chrome trace:
                                  bytes that a stage holds for a micro-batch
                                  from the end of its F to the end of its last
                                  backward; NULL: micro-batches are counted */
    const sluice_allocator *allocator; /* used during the call only */
} sluice_report_config;

/*
 * A timeline in ASCII, a row per device, for a fixed-width font:
 *
 *     0 |F0-F1-..................B1----B0----UUU|  50.0 %
 *     1 |...F0-F1-.........B1----B0----......UUU|  50.0 %
 *     2 |......F0-F1-B1----B0----............UUU|  50.0 %
 *        0 ms                           1.300 ms
 *
 * It shows the time from the first start to the last end of an action.  A
 * column has the letter of what took most of its time: F, B, I, W or R, U for
 * an update, G for adding up gradients of copies and replicas, '.' for idle
 * time. An action of two columns or more begins with letter and micro-batch, as
 * far as they fit, and goes on with '-'.  A row ends with the device's busy
 * share, as in sluice_trace_account().
 *
 * Returns  SLUICE_OK; SLUICE_INVALID for a trace that
 *          sluice_trace_attribute() refuses, or a number out of range; the
 *          sink's error; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_report_text(const sluice_trace *trace,
                                            const sluice_report_config *config,
                                            sluice_sink sink, sluice_diag *why);

/*
 * The same as a scalable picture for light and dark pages.  Kinds of action
 * have colours that the colour-blind can tell apart.  There are micro-batch
 * numbers where they fit, a legend, an axis in ms, and tooltips.
 *
 * There are at most about 2 * width boxes for each device: if there are more
 * actions, half a pixel shows what took most of its time.
 *
 * Returns  as sluice_report_text().
 */
SLUICE_API sluice_status sluice_report_svg(const sluice_trace *trace,
                                           const sluice_report_config *config,
                                           sluice_sink sink, sluice_diag *why);

/*
 * The JSON object format of Chrome's trace events: a thread for each device; a
 * slice for each action, named as in a schedule, "0F3"; arrows from each F, B
 * or I to the action on another device that takes its output; a counter for
 * each device of what it holds (see `live_bytes`).  Times count from the start
 * of the step.
 *
 * Returns  as sluice_report_text().
 */
SLUICE_API sluice_status sluice_report_chrome(
    const sluice_trace *trace, const sluice_report_config *config,
    sluice_sink sink, sluice_diag *why);

/* A line of the table of settings: "micro-batches", "8". */
typedef struct sluice_html_setting {
    const char *name;
    const char *value;
} sluice_html_setting;

typedef struct sluice_html_loss {
    int64_t step; /* ascending */
    double loss;
} sluice_html_loss;

typedef struct sluice_html_epoch {
    int64_t step;    /* its last; ascending */
    double accuracy; /* of the test data, 0 to 1 */
} sluice_html_epoch;

/* K devices with M micro-batches.  A number that was not measured is NAN. */
typedef struct sluice_html_cell {
    int devices;
    int microbatches;
    double bubble;     /* share of the devices' time, 0 to 1 */
    double efficiency; /* speed against one device, divided by K */
} sluice_html_cell;

/* The memory of that one of K devices that needs most. */
typedef struct sluice_html_memory {
    int devices;
    bool remat;
    int64_t planned_bytes;
    int64_t actual_bytes; /* 0: not run */
} sluice_html_memory;

/* What a page shows.  All text is UTF-8 and shown literally: markup in it has
 * no effect.  A part without data (NULL or 0) is left out. */
typedef struct sluice_html_report {
    const char *title; /* NULL: "Pipeline report" */

    const sluice_html_setting *settings;
    int n_settings;

    const sluice_html_loss *losses; /* the training */
    int n_losses;
    const sluice_html_epoch *epochs;
    int n_epochs;

    const sluice_html_cell *cells; /* bubble and efficiency, in any order */
    int n_cells;

    const sluice_html_memory *memory; /* in any order */
    int n_memory;

    const sluice_trace *trace; /* the timeline */

    const sluice_attribution *attribution;
    const sluice_idle *idle; /* [n_idle]: its devices */
    int n_idle;

    /* How each part was measured, in a sentence or two; NULL: no note. */
    const char *training_note;
    const char *cells_note;
    const char *memory_note;
    const char *trace_note;
    const char *attribution_note;

    const sluice_allocator *allocator; /* for the time of the call only */
} sluice_html_report;

/*
 * One page of HTML that needs no network and no other file.  It has the four
 * charts of GPipe's analysis, with the measurements drawn over the formulas:
 * the loss; the bubble against M, for each K; memory against K, with and
 * without rematerialization; efficiency against K, for each M.  Below them are
 * the timeline as in sluice_report_svg(), where the idle time went, and the
 * settings.  Each part has a sentence that explains it.
 *
 * The charts are drawn by a script in the page: uPlot, under the MIT licence.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID for a trace that sluice_trace_attribute()
 *          refuses, a negative count, or K, M, steps or bytes out of range;
 *          the sink's error; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_report_html(const sluice_html_report *report,
                                            sluice_sink sink, sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
