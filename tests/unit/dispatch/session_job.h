/* session_job: a job with keys that no other process uses, for tests of what a session is made of.
 *
 * Header-only, so that a test is one source.
 */
#ifndef KYC_TESTS_SESSION_JOB_H
#define KYC_TESTS_SESSION_JOB_H

#include "unit/job/job_text.h"

#include "core/buffer.h"
#include "core/digest.h"
#include "delivery/key_lock.h"
#include "delivery/sender.h"

enum { SESSION_JOB_KEYS = 2 };

static char session_job_keys[SESSION_JOB_KEYS][32];

/* New keys: test runs side by side must not hold each other's locks. */
static inline void session_job_make_keys(void)
{
    for (int i = 0; i < SESSION_JOB_KEYS; i++) {
        uint64_t random;
        digest_random(&random, sizeof random);
        snprintf(session_job_keys[i], sizeof session_job_keys[i], "FAKE-%016llx", (unsigned long long)random);
    }
}

/* A job that is read takes them out of the environment. */
static inline void session_job_set_keys(void)
{
    setenv("SESSION_SECRET", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", 1);
    for (int i = 0; i < SESSION_JOB_KEYS; i++) {
        char name[32];
        snprintf(name, sizeof name, "SESSION_KEY_%d", i);
        setenv(name, session_job_keys[i], 1);
    }
}

/* A job for payward at a port of this machine. delivery: the job's section. */
static inline struct job *session_job_load(unsigned port, size_t keys, const char *delivery)
{
    const struct job_overrides overrides = {.secrets = true};
    struct buffer text;
    struct error error;

    buffer_init(&text, 4096);
    buffer_printf(
        &text,
        JOB_HEAD JOB_INPUT JOB_FIELDS
        "delivery: {%s}\nprovider: {name: payward, base_url: \"http://127.0.0.1:%u\", credentials: [",
        delivery, port);
    for (size_t i = 0; i < keys; i++)
        buffer_printf(&text, "%s{api_key: env:SESSION_KEY_%zu, api_secret: env:SESSION_SECRET}",
                      i ? ", " : "", i);
    buffer_append_text(&text, "]}\n");
    session_job_set_keys();
    struct job *job = job_text_load_with(text.data, &overrides, &error);
    if (!job)
        fail_msg("%s", error.text);
    buffer_clear(&text);
    return job;
}

/* Removes the lock files of its keys. */
static inline void session_job_drop_locks(const struct sender *sender)
{
    for (size_t i = 0; i < sender_key_slot_count(sender); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/kyc-import-%s.lock",
                 key_lock_folder(&(struct job){.name = NULL}, NULL), sender_key_slot_id(sender, i));
        unlink(path);
    }
}

#endif
