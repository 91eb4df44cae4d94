/* The options of a row of the library's tables: for people, and as JSON. */
#ifndef BENCH_OUTPUT_OPTION_LIST_H
#define BENCH_OUTPUT_OPTION_LIST_H

#include <jansson.h>
#include <stdio.h>

#include <sluice/options.h>

/* A row's name and its help, then a line for each option: value, help, default
 * and bounds. */
void option_list_print(const sluice_option_table *table, const char *help,
                       FILE *out);

/* An object: "name", then each option, "learning_rate" for learning-rate. */
json_t *option_list_json(const sluice_option_table *table, const void *config);

/* One line: "sgd, learning rate 0.02, momentum 0.9, ...". */
void option_list_line(const sluice_option_table *table, const void *config,
                      char *text, size_t size);

#endif
