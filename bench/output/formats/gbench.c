/* Google Benchmark's JSON layout.  The main thread. */
#include "bench/output/formats/gbench.h"

#include <jansson.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/measure/samples.h"

enum { NAME_BYTES = 512, HOST_BYTES = 256, DATE_BYTES = 64 };

static void dump(struct table *table, json_t *value)
{
    json_dumpf(value, table->out, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(value);
}

/* The context as Google's has it, and ours. */
static json_t *context_json(const struct table_field *fields, int n)
{
    char host[HOST_BYTES] = "";
    char date[DATE_BYTES] = "";
    time_t now = time(NULL);
    struct tm tm;
    gethostname(host, sizeof host - 1);
    if (gmtime_r(&now, &tm))
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S+00:00", &tm);
    json_t *context = json_object();
    json_object_set_new(context, "date", json_string(date));
    json_object_set_new(context, "host_name", json_string(host));
    json_object_set_new(context, "num_cpus",
                        json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
    json_object_set_new(context, "library_build_type", json_string("release"));
    for (int i = 0; i < n; i++)
        if (fields[i].context) {
            char buffer[TABLE_NUMBER];
            json_object_set_new(context, fields[i].name,
                                json_string(table_text(&fields[i], buffer)));
        }
    return context;
}

/* "devices:2/microbatches:8" */
static void make_name(const struct table_field *fields, int n, char *name)
{
    size_t at = 0;
    for (int i = 0; i < n; i++) {
        char buffer[TABLE_NUMBER];
        if (fields[i].key && at < NAME_BYTES)
            at += (size_t)snprintf(name + at, NAME_BYTES - at, "%s%s:%s",
                                   at ? "/" : "", fields[i].name,
                                   table_text(&fields[i], buffer));
    }
}

static const struct table_field *find(const struct table_field *fields, int n,
                                      const char *name)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(fields[i].name, name))
            return &fields[i];
    return NULL;
}

static json_t *entry(const char *name, const char *suffix, int repetitions,
                     double real_ns, double cpu_ns)
{
    json_t *e = json_object();
    json_object_set_new(e, "name", json_sprintf("%s%s", name, suffix));
    json_object_set_new(e, "run_name", json_string(name));
    json_object_set_new(e, "repetitions", json_integer(repetitions));
    json_object_set_new(e, "threads", json_integer(1));
    json_object_set_new(e, "real_time", json_real(real_ns));
    json_object_set_new(e, "cpu_time", json_real(cpu_ns));
    json_object_set_new(e, "time_unit", json_string("ns"));
    return e;
}

static void write_iterations(struct table *table, const char *name,
                             const struct table_field *real,
                             const struct table_field *cpu)
{
    for (int i = 0; i < real->n_samples; i++) {
        json_t *e =
            entry(name, "", real->n_samples, real->samples[i], cpu->samples[i]);
        json_object_set_new(e, "run_type", json_string("iteration"));
        json_object_set_new(e, "repetition_index", json_integer(i));
        json_object_set_new(e, "iterations", json_integer(1));
        dump(table, e);
        fputs(",\n", table->out);
    }
}

static void write_median(struct table *table, const char *name,
                         const struct table_field *real,
                         const struct table_field *cpu)
{
    json_t *e = entry(name, "_median", real->n_samples,
                      median_of(real->samples, real->n_samples),
                      median_of(cpu->samples, cpu->n_samples));
    json_object_set_new(e, "run_type", json_string("aggregate"));
    json_object_set_new(e, "aggregate_name", json_string("median"));
    json_object_set_new(e, "aggregate_unit", json_string("time"));
    json_object_set_new(e, "iterations", json_integer(real->n_samples));
    dump(table, e);
}

void gbench_row(struct table *table, const struct table_field *fields, int n)
{
    const struct table_field *real = find(fields, n, "samples_ns");
    const struct table_field *cpu = find(fields, n, "samples_cpu_ns");
    char name[NAME_BYTES] = "";
    make_name(fields, n, name);
    if (table->n_rows) {
        fputs(",\n", table->out);
    } else {
        fputs("{\"context\":", table->out);
        dump(table, context_json(fields, n));
        fputs(",\n\"benchmarks\":[\n", table->out);
    }
    write_iterations(table, name, real, cpu);
    write_median(table, name, real, cpu);
}

void gbench_end(struct table *table)
{
    if (!table->n_rows)
        fputs("{\"context\":{},\n\"benchmarks\":[", table->out);
    fputs("\n]}\n", table->out);
}
