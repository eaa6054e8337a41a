#include "ledger/postgres/store_postgres.h"

#include "ledger/postgres/store_postgres_ops.h"

const char *store_postgres_location(const struct store *base)
{
    const struct store_postgres *store = (const struct store_postgres *)base;
    return store->url.shown;
}

const char *store_postgres_key_location(const struct store *base)
{
    (void)base;
    return NULL;
}

bool store_postgres_has_failed(const struct store *base)
{
    const struct store_postgres *store = (const struct store_postgres *)base;
    return store->has_failed;
}

int64_t store_postgres_epoch(const struct store *base)
{
    const struct store_postgres *store = (const struct store_postgres *)base;
    return store->epoch;
}

uint64_t store_postgres_lease_from_ns(const struct store *base)
{
    const struct store_postgres *store = (const struct store_postgres *)base;
    return store->from_ns;
}

const _Atomic uint64_t *store_postgres_lease_until(const struct store *base)
{
    const struct store_postgres *store = (const struct store_postgres *)base;
    return store->epoch > 0 ? &store->until_ns : NULL;
}

const struct store_ops store_postgres_ops = {
    .exists = store_postgres_exists,
    .check_place = store_postgres_check_place,
    .describe_server = store_postgres_describe_server,
    .open = store_postgres_open,
    .lease = store_postgres_lease,
    .close = store_postgres_close,
    .create_tables = store_postgres_create_tables,
    .location = store_postgres_location,
    .key_location = store_postgres_key_location,
    .has_failed = store_postgres_has_failed,
    .fail = store_postgres_fail_transaction,
    .epoch = store_postgres_epoch,
    .lease_from_ns = store_postgres_lease_from_ns,
    .lease_until = store_postgres_lease_until,
    .find_holder = store_postgres_find_holder,
    .begin = store_postgres_begin,
    .prefetch = store_postgres_prefetch,
    .commit = store_postgres_commit,
    .begin_read = store_postgres_begin_read,
    .end_read = store_postgres_end_read,
    .read_customers = store_postgres_read_customers,
    .find_key = store_postgres_find_key,
    .find_owners = store_postgres_find_owners,
    .last_customer = store_postgres_last_customer,
    .last_named_customer = store_postgres_last_named_customer,
    .insert_customer = store_postgres_insert_customer,
    .update_customer = store_postgres_update_customer,
    .scan = store_postgres_scan,
    .each_user = store_postgres_each_user,
    .each_identity = store_postgres_each_identity,
    .each_customer = store_postgres_each_customer,
    .each_result = store_postgres_each_result,
    .each_group = store_postgres_each_group,
    .check_complete = store_postgres_check_complete,
    .reading = store_postgres_reading,
    .reading_set = store_postgres_reading_set,
    .reading_remove = store_postgres_reading_remove,
    .reading_forget = store_postgres_reading_forget,
    .next_reading = store_postgres_next_reading,
    .verification_is_known = store_postgres_verification_is_known,
    .count_verification = store_postgres_count_verification,
    .read_task = store_postgres_read_task,
    .find_task = store_postgres_find_task,
    .last_task = store_postgres_last_task,
    .insert_task = store_postgres_insert_task,
    .update_task = store_postgres_update_task,
    .each_task = store_postgres_each_task,
    .next_task_of = store_postgres_next_task_of,
    .append_event = store_postgres_append_event,
    .set_chain = store_postgres_set_chain,
    .last_event = store_postgres_last_event,
    .has_head = store_postgres_has_head,
    .each_erased = store_postgres_each_erased,
    .insert_run = store_postgres_insert_run,
    .update_run = store_postgres_update_run,
    .last_run = store_postgres_last_run,
    .last_complete_run = store_postgres_last_complete_run,
    .has_run = store_postgres_has_run,
    .meta = store_postgres_meta,
    .each_meta = store_postgres_each_meta,
    .meta_set = store_postgres_meta_set,
    .nonce = store_postgres_nonce,
    .nonce_set = store_postgres_nonce_set,
    .each_nonce = store_postgres_each_nonce,
    .each_reading = store_postgres_each_reading,
    .note_backup = store_postgres_note_backup,
    .each_backup = store_postgres_each_backup,
    .put_row = store_postgres_put_row,
    .draft_present = store_postgres_draft_present,
    .draft_new = store_postgres_draft_new,
    .draft_open = store_postgres_draft_open,
    .draft_place = store_postgres_draft_place,
    .draft_free = store_postgres_draft_free,
    .open_view = store_postgres_open_view,
    .check = store_postgres_check,
    .remove_bodies = store_postgres_remove_bodies,
    .compact = store_postgres_compact,
    .each_row = store_postgres_each_row,
};
