/*
 * The numbers of a page for its script: JSON that holds no text but the names
 * of its four arrays, so that nothing in it can end the script element.
 *
 * Threads: any.
 */
#ifndef SL_REPORT_HTML_DATA_H
#define SL_REPORT_HTML_DATA_H

#include "report/out.h"

/* A JSON number, to nine digits; null for what is none. */
void sl_html_number(struct sl_out *out, double value);

/*
 * {"losses": [[step, loss], ...], "epochs": [[step, accuracy], ...],
 *  "cells": [[K, M, bubble, efficiency], ...],
 *  "memory": [[K, remat, planned, actual], ...]}
 */
void sl_html_data(struct sl_out *out, const sluice_html_report *report);

#endif
