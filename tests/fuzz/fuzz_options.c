/* Any text as an optimizer and as a loss with their options. */
#include "text_target.h"

#include <stdio.h>
#include <string.h>

#include <sluice/loss.h>
#include <sluice/optimizer.h>
#include <sluice/rate.h>

enum { TEXT = 1024 };

/* "NAME:option=value,...", or NAME alone. */
static void print(const char *name, const sluice_option_table *table,
                  const void *config, char text[TEXT])
{
    int n = snprintf(text, TEXT, "%s:", name);
    size_t length =
        sluice_options_print(table, config, text + n, TEXT - (size_t)n);
    text_require((size_t)n + length < TEXT);
    if (!length)
        text[n - 1] = '\0';
}

/* The options are read as the same again. */
static void read_again(const char *name, const sluice_option_table *table,
                       const void *config,
                       sluice_status (*read)(const char *text,
                                             sluice_config_room *room))
{
    char text[TEXT], same[TEXT];
    sluice_config_room room;
    print(name, table, config, text);
    text_require(!read(text, &room));
    print(name, table, &room, same);
    text_require(!strcmp(text, same));
}

static sluice_status read_optimizer(const char *text, sluice_config_room *room)
{
    sluice_optimizer_choice choice;
    sluice_status st = sluice_optimizer_parse(text, &choice, NULL);
    *room = choice.config;
    return st;
}

static sluice_status read_rate(const char *text, sluice_config_room *room)
{
    sluice_rate_choice choice;
    sluice_status st = sluice_rate_parse(text, &choice, NULL);
    *room = choice.config;
    return st;
}

/* OK if any of the tables has it. */
static sluice_status parse(const char *text, size_t n,
                           const sluice_allocator *allocator, sluice_diag *why)
{
    sluice_optimizer_choice optimizer;
    sluice_rate_choice rate;
    sluice_loss_choice loss;
    (void)n;
    (void)allocator;
    sluice_status st = sluice_rate_parse(text, &rate, why);
    if (!st) {
        sluice_option_table table = sluice_rate_options(rate.ops);
        read_again(rate.ops->name, &table, &rate.config, read_rate);
        return SLUICE_OK;
    }
    if (!sluice_loss_parse(text, &loss, why))
        return SLUICE_OK;
    st = sluice_optimizer_parse(text, &optimizer, why);
    if (st)
        return st;
    sluice_option_table table = sluice_optimizer_options(optimizer.ops);
    read_again(optimizer.ops->name, &table, &optimizer.config, read_optimizer);
    return SLUICE_OK;
}

const struct text_target text_target = {parse, 0, 0};
