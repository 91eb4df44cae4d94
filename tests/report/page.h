/* A whole report, every part of it there: what a page of HTML is tested with.
 */
#ifndef SL_TEST_PAGE_H
#define SL_TEST_PAGE_H

#include <stdbool.h>

#include <sluice/report.h>
#include <sluice/schedule.h>
#include <sluice/simulate.h>

/* What means something to HTML, to scripts, and to neither. */
#define PAGE_HOSTILE                                                           \
    "</script><script>alert(1)</script><img src=x onerror=alert(2)>"           \
    "&lt; \"q\" 'a' <!-- ]]> \xC3\xA4 \x01 \xFF"

enum {
    PAGE_LOSSES = 200,
    PAGE_EPOCHS = 4,
    PAGE_CELLS = 12,
    PAGE_MEMORY = 16,
    PAGE_K = 4
};

struct page {
    sluice_html_setting settings[2];
    sluice_html_loss losses[PAGE_LOSSES];
    sluice_html_epoch epochs[PAGE_EPOCHS];
    sluice_html_cell cells[PAGE_CELLS];
    sluice_html_memory memory[PAGE_MEMORY];
    sluice_simulation *simulation;
    sluice_idle idle[PAGE_K];
    sluice_attribution attribution;
    sluice_html_report report;
};

static inline void page_fill_cells(struct page *page)
{
    static const int ks[] = {2, 4, 8}, ms[] = {1, 4, 16, 32};
    for (int i = 0; i < PAGE_CELLS; i++) {
        int k = ks[i / 4], m = ms[i % 4];
        double bubble = sluice_bubble_formula(k, m);
        page->cells[i] =
            (sluice_html_cell){k, m, bubble + 0.01, 0.98 * (1 - bubble)};
    }
}

static inline void page_fill_training(struct page *page)
{
    for (int i = 0; i < PAGE_LOSSES; i++)
        page->losses[i] = (sluice_html_loss){i + 1, 0.3 + 2 / (1 + i / 20.0)};
    for (int i = 0; i < PAGE_EPOCHS; i++)
        page->epochs[i] = (sluice_html_epoch){
            (i + 1) * PAGE_LOSSES / PAGE_EPOCHS, 0.9 - 0.2 / (i + 1)};
}

static inline void page_fill_memory(struct page *page)
{
    for (int i = 0; i < PAGE_MEMORY; i++) {
        int k = i / 2 + 1, remat = i % 2;
        int64_t bytes = (100 + (remat ? 300 : 1000) / k) * INT64_C(100000);
        page->memory[i] =
            (sluice_html_memory){k, remat, bytes, k > 4 ? 0 : bytes};
    }
}

/* Whether there is a trace now, and where its time went. */
static inline bool page_fill_trace(struct page *page)
{
    static const int64_t costs[SLUICE_N_ACTION_KINDS] = {
        [SLUICE_F] = 1000000, [SLUICE_B] = 2000000, [SLUICE_UPDATE] = 500000};
    const sluice_simulate_config how = {.costs_ns = costs, .latency_ns = 20000};
    const sluice_schedule_config what = {
        .name = "gpipe", .devices = PAGE_K, .microbatches = 8};
    sluice_schedule *schedule;
    if (sluice_schedule_generate(&what, &schedule, NULL))
        return false;
    sluice_status st = sluice_simulate(schedule, &how, &page->simulation, NULL);
    sluice_schedule_destroy(schedule);
    return !st &&
           !sluice_trace_attribute(sluice_simulation_trace(page->simulation),
                                   NULL, page->idle, &page->attribution, NULL);
}

static inline bool page_init(struct page *page, const char *text)
{
    page_fill_training(page);
    page_fill_cells(page);
    page_fill_memory(page);
    if (!page_fill_trace(page))
        return false;
    page->settings[0] = (sluice_html_setting){"model", text};
    page->settings[1] = (sluice_html_setting){text, "8"};
    page->report = (sluice_html_report){
        .title = text,
        .settings = page->settings,
        .n_settings = 2,
        .losses = page->losses,
        .n_losses = PAGE_LOSSES,
        .epochs = page->epochs,
        .n_epochs = PAGE_EPOCHS,
        .cells = page->cells,
        .n_cells = PAGE_CELLS,
        .memory = page->memory,
        .n_memory = PAGE_MEMORY,
        .trace = sluice_simulation_trace(page->simulation),
        .attribution = &page->attribution,
        .idle = page->idle,
        .n_idle = PAGE_K,
        .training_note = text,
        .cells_note = text,
        .memory_note = text,
        .trace_note = text,
        .attribution_note = text,
    };
    return true;
}

static inline void page_fini(struct page *page)
{
    sluice_simulation_destroy(page->simulation);
    page->simulation = NULL;
}

#endif
