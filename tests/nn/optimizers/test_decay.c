/* Which tensors an optimizer lets decay. */
#include <stdio.h>
#include <string.h>

#include <sluice/optimizer.h>

#include "support/runner.h"

/* Whether the optimizer of that text lets a tensor decay. */
static bool decays(const char *text, const char *name, int n_dims)
{
    float w = 1, g = 0, first = 0, second = 0;
    const sluice_shape shape = {.n_dims = n_dims, .dims = {1, 1}};
    sluice_optimizer_choice choice;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_optimizer_parse(text, &choice, &why), "%s", why.text);
    const sluice_optimizer_call call = {
        .config = choice.config.bytes,
        .learning_rate = 0.1,
        .n = 1,
        .w = &w,
        .g = &g,
        .state = {&first, &second},
        .name = name,
        .shape = &shape,
    };
    choice.ops->apply(&call);
    return w < 1;
}

START_TEST(patterns_name_the_tensors_that_decay)
{
    static const struct {
        const char *pattern, *name;
        bool decays;
    } cases[] = {
        {"*", "0.bias", true},
        {"0.bias", "0.bias", true},
        {"0.bias", "10.bias", false},
        {"0.bia", "0.bias", false},
        {"*.weight", "3.1.weight", true},
        {"*.weight", "3.1.weights", false},
        {"*weight", "1.0.1.qkv_weight", true},
        {"1.*", "1.0.1.qkv_weight", true},
        {"1.*", "11.0.1.qkv_weight", false},
        {"*1*qkv*", "1.0.1.qkv_weight", true},
        {"*a*ab", "aaab", true},
        {"*a*b", "aabc", false},
        {"**.bias", ".bias", true},
        {"0.bias+*.weight", "2.weight", true},
        {"0.bias+*.weight", "0.bias", true},
        {"0.bias+*.weight", "1.bias", false},
        {"0.weight+", "1.weight", false},
    };
    static const char *const kinds[] = {"sgd:momentum=0", "adam", "adamw",
                                        "rmsprop"};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            char text[128];
            snprintf(text, sizeof text, "%s%cweight-decay=0.5,decay-only=%s",
                     kinds[k], strchr(kinds[k], ':') ? ',' : ':',
                     cases[i].pattern);
            for (int n_dims = 1; n_dims <= 2; n_dims++)
                ck_assert_msg(decays(text, cases[i].name, n_dims) ==
                                  cases[i].decays,
                              "%s: %s", text, cases[i].name);
        }
}
END_TEST

START_TEST(without_a_pattern_dimensions_decide)
{
    ck_assert(decays("adamw:weight-decay=0.5", "0.weight", 2));
    ck_assert(!decays("adamw:weight-decay=0.5", "0.weight", 1));
    ck_assert(decays("adamw:weight-decay=0.5,decay-all", "0.bias", 1));
    ck_assert(decays("sgd:momentum=0,weight-decay=0.5", "0.bias", 1));
}
END_TEST

START_TEST(what_is_no_pattern_is_refused)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"adam:decay-only=", "decay-only is \"\"; it must be 1 to 47 letters"},
        {"adam:decay-only=a?", "decay-only is \"a?\""},
        {"sgd:decay-only=a(b", "decay-only is \"a(b\""},
        {"adam:decay-only=0123456789012345678901234567890123456789012345678",
         "it must be 1 to 47"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sluice_optimizer_choice choice;
        sluice_diag why = {.text = ""};
        ck_assert_int_eq(sluice_optimizer_parse(cases[i].text, &choice, &why),
                         SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, cases[i].says) != NULL, "%s", why.text);
    }
}
END_TEST

START_TEST(all_and_some_cannot_decay)
{
    static const char *const kinds[] = {"adam", "adamw", "rmsprop"};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        char text[64];
        int n_states;
        double rate;
        sluice_optimizer_choice choice;
        sluice_diag why = {.text = ""};
        snprintf(text, sizeof text, "%s:decay-all,decay-only=*.bias", kinds[k]);
        ck_assert(!sluice_optimizer_parse(text, &choice, NULL));
        ck_assert_int_eq(
            choice.ops->infer(choice.config.bytes, &n_states, &rate, &why),
            SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, "give one of them") != NULL, "%s",
                      why.text);
    }
}
END_TEST

SLUICE_TEST_MAIN("nn.decay", patterns_name_the_tensors_that_decay,
                 without_a_pattern_dimensions_decide,
                 what_is_no_pattern_is_refused, all_and_some_cannot_decay)
