/* job_text: a job file for a test, from text. */
#ifndef KYC_TESTS_UNIT_JOB_JOB_TEXT_H
#define KYC_TESTS_UNIT_JOB_JOB_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/text.h"
#include "job/job_load.h"

#define JOB_HEAD  "job: nightly\n"
#define JOB_INPUT "input: {path: in.csv}\n"
#define JOB_PROVIDER                                                                                         \
    "provider: {name: payward, credentials: {api_key: env:A_KEY, api_secret: env:A_SECRET}}\n"
#define JOB_FIELDS "fields: {external_id: id}\n"
#define JOB_WHOLE  JOB_HEAD JOB_INPUT JOB_PROVIDER JOB_FIELDS

static char job_text_path[] = "/tmp/kyc-job-XXXXXX";

static inline int job_text_setup(void **state)
{
    (void)state;
    int fd = mkstemp(job_text_path);
    return fd < 0 || close(fd) != 0;
}

static inline int job_text_teardown(void **state)
{
    (void)state;
    return unlink(job_text_path);
}

static inline struct job *job_text_load_with(const char *text, const struct job_overrides *overrides,
                                             struct error *error)
{
    FILE *file = fopen(job_text_path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    *error = (struct error){0};
    return job_load(job_text_path, overrides, error);
}

/* The job of a text that must be right. */
static inline struct job *job_text_load(const char *text)
{
    struct job_overrides overrides = {0};
    struct error error;
    struct job *job = job_text_load_with(text, &overrides, &error);
    if (!job)
        fail_msg("refused: %s", error.text);
    return job;
}

/* The error of a text that must be refused, the file's name taken off: `3:5: unknown key …`. Valid until the
 * next call.
 */
static inline const char *job_text_refuse_with(const char *text, const struct job_overrides *overrides)
{
    static struct error error;
    struct job *job = job_text_load_with(text, overrides, &error);
    if (job) {
        job_free(job);
        fail_msg("not refused:\n%s", text);
    }
    assert_int_equal(error.scope, ERROR_USAGE);
    size_t len = strlen(job_text_path);
    return strncmp(error.text, job_text_path, len) == 0 && error.text[len] == ':' ? error.text + len + 1
                                                                                  : error.text;
}

static inline const char *job_text_refuse(const char *text)
{
    struct job_overrides overrides = {0};
    return job_text_refuse_with(text, &overrides);
}

/* True when got begins with the fact of want, and its hint with the hint of want, if want has one. */
static inline bool job_text_matches(const char *got, const char *want)
{
    size_t fact_len = text_find_hint(slice_from(want));
    const char *hint = want + fact_len;
    return strncmp(got, want, fact_len) == 0 &&
           strncmp(got + text_find_hint(slice_from(got)), hint, strlen(hint)) == 0;
}

/* {sentence, text, what the error begins with}: each text is refused so. */
struct job_text_case {
    const char *sentence, *text, *want;
};

static inline void job_text_check_refused(const struct job_text_case *cases, size_t count)
{
    for (size_t index = 0; index < count; index++) {
        const char *got = job_text_refuse(cases[index].text);
        if (!job_text_matches(got, cases[index].want))
            fail_msg("%s\n  want %s\n  got  %s", cases[index].sentence, cases[index].want, got);
    }
}

#define JOB_TEXT_CHECK_REFUSED(cases) job_text_check_refused(cases, sizeof(cases) / sizeof(cases)[0])

#endif
