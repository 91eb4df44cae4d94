/* The tables of a page.  Any thread. */
#ifndef SL_REPORT_HTML_TABLE_H
#define SL_REPORT_HTML_TABLE_H

#include "report/out.h"

/* 0.125 is "12.50 %"; what is no number, or absurd, a dash. */
void sl_html_percent(struct sl_out *out, double share);

void sl_html_settings(struct sl_out *out, const sluice_html_report *report);

/* Bubble and efficiency beside the formulas. */
void sl_html_cells(struct sl_out *out, const sluice_html_report *report);

void sl_html_memory(struct sl_out *out, const sluice_html_report *report);

/* Causes by device, and the advice. */
void sl_html_attribution(struct sl_out *out, const sluice_html_report *report);

#endif
