/* A model from a text that is right. */
#ifndef SL_TEST_SUPPORT_PARSE_MODEL_H
#define SL_TEST_SUPPORT_PARSE_MODEL_H

#include <check.h>

#include <sluice/model.h>

static inline sluice_model *sl_test_parse(const char *text)
{
    sluice_model *model = NULL;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_model_parse(text, NULL, &model, &why), "%s: %s", text,
                  why.text);
    return model;
}

#endif
