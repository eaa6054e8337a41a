/* forget_receipt: what `forget` prints: which customers were erased, and what may still have them.
 *
 * Thread: the main one. Owner: forget_receipt_clear frees the lists; items are the caller's.
 */
#ifndef KYC_CMD_FORGET_RECEIPT_H
#define KYC_CMD_FORGET_RECEIPT_H

#include "core/buffer.h"
#include "ledger/ledger_backup.h"
#include "ledger/ledger_erase.h"
#include "model/job.h"
#include "provider/provider.h"

struct forget_receipt {
    struct ledger *ledger; /* borrowed, as the next */
    const struct ledger_erasure *items;
    size_t count;
    uint64_t at_ns; /* real ns */
    char head[LEDGER_HEAD_SIZE];
    struct forget_receipt_file {
        char *path;
        bool is_removed; /* else written anew */
    } * files;
    size_t file_count;
    struct forget_receipt_backup {
        char *path;
        uint64_t at_ns;
        bool is_there;
    } * backups;
    size_t backup_count;
};

void forget_receipt_add_file(struct forget_receipt *receipt, const char *path, bool is_removed);
void forget_receipt_add_backup(struct forget_receipt *receipt, const struct ledger_backup *backup);
void forget_receipt_clear(struct forget_receipt *receipt);

/* 0: every customer is erased; 1: one is not, or the ledger did not have it. */
int forget_receipt_status(const struct forget_receipt *receipt);

void forget_receipt_write_text(const struct forget_receipt *receipt, const struct job *job,
                               const struct provider *provider, struct buffer *out);
void forget_receipt_write_json(const struct forget_receipt *receipt, const struct job *job,
                               const struct provider *provider, struct buffer *out);

#endif
