/* A command for a test: it counts.  The main thread. */
#include <stdlib.h>

#include "bench/cli/command.h"
#include "bench/cli/option_types.h"
#include "bench/measure/run_options.h"

struct line {
    int up_to;
    int remat;
    struct output_options output;
};

static const struct option_row options[] = {
    {.name = "up-to",
     .key = 'n',
     .argument = "N",
     .help = "The last number",
     .type = &option_integer,
     .offset = offsetof(struct line, up_to),
     .least = 1,
     .most = 9,
     .standard = "4",
     .small = "2",
     .context = "up_to"},
    {.name = "remat",
     .argument = "WHICH",
     .help = "Of no use: {choices}",
     .type = &option_word,
     .offset = offsetof(struct line, remat),
     .choices = remat_choices,
     .standard = "never",
     .context = "remat"},
    {0},
};

static const struct option_group groups[] = {
    {.options = options},
    {.title = "Output",
     .options = output_options,
     .offset = offsetof(struct line, output)},
    {0},
};

static int run(const char *called, void *config)
{
    const struct line *line = config;
    struct table table;
    (void)called;
    output_begin(&line->output, &table);
    for (int i = 1; i <= line->up_to; i++) {
        struct table_fields fields = {0};
        option_context(options, line, &fields);
        add_key(&fields, "number", i);
        table_row(&table, fields.of, fields.n);
    }
    table_end(&table);
    return EXIT_SUCCESS;
}

const struct command count_command = {
    .name = "count",
    .does = "A command that a test has added",
    .doc = "Count.",
    .groups = groups,
    .config_bytes = sizeof(struct line),
    .run = run,
};
