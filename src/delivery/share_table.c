#include "delivery/share_table.h"

#include <stdio.h>
#include <string.h>

#include "core/clock.h"

#define KEY_MARGIN_NS (RATE_SHARE_KEY_MARGIN_MS * CLOCK_NS_PER_MS)

void share_table_init(struct share_table *table)
{
    *table = (struct share_table){0};
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t blocked_ns(const struct rate_share_limit *limit)
{
    return limit->window_ns + limit->margin_ns;
}

/* Holders. */

static bool is_named(const char *name, const char *other)
{
    return strcmp(name, other) == 0;
}

/* The row of a holder, made when missing; NULL: the table is full. */
static struct share_table_holder *ensure_holder(struct share_table *table, const char *name)
{
    struct share_table_holder *free_row = NULL;
    for (size_t i = SHARE_TABLE_HOLDERS_MAX; i-- > 0;) {
        struct share_table_holder *row = &table->holders[i];
        if (is_named(row->name, name))
            return row;
        if (!row->name[0])
            free_row = row;
    }
    if (free_row)
        snprintf(free_row->name, sizeof free_row->name, "%s", name);
    return free_row;
}

static void end_wishes(struct share_table *table, size_t holder)
{
    table->holders[holder].wants_until_ns = 0;
    for (size_t i = 0; i < SHARE_TABLE_KEYS_MAX; i++)
        table->keys[i].wanted_by &= ~(UINT64_C(1) << holder);
}

static void free_row_if_unused(struct share_table_holder *row)
{
    if (row->until_ns == 0 && row->wants_until_ns == 0)
        *row = (struct share_table_holder){0};
}

/* Ghosts. */

/* A full list joins it with the one that ends last: that is stricter. */
static void add_ghost(struct share_table *table, uint32_t count, uint64_t free_ns)
{
    struct share_table_ghost *last = &table->ghosts[0];

    if (count == 0)
        return;
    if (table->ghost_count < SHARE_TABLE_GHOSTS_MAX) {
        table->ghosts[table->ghost_count++] = (struct share_table_ghost){count, free_ns};
        return;
    }
    for (size_t i = 1; i < SHARE_TABLE_GHOSTS_MAX; i++)
        if (table->ghosts[i].free_ns > last->free_ns)
            last = &table->ghosts[i];
    last->count += count;
    last->free_ns = later(last->free_ns, free_ns);
}

static int64_t sum_ghosts(const struct share_table *table)
{
    int64_t sum = 0;
    for (size_t i = 0; i < table->ghost_count; i++)
        sum += table->ghosts[i].count;
    return sum;
}

static void end_share(struct share_table *table, struct share_table_holder *row, uint64_t free_ns)
{
    add_ghost(table, row->granted, free_ns);
    row->total = row->granted = 0;
    row->until_ns = 0;
}

static void expire_shares(struct share_table *table, uint64_t now_ns, const struct rate_share_limit *limit)
{
    uint64_t blocked = later(table->window_ns, limit->window_ns) + limit->margin_ns;

    for (size_t i = 0; i < SHARE_TABLE_HOLDERS_MAX; i++) {
        struct share_table_holder *row = &table->holders[i];
        if (row->until_ns > 0 && row->until_ns < now_ns)
            end_share(table, row, row->until_ns + blocked);
        free_row_if_unused(row);
    }
    for (size_t i = 0; i < table->ghost_count;)
        if (table->ghosts[i].free_ns <= now_ns)
            table->ghosts[i] = table->ghosts[--table->ghost_count];
        else
            i++;
}

static void expire_wishes(struct share_table *table, uint64_t now_ns)
{
    for (size_t i = 0; i < SHARE_TABLE_HOLDERS_MAX; i++) {
        if (table->holders[i].wants_until_ns > 0 && table->holders[i].wants_until_ns < now_ns)
            end_wishes(table, i);
        free_row_if_unused(&table->holders[i]);
    }
}

/* The rate. */

static bool has_shares(const struct share_table *table)
{
    for (size_t i = 0; i < SHARE_TABLE_HOLDERS_MAX; i++)
        if (table->holders[i].until_ns > 0)
            return true;
    return table->ghost_count > 0;
}

/* False: other jobs use another window. */
static bool set_window(struct share_table *table, uint64_t now_ns, const struct rate_share_limit *limit)
{
    if (table->window_ns == 0)
        table->open_ns = now_ns + limit->ttl_ns + blocked_ns(limit);
    if (table->window_ns != limit->window_ns && has_shares(table))
        return false;
    table->window_ns = limit->window_ns;
    return true;
}

/* What of the rate a holder gets, of which it uses `mine`. *rate: the lowest of all. */
static uint32_t grant(const struct share_table *table, uint64_t now_ns, const char *holder, uint32_t mine,
                      uint32_t *rate)
{
    int64_t total = INT64_MAX, holders = 0, place = 0, others = -(int64_t)mine;
    for (size_t i = 0; i < SHARE_TABLE_HOLDERS_MAX; i++) {
        const struct share_table_holder *row = &table->holders[i];
        if (row->until_ns == 0)
            continue;
        holders++;
        place += strcmp(row->name, holder) < 0;
        others += row->granted;
        total = row->total < total ? row->total : total;
    }
    *rate = (uint32_t)total;
    int64_t fair = total / holders + (place < total % holders);
    if (mine >= fair)
        return (uint32_t)fair;
    if (now_ns < table->open_ns)
        return mine;
    int64_t unused = total - others - mine - sum_ghosts(table), more = fair - mine;
    more = unused < more ? unused : more;
    return more > 0 ? mine + (uint32_t)more : mine;
}

static void report_throttling(struct share_table *table, uint64_t now_ns,
                              const struct rate_share_report *report)
{
    if (report->hold_ns > 0)
        table->held_until_ns = later(table->held_until_ns, now_ns + report->hold_ns);
    if (report->is_throttled && now_ns >= table->may_throttle_ns) {
        table->throttles++;
        table->may_throttle_ns = later(now_ns, table->held_until_ns) + CLOCK_NS_PER_S;
    }
}

bool share_table_renew(struct share_table *table, uint64_t now_ns, const char *holder,
                       const struct rate_share_limit *limit, const struct rate_share_report *report,
                       struct rate_share_answer *answer, uint64_t *window_ns)
{
    uint64_t blocked = blocked_ns(limit);

    *answer = (struct rate_share_answer){.total = limit->count};
    expire_shares(table, now_ns, limit);
    expire_wishes(table, now_ns);
    if (!set_window(table, now_ns, limit)) {
        *window_ns = table->window_ns;
        return false;
    }
    struct share_table_holder *row = ensure_holder(table, holder);
    if (row) {
        uint32_t mine =
            report->using_count; /* more than was granted: its row was lost, and what it uses counts */
        if (mine < row->granted)
            add_ghost(table, row->granted - mine, now_ns + blocked);
        row->total = limit->count;
        row->granted = mine;
        row->until_ns = now_ns + limit->ttl_ns;
        answer->count = grant(table, now_ns, holder, mine, &answer->total);
        row->granted = mine > answer->count ? mine : answer->count;
    }
    report_throttling(table, now_ns, report);
    answer->hold_ns = table->held_until_ns > now_ns ? table->held_until_ns - now_ns : 0;
    answer->throttles = table->throttles;
    return true;
}

/* Keys. */

static bool is_lease_over(const struct share_table_key *key, uint64_t now_ns)
{
    return key->until_ns + KEY_MARGIN_NS < now_ns;
}

/* A row that nobody needs; the one whose nonces are the oldest, if all are in use. NULL: none. */
static struct share_table_key *find_free_key(struct share_table *table, uint64_t now_ns)
{
    struct share_table_key *best = NULL;
    for (size_t i = 0; i < SHARE_TABLE_KEYS_MAX; i++) {
        struct share_table_key *key = &table->keys[i];
        if (!key->key_id[0])
            return key;
        bool is_held = (key->holder[0] || key->may_be_held) && !is_lease_over(key, now_ns);
        if (!is_held && !key->wanted_by && (!best || key->floor < best->floor))
            best = key;
    }
    return best;
}

static struct share_table_key *find_key(struct share_table *table, const char *key_id)
{
    for (size_t i = 0; i < SHARE_TABLE_KEYS_MAX; i++)
        if (is_named(table->keys[i].key_id, key_id))
            return &table->keys[i];
    return NULL;
}

static void ensure_key(struct share_table *table, const char *key_id, uint64_t now_ns, uint64_t until_ns)
{
    if (find_key(table, key_id))
        return;
    struct share_table_key *key = find_free_key(table, now_ns);
    if (!key)
        return;
    *key = (struct share_table_key){.may_be_held = true, .until_ns = until_ns};
    snprintf(key->key_id, sizeof key->key_id, "%s", key_id);
}

static const struct key_share_report *find_held(const struct key_share_report *held, size_t held_count,
                                                const char *key_id)
{
    for (size_t i = 0; i < held_count; i++)
        if (is_named(held[i].key_id, key_id))
            return &held[i];
    return NULL;
}

static void release_key(struct share_table_key *key)
{
    key->holder[0] = '\0';
    key->may_be_held = false;
}

static void hold_key(struct share_table_key *key, const char *holder, uint64_t until_ns)
{
    snprintf(key->holder, sizeof key->holder, "%s", holder);
    key->may_be_held = false;
    key->until_ns = until_ns;
}

/* What the holder reports of one key. */
static void renew_key(struct share_table_key *key, const char *holder, const struct key_share_report *report,
                      uint64_t now_ns, uint64_t until_ns)
{
    bool is_mine = is_named(key->holder, holder), was_lost = key->may_be_held && !key->holder[0];

    if (report)
        key->floor = later(key->floor, report->floor);
    if (report && (is_mine || was_lost))
        hold_key(key, holder, until_ns);
    else if (is_mine || is_lease_over(key, now_ns))
        release_key(key);
}

/* What each of those that want some of these keys gets. */
static size_t fair_count(struct share_table_key *const *rows, size_t count)
{
    uint64_t wanting = 0;
    for (size_t i = 0; i < count; i++)
        wanting |= rows[i]->wanted_by;
    size_t holders = (size_t)__builtin_popcountll(wanting);
    return (count + holders - 1) / holders;
}

size_t share_table_keys(struct share_table *table, uint64_t now_ns, const char *holder,
                        const struct rate_share_limit *limit, const char *const *keys, size_t key_count,
                        const struct key_share_report *held, size_t held_count,
                        struct key_share_answer *answers)
{
    struct share_table_key *rows[SHARE_TABLE_KEYS_MAX];
    uint64_t until_ns = now_ns + limit->ttl_ns;
    size_t count = 0, mine = 0;

    expire_shares(table, now_ns, limit); /* for the places: the rate is renewed once there is a key */
    expire_wishes(table, now_ns);
    if (table->window_ns == 0)
        set_window(table, now_ns, limit);
    struct share_table_holder *wanting = ensure_holder(table, holder);
    if (!wanting)
        return 0;
    wanting->wants_until_ns = until_ns;
    for (size_t i = 0; i < key_count; i++)
        ensure_key(table, keys[i], now_ns, until_ns);
    for (size_t i = 0; i < key_count; i++) {
        struct share_table_key *key = find_key(table, keys[i]);
        if (!key)
            continue;
        renew_key(key, holder, find_held(held, held_count, keys[i]), now_ns, until_ns);
        key->wanted_by |= UINT64_C(1) << (wanting - table->holders);
        mine += is_named(key->holder, holder);
        rows[count++] = key;
    }
    if (count == 0)
        return 0;
    size_t fair = fair_count(rows, count), answer_count = 0;
    for (size_t i = 0; i < count && mine < fair; i++)
        if (!rows[i]->holder[0] && !rows[i]->may_be_held) {
            hold_key(rows[i], holder, until_ns);
            mine++;
        }
    for (size_t i = 0; i < count; i++) {
        if (!is_named(rows[i]->holder, holder))
            continue;
        struct key_share_answer *answer = &answers[answer_count];
        *answer = (struct key_share_answer){.floor = rows[i]->floor, .keep = answer_count < fair};
        snprintf(answer->key_id, sizeof answer->key_id, "%s", rows[i]->key_id);
        answer_count++;
    }
    return answer_count;
}

static bool has_holder(const struct share_table *table, const char *holder)
{
    for (size_t i = 0; i < SHARE_TABLE_HOLDERS_MAX; i++)
        if (is_named(table->holders[i].name, holder))
            return true;
    return false;
}

bool share_table_has(struct share_table *table, const char *holder, const char *const *keys, size_t key_count)
{
    for (size_t i = 0; i < key_count; i++)
        if (!find_key(table, keys[i]))
            return false;
    return has_holder(table, holder);
}

void share_table_leave(struct share_table *table, uint64_t now_ns, const char *holder,
                       const struct rate_share_limit *limit, const struct key_share_report *held,
                       size_t held_count)
{
    for (size_t i = 0; i < SHARE_TABLE_KEYS_MAX; i++) {
        struct share_table_key *key = &table->keys[i];
        const struct key_share_report *report = find_held(held, held_count, key->key_id);
        if (key->key_id[0] && report)
            key->floor = later(key->floor, report->floor);
        if (is_named(key->holder, holder))
            release_key(key);
    }
    for (size_t i = 0; i < SHARE_TABLE_HOLDERS_MAX; i++) {
        struct share_table_holder *row = &table->holders[i];
        if (!is_named(row->name, holder))
            continue;
        end_share(table, row, (row->until_ns < now_ns ? row->until_ns : now_ns) + blocked_ns(limit));
        end_wishes(table, i);
        free_row_if_unused(row);
    }
}
