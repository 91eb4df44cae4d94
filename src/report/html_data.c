/* The numbers of a page for its script.  Any thread. */
#include "report/html_data.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * printf's point is the locale's, of any number of bytes.  So take the digits
 * and leave the point: 1.25e+02 is 125e0.
 */
void sl_html_number(struct sl_out *out, double value)
{
    enum { PLACES = 8 };
    char text[64], digits[PLACES + 2];
    int n = 0;
    if (!isfinite(value)) {
        sl_out_text(out, "null");
        return;
    }
    snprintf(text, sizeof text, "%.*e", PLACES, fabs(value));
    const char *at = text;
    for (; *at != 'e'; at++)
        if (*at >= '0' && *at <= '9')
            digits[n++] = *at;
    while (n > 1 && digits[n - 1] == '0')
        n--;
    digits[n] = '\0';
    sl_out_format(out, "%s%se%ld", value < 0 ? "-" : "", digits,
                  strtol(at + 1, NULL, 10) - (n - 1));
}

static void begin_array(struct sl_out *out, const char *comma, const char *name)
{
    sl_out_format(out, "%s\"%s\":[", comma, name);
}

static const char *comma(int i)
{
    return i ? ",\n" : "\n";
}

static void write_training(struct sl_out *out, const sluice_html_report *r)
{
    begin_array(out, "", "losses");
    for (int i = 0; i < r->n_losses; i++) {
        sl_out_format(out, "%s[%" PRId64 ",", comma(i), r->losses[i].step);
        sl_html_number(out, r->losses[i].loss);
        sl_out_text(out, "]");
    }
    begin_array(out, "],\n", "epochs");
    for (int i = 0; i < r->n_epochs; i++) {
        sl_out_format(out, "%s[%" PRId64 ",", comma(i), r->epochs[i].step);
        sl_html_number(out, r->epochs[i].accuracy);
        sl_out_text(out, "]");
    }
}

void sl_html_data(struct sl_out *out, const sluice_html_report *r)
{
    sl_out_text(out, "{");
    write_training(out, r);
    begin_array(out, "],\n", "cells");
    for (int i = 0; i < r->n_cells; i++) {
        const sluice_html_cell *cell = &r->cells[i];
        sl_out_format(out, "%s[%d,%d,", comma(i), cell->devices,
                      cell->microbatches);
        sl_html_number(out, cell->bubble);
        sl_out_text(out, ",");
        sl_html_number(out, cell->efficiency);
        sl_out_text(out, "]");
    }
    begin_array(out, "],\n", "memory");
    for (int i = 0; i < r->n_memory; i++) {
        const sluice_html_memory *m = &r->memory[i];
        sl_out_format(out, "%s[%d,%d,%" PRId64 ",%" PRId64 "]", comma(i),
                      m->devices, m->remat, m->planned_bytes, m->actual_bytes);
    }
    sl_out_text(out, "]}\n");
}
