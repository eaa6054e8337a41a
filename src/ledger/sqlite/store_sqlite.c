#include "ledger/sqlite/store_sqlite.h"

/* A file may be mended while the process lives: a disk that was full. */
bool store_sqlite_has_failed(const struct store *base)
{
    (void)base;
    return false;
}

/* The lease of a file is its lock, which ends with the process and not before. */
int64_t store_sqlite_epoch(const struct store *base)
{
    (void)base;
    return 0;
}

uint64_t store_sqlite_lease_from_ns(const struct store *base)
{
    (void)base;
    return 0;
}

const _Atomic uint64_t *store_sqlite_lease_until(const struct store *base)
{
    (void)base;
    return NULL;
}

/* A question costs less than to gather many. */
int store_sqlite_prefetch(struct store *base, const struct ledger_wanted *wanted, struct error *error)
{
    (void)base, (void)wanted, (void)error;
    return 0;
}

const struct store_ops store_sqlite_ops = {
    .exists = store_sqlite_exists,
    .check_place = store_sqlite_check_place,
    .open = store_sqlite_open,
    .lease = store_sqlite_lease,
    .close = store_sqlite_close,
    .location = store_sqlite_location,
    .key_location = store_sqlite_key_location,
    .has_failed = store_sqlite_has_failed,
    .fail = store_sqlite_fail_transaction,
    .epoch = store_sqlite_epoch,
    .lease_from_ns = store_sqlite_lease_from_ns,
    .lease_until = store_sqlite_lease_until,
    .find_holder = store_sqlite_find_holder,
    .create_tables = store_sqlite_create_tables,
    .begin = store_sqlite_begin,
    .prefetch = store_sqlite_prefetch,
    .commit = store_sqlite_commit,
    .begin_read = store_sqlite_begin_read,
    .end_read = store_sqlite_end_read,
    .read_customers = store_sqlite_read_customers,
    .find_key = store_sqlite_find_key,
    .find_owners = store_sqlite_find_owners,
    .last_customer = store_sqlite_last_customer,
    .last_named_customer = store_sqlite_last_named_customer,
    .insert_customer = store_sqlite_insert_customer,
    .update_customer = store_sqlite_update_customer,
    .scan = store_sqlite_scan,
    .each_user = store_sqlite_each_user,
    .each_identity = store_sqlite_each_identity,
    .each_customer = store_sqlite_each_customer,
    .each_result = store_sqlite_each_result,
    .each_group = store_sqlite_each_group,
    .check_complete = store_sqlite_check_complete,
    .reading = store_sqlite_reading,
    .reading_set = store_sqlite_reading_set,
    .reading_remove = store_sqlite_reading_remove,
    .reading_forget = store_sqlite_reading_forget,
    .next_reading = store_sqlite_next_reading,
    .verification_is_known = store_sqlite_verification_is_known,
    .count_verification = store_sqlite_count_verification,
    .read_task = store_sqlite_read_task,
    .find_task = store_sqlite_find_task,
    .last_task = store_sqlite_last_task,
    .insert_task = store_sqlite_insert_task,
    .update_task = store_sqlite_update_task,
    .each_task = store_sqlite_each_task,
    .next_task_of = store_sqlite_next_task_of,
    .append_event = store_sqlite_append_event,
    .set_chain = store_sqlite_set_chain,
    .last_event = store_sqlite_last_event,
    .has_head = store_sqlite_has_head,
    .remove_bodies = store_sqlite_remove_bodies,
    .each_erased = store_sqlite_each_erased,
    .compact = store_sqlite_compact,
    .insert_run = store_sqlite_insert_run,
    .update_run = store_sqlite_update_run,
    .last_run = store_sqlite_last_run,
    .last_complete_run = store_sqlite_last_complete_run,
    .has_run = store_sqlite_has_run,
    .meta = store_sqlite_meta,
    .meta_set = store_sqlite_meta_set,
    .nonce = store_sqlite_nonce,
    .nonce_set = store_sqlite_nonce_set,
    .each_nonce = store_sqlite_each_nonce,
    .note_backup = store_sqlite_note_backup,
    .each_backup = store_sqlite_each_backup,
    .open_copy = store_sqlite_open_copy,
    .copy = store_sqlite_copy,
    .beside = store_sqlite_beside,
    .mark_copy = store_sqlite_mark_copy,
    .create_at = store_sqlite_create_at,
    .put_row = store_sqlite_put_row,
    .each_meta = store_sqlite_each_meta,
    .each_reading = store_sqlite_each_reading,
    .draft_present = store_sqlite_draft_present,
    .draft_new = store_sqlite_draft_new,
    .draft_open = store_sqlite_draft_open,
    .draft_place = store_sqlite_draft_place,
    .draft_free = store_sqlite_draft_free,
    .each_row = store_sqlite_each_row,
    .open_view = store_sqlite_open_view,
    .check = store_sqlite_check,
};
