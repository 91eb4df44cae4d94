/* Options by name.  Any thread; no state. */
#include "base/text/options.h"

#include <stdio.h>
#include <string.h>

#include "base/text/text_out.h"

enum { LIST = SLUICE_DIAG_TEXT / 2 }; /* bytes of the names in a sentence */

static struct sl_span span_of(const char *text)
{
    return (struct sl_span){text, strlen(text)};
}

static bool is_name(const char *name, struct sl_span given)
{
    if (!name || strlen(name) != given.n)
        return false;
    for (size_t i = 0; i < given.n; i++)
        if (name[i] != (given.at[i] == '_' ? '-' : given.at[i]))
            return false;
    return true;
}

bool sl_option_is(const sluice_option *option, struct sl_span name)
{
    return is_name(option->name, name) || is_name(option->short_name, name);
}

static const sluice_option *find(const sluice_option_table *table,
                                 struct sl_span name)
{
    for (int i = 0; i < table->n_options; i++)
        if (sl_option_is(&table->options[i], name))
            return &table->options[i];
    return NULL;
}

const sluice_option *sluice_option_find(const sluice_option_table *table,
                                        const char *name)
{
    return find(table, span_of(name));
}

static sluice_status no_option(const sluice_option_table *table,
                               struct sl_span name, sluice_diag *why)
{
    char list[LIST] = "";
    struct sl_text_out out = {list, sizeof list, 0};
    for (int i = 0; i < table->n_options; i++) {
        if (i > 0)
            sl_text_add(&out, ", ");
        sl_text_add(&out, table->options[i].name);
    }
    if (table->n_options == 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s has no option \"%.*s\"; it has none",
                               table->owner, sl_shown(name), name.at);
    return sluice_diag_set(why, SLUICE_INVALID,
                           "%s has no option \"%.*s\"; it has %s", table->owner,
                           sl_shown(name), name.at, list);
}

/* One bit of a word says that an option was given. */
static sluice_status check_size(const sluice_option_table *table,
                                sluice_diag *why)
{
    if (table->n_options <= SLUICE_OPTIONS_MAX)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "%s has %d options; a text can set at most %d",
                           table->owner, table->n_options, SLUICE_OPTIONS_MAX);
}

sluice_status sl_option_name(const sluice_option_table *table,
                             struct sl_span name, uint64_t *given,
                             const sluice_option **option, sluice_diag *why)
{
    const sluice_option *found = find(table, name);
    sluice_status st = check_size(table, why);
    if (st)
        return st;
    if (!found)
        return no_option(table, name, why);
    uint64_t bit = UINT64_C(1) << (found - table->options);
    if (*given & bit)
        return sluice_diag_set(why, SLUICE_INVALID, "%s: %s is given twice",
                               table->owner, found->name);
    *given |= bit;
    *option = found;
    return SLUICE_OK;
}

sluice_status sl_options_complete(const sluice_option_table *table,
                                  uint64_t given, sluice_diag *why)
{
    sluice_status st = check_size(table, why);
    if (st)
        return st;
    for (int i = 0; i < table->n_options; i++)
        if (table->options[i].required && !(given >> i & 1))
            return sluice_diag_set(
                why, SLUICE_INVALID, "%s: %s must be given, as %s=VALUE",
                table->owner, table->options[i].name, table->options[i].name);
    return SLUICE_OK;
}

sluice_status sl_options_check(const sluice_option_table *table,
                               const void *config, sluice_diag *why)
{
    if (!config)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s: there is no config; give one",
                               table->owner);
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < table->n_options && !st; i++)
        st = sl_option_check(table, &table->options[i], config, why);
    return st;
}

sluice_status sluice_option_set(const sluice_option_table *table,
                                const char *name, const char *value,
                                void *config, sluice_diag *why)
{
    uint64_t given = 0;
    const sluice_option *option = NULL;
    struct sl_span none = {NULL, 0};
    sluice_status st =
        sl_option_name(table, span_of(name), &given, &option, why);
    return st ? st
              : sl_option_value(table, option, value ? span_of(value) : none,
                                config, why);
}

void sluice_options_preset(const sluice_option_table *table, void *config)
{
    for (int i = 0; i < table->n_options; i++)
        sl_option_put(&table->options[i], table->options[i].preset, config);
}

/* "name=value" or "name", without the comma behind it. */
static sluice_status set_one(const sluice_option_table *table,
                             struct sl_span item, uint64_t *given, void *config,
                             sluice_diag *why)
{
    const char *equals = memchr(item.at, '=', item.n);
    struct sl_span name = item, value = {NULL, 0};
    if (equals) {
        name.n = (size_t)(equals - item.at);
        value = (struct sl_span){equals + 1, item.n - name.n - 1};
    }
    const sluice_option *option = NULL;
    sluice_status st = sl_option_name(table, name, given, &option, why);
    return st ? st : sl_option_value(table, option, value, config, why);
}

sluice_status sluice_options_parse(const sluice_option_table *table,
                                   const char *text, void *config,
                                   sluice_diag *why)
{
    uint64_t given = 0;
    sluice_status st = SLUICE_OK;
    sluice_options_preset(table, config);
    const char *at = text && *text ? text : NULL;
    while (at && !st) {
        size_t n = strcspn(at, ",");
        st = set_one(table, (struct sl_span){at, n}, &given, config, why);
        at = at[n] ? at + n + 1 : NULL;
    }
    return st ? st : sl_options_complete(table, given, why);
}

size_t sluice_options_print(const sluice_option_table *table,
                            const void *config, char *text, size_t size)
{
    struct sl_text_out out = {text, size, 0};
    sl_text_add(&out, "");
    for (int i = 0; i < table->n_options; i++) {
        const sluice_option *option = &table->options[i];
        char value[SL_OPTION_VALUE];
        if (!option->required && sl_option_is_preset(option, config))
            continue;
        sluice_option_print(option, config, value, sizeof value);
        sl_text_add(&out, out.length ? "," : "");
        sl_text_add(&out, option->name);
        if (option->type == SLUICE_OPTION_FLAG && !option->preset)
            continue; /* its name alone sets it */
        sl_text_add(&out, "=");
        sl_text_add(&out, value);
    }
    return out.length;
}
