/* send_documents: reads the export as a run does, and sends the documents of customers that have a user.
 *
 * A document is journalled by a digest of what it is (provider/document_list.h), and sent once: again only
 * when the answer was lost, or when it changed. What the provider refused is not sent again while it is the
 * same. Records that a run would reject or skip are passed over, and so are customers without a user: a run
 * creates it first. Threads: those of a run; the calling one is the ledger's.
 */
#ifndef KYC_PIPELINE_SEND_DOCUMENTS_H
#define KYC_PIPELINE_SEND_DOCUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "dispatch/user_task.h"
#include "pipeline/job_series.h"

enum { SEND_DOCUMENTS_FAULTS_MAX = 16 };

struct send_documents_settings {
    struct job_series *series; /* open; its job has its secrets, which are forgotten at the end */
    uint64_t limit;            /* records; 0: all */
    bool retry_refused;
};

/* Documents that cannot be sent, by the reason. */
struct send_documents_fault {
    const char *text; /* behind "a document ", constant; NULL: no more */
    uint64_t count;
    uint64_t row; /* of the first, in its input */
};

struct send_documents_counts {
    uint64_t read, rejected, without_user; /* records; without_user: of those with documents */
    struct user_task_counts documents;     /* done: sent */
    uint64_t unchanged;                    /* the provider has them */
    uint64_t refused_before;
    struct send_documents_fault faults[SEND_DOCUMENTS_FAULTS_MAX];
    uint64_t requests;
    uint64_t started_ns; /* real ns */
};

/* 0, or -1 with an error (of the input, the job, or as of requests_run); then too the counts cover what was
 * done. */
int send_documents(const struct send_documents_settings *settings, struct send_documents_counts *counts,
                   struct error *error);

#endif
