/* Options by name: what a text sets, what it is told, and back to text. */
#include <sluice/options.h>

#include <float.h>
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text/options.h"
#include "base/text/real_text.h"
#include "support/runner.h"

struct config {
    double rate;
    float share;
    int64_t width;
    int32_t kind;
    bool fast;
};

static const char *kind(int i)
{
    static const char *const words[] = {"round", "square", NULL};
    return words[i];
}

static const sluice_option options[] = {
    {
        .name = "learning-rate",
        .short_name = "lr",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(struct config, rate),
        .bytes = sizeof(double),
        .preset = 0.02,
        .max = FLT_MAX,
        .above_min = true,
    },
    {
        .name = "share",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(struct config, share),
        .bytes = sizeof(float),
        .preset = 0.1,
        .max = 1,
        .below_max = true,
    },
    {
        .name = "width",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(struct config, width),
        .bytes = sizeof(int64_t),
        .preset = 3,
        .min = 1,
        .max = 1000,
    },
    {
        .name = "fast",
        .type = SLUICE_OPTION_FLAG,
        .offset = offsetof(struct config, fast),
        .bytes = sizeof(bool),
    },
    {
        .name = "kind",
        .type = SLUICE_OPTION_CHOICE,
        .offset = offsetof(struct config, kind),
        .bytes = sizeof(int32_t),
        .choice = kind,
    },
};

static const sluice_option_table table = {"thing", options, 5};

static sluice_diag why;

static struct config parsed(const char *text)
{
    struct config config;
    memset(&config, 0x55, sizeof config);
    ck_assert_msg(!sluice_options_parse(&table, text, &config, &why), "%s: %s",
                  text, why.text);
    return config;
}

START_TEST(a_text_sets_what_it_names_and_the_rest_has_its_default)
{
    static const char *const empty[] = {NULL, ""};
    for (int i = 0; i < 2; i++) {
        struct config config = parsed(empty[i]);
        ck_assert(config.rate == 0.02 && config.share == 0.1F &&
                  config.width == 3 && config.kind == 0 && !config.fast);
    }
    struct config config = parsed("kind=square,lr=1e-3,fast,share=0.5");
    ck_assert(config.rate == 1e-3 && config.share == 0.5F &&
              config.width == 3 && config.kind == 1 && config.fast);
    config = parsed("learning_rate=.5,fast=false,width=1000");
    ck_assert(config.rate == 0.5 && !config.fast && config.width == 1000);
    config = parsed("learning-rate=2,fast=true");
    ck_assert(config.rate == 2 && config.fast);
}
END_TEST

START_TEST(what_is_not_possible_is_refused_with_what_is)
{
    static const struct {
        const char *text;
        const char *sentence;
    } bad[] = {
        {"lrr=1", "thing has no option \"lrr\"; it has learning-rate, share, "
                  "width, fast, kind"},
        {",", "thing has no option \"\""},
        {"lr=1,", "thing has no option \"\""},
        {"lr=1,,fast", "thing has no option \"\""},
        {"lr=0", "thing: learning-rate is \"0\"; it must be a number above 0 "
                 "and at most 3.40282e+38"},
        {"lr=-1", "above 0"},
        {"lr=1e39", "at most"},
        {"lr=1e999", "at most"},
        {"lr=nan", "\"nan\""},
        {"lr=inf", "\"inf\""},
        {"lr=0x1p3", "\"0x1p3\""},
        {"lr= 1", "\" 1\""},
        {"lr=1 ", "\"1 \""},
        {"lr=+1", "\"+1\""},
        {"lr=", "\"\""},
        {"lr", "learning-rate has no value"},
        {"lr=1.2.3", "1.2.3"},
        {"lr=1-2", "1-2"},
        {"lr=e5", "e5"},
        {"share=1", "of at least 0 and below 1"},
        {"share=0.99999999999", "below 1"},
        {"width=0", "an integer from 1 to 1000"},
        {"width=1001", "an integer from 1 to 1000"},
        {"width=99999999999999999999", "an integer from 1 to 1000"},
        {"width=2.0", "an integer"},
        {"width=1e2", "an integer"},
        {"width=-", "an integer"},
        {"kind=oval", "kind is \"oval\"; it must be one of round, square"},
        {"kind=", "one of round"},
        {"kind", "kind has no value"},
        {"fast=1", "true or false"},
        {"fast=", "true or false"},
        {"fast,fast", "fast is given twice"},
        {"lr=1,learning_rate=1", "learning-rate is given twice"},
        {"=", "no option \"\""},
    };
    struct config config;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(sluice_options_parse(&table, bad[i].text, &config,
                                           &why) == SLUICE_INVALID,
                      "\"%s\" was accepted", bad[i].text);
        ck_assert_msg(strstr(why.text, bad[i].sentence), "%s", why.text);
    }
}
END_TEST

START_TEST(a_required_option_must_be_given)
{
    sluice_option needed = options[2];
    needed.required = true;
    const sluice_option_table small = {"thing", &needed, 1};
    struct config config;
    ck_assert_int_eq(sluice_options_parse(&small, "", &config, &why),
                     SLUICE_INVALID);
    ck_assert_str_eq(why.text, "thing: width must be given, as width=VALUE");
    ck_assert(!sluice_options_parse(&small, "width=3", &config, &why));
    char text[32];
    sluice_options_print(&small, &config, text, sizeof text);
    ck_assert_str_eq(text, "width=3");
    const sluice_option_table none = {"plain", NULL, 0};
    ck_assert(!sluice_options_parse(&none, "", &config, &why));
    ck_assert_int_eq(sluice_options_parse(&none, "x=1", &config, &why),
                     SLUICE_INVALID);
    ck_assert_str_eq(why.text, "plain has no option \"x\"; it has none");
}
END_TEST

START_TEST(a_refused_value_leaves_the_config_as_it_was)
{
    struct config config = parsed("width=7");
    ck_assert_int_eq(sluice_option_set(&table, "width", "x", &config, &why),
                     SLUICE_INVALID);
    ck_assert_int_eq(config.width, 7);
    ck_assert(!sluice_option_set(&table, "width", "8", &config, &why));
    ck_assert(!sluice_option_set(&table, "fast", NULL, &config, &why));
    ck_assert_int_eq(config.width, 8);
    ck_assert(config.fast);
    ck_assert_ptr_eq(sluice_option_find(&table, "lr"), &options[0]);
    ck_assert_ptr_null(sluice_option_find(&table, "l"));
}
END_TEST

START_TEST(what_is_printed_reads_as_the_same)
{
    static const char *const texts[] = {
        "", "learning-rate=0.1,share=0.333333343,kind=square,fast",
        "learning-rate=1e-07,width=17",
        "learning-rate=0.30000000000000004,share=0"};
    for (int i = 0; i < 4; i++) {
        char text[128];
        struct config config = parsed(texts[i]), again;
        size_t n = sluice_options_print(&table, &config, text, sizeof text);
        ck_assert_uint_eq(n, strlen(text));
        ck_assert_uint_eq(n, sluice_options_print(&table, &config, NULL, 0));
        again = parsed(text);
        for (int k = 0; k < table.n_options; k++)
            ck_assert(sluice_option_get(&options[k], &config) ==
                      sluice_option_get(&options[k], &again));
    }
    char text[6];
    struct config config = parsed("lr=1");
    ck_assert_uint_eq(sluice_options_print(&table, &config, text, sizeof text),
                      strlen("learning-rate=1"));
    ck_assert_str_eq(text, "learn");
}
END_TEST

START_TEST(a_config_written_in_c_is_checked_option_by_option)
{
    struct config config = parsed("");
    ck_assert_int_eq(sl_options_check(&table, &config, &why), SLUICE_OK);
    ck_assert_int_eq(sl_options_check(&table, NULL, &why), SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "there is no config"), "%s", why.text);
    config.rate = 0;
    ck_assert_int_eq(sl_options_check(&table, &config, &why), SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "learning-rate"), "%s", why.text);
    config = parsed("");
    config.width = 1001;
    ck_assert_int_eq(sl_options_check(&table, &config, &why), SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "width"), "%s", why.text);
}
END_TEST

START_TEST(numbers_are_read_and_written_with_a_point_in_any_locale)
{
    static const char *const locales[] = {"C", "de_DE.UTF-8", "fr_FR.UTF-8",
                                          "ps_AF.UTF-8"};
    for (int i = 0; i < 4; i++) {
        setlocale(LC_ALL, locales[i]); /* if it is installed */
        double value = 0;
        char text[SL_REAL_TEXT];
        ck_assert(sl_real_read("0.25", &value));
        ck_assert(value == 0.25);
        ck_assert(!sl_real_read("0,25", &value));
        const char *list = "0.5,2";
        ck_assert(sl_real_next(&list, &value) && value == 0.5);
        ck_assert(sl_real_next(&list, &value) && value == 2 && !*list);
        sl_real_write(-1.5, false, text);
        ck_assert_str_eq(text, "-1.5");
        sl_real_write(1e-5, false, text);
        ck_assert_str_eq(text, "1e-05");
        sl_real_write(0.1, true, text);
        ck_assert_str_eq(text, "0.1");
        sl_real_write(1.25e30, false, text);
        ck_assert_str_eq(text, "1.25e+30");
    }
    setlocale(LC_ALL, "C");
}
END_TEST

START_TEST(what_is_no_list_of_numbers_is_refused)
{
    static const char *const lists[] = {
        "",   "1,",    ",1",
        "x",  "nan,1", "0x1",
        " 1", "1 ,2",  "0.1000000000000000000000000000000"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const char *list = lists[i];
        double value = 7;
        ck_assert_msg(!sl_real_next(&list, &value), "%s", lists[i]);
        ck_assert(value == 7);
    }
    const char *longest = "0.10000000000000000000000000000";
    double value;
    ck_assert_uint_eq(strlen(longest), SL_REAL_TEXT - 1);
    ck_assert(sl_real_next(&longest, &value) && value == 0.1);
}
END_TEST

START_TEST(a_text_sets_a_table_of_64_options_and_refuses_one_of_65)
{
    static sluice_option many[SLUICE_OPTIONS_MAX + 1];
    static char names[SLUICE_OPTIONS_MAX + 1][16];
    struct {
        int values[SLUICE_OPTIONS_MAX + 1];
    } config;
    sluice_option_table most = {"many", many, SLUICE_OPTIONS_MAX};
    for (int i = 0; i <= SLUICE_OPTIONS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "o%d", i);
        many[i] = (sluice_option){
            .name = names[i],
            .type = SLUICE_OPTION_INTEGER,
            .offset = (size_t)i * sizeof(int),
            .bytes = sizeof(int),
            .max = 100,
        };
    }
    ck_assert_int_eq(sluice_options_parse(&most, "o63=7,o0=1", &config, &why),
                     SLUICE_OK);
    ck_assert_int_eq(config.values[SLUICE_OPTIONS_MAX - 1], 7);
    most.n_options++;
    ck_assert_int_eq(sluice_options_parse(&most, "o64=7", &config, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "has 65 options"), "%s", why.text);
    ck_assert_int_eq(sluice_options_parse(&most, "", &config, &why),
                     SLUICE_INVALID);
}
END_TEST

SLUICE_TEST_MAIN("base.options",
                 a_text_sets_a_table_of_64_options_and_refuses_one_of_65,
                 a_text_sets_what_it_names_and_the_rest_has_its_default,
                 what_is_not_possible_is_refused_with_what_is,
                 a_required_option_must_be_given,
                 a_refused_value_leaves_the_config_as_it_was,
                 what_is_printed_reads_as_the_same,
                 numbers_are_read_and_written_with_a_point_in_any_locale,
                 a_config_written_in_c_is_checked_option_by_option,
                 what_is_no_list_of_numbers_is_refused)
