/* store_share_schema: the tables and functions of the schema kyc_shared: the rules of model/rate_share.h, as
 * delivery/share_table.c has them for one machine. tests/unit/dispatch/test_share_equal.c compares the two.
 *
 * Each function gets the time; no other clock is read. A limit's row in `rate`, and then the rows of keys in
 * the order of their ids, are locked before anything else is read, so that calls of one account follow one
 * another. A time that is late because of that wait is on the safe side: leases end earlier, and ghosts were
 * given up before they were reported. */
#include <stddef.h>

#include "ledger/postgres/store_share.h"

const char *const store_share_schema[] = {
    "CREATE SCHEMA IF NOT EXISTS " STORE_SHARE_SCHEMA,
    "CREATE TABLE protocol(version integer NOT NULL)",
    "INSERT INTO protocol VALUES (1)",
    "CREATE TABLE rate(name text COLLATE \"C\" PRIMARY KEY, window_ms bigint NOT NULL,"
    " open_at timestamptz NOT NULL, held_until timestamptz NOT NULL, throttles bigint NOT NULL,"
    " may_throttle_at timestamptz NOT NULL) WITH (fillfactor = 10)",
    "CREATE TABLE rate_share(name text COLLATE \"C\", holder text COLLATE \"C\", total bigint NOT NULL,"
    " granted bigint NOT NULL, until timestamptz NOT NULL, PRIMARY KEY (name, holder))"
    " WITH (fillfactor = 10)",
    "CREATE TABLE rate_ghost(name text COLLATE \"C\" NOT NULL, count bigint NOT NULL,"
    " free_at timestamptz NOT NULL)",
    /* holder: NULL: nobody; '': one that this table does not know, because rows may have been lost. */
    "CREATE TABLE key_lease(key_id text COLLATE \"C\" PRIMARY KEY, holder text COLLATE \"C\","
    " floor numeric(20) NOT NULL, until timestamptz NOT NULL) WITH (fillfactor = 10)",
    "CREATE TABLE key_want(key_id text COLLATE \"C\", holder text COLLATE \"C\", until timestamptz NOT NULL,"
    " PRIMARY KEY (key_id, holder)) WITH (fillfactor = 10)",
    "CREATE FUNCTION share_renew(t timestamptz, p_name text, p_holder text, p_total bigint, p_window_ms bigint,"
    " p_margin_ms bigint, p_ttl_ms bigint, p_using bigint, p_hold_ms bigint, p_throttled boolean,"
    " OUT other bigint, OUT granted bigint, OUT hold_ms bigint, OUT throttles bigint) LANGUAGE plpgsql AS $$ "
    "DECLARE l rate; blocked interval := (p_window_ms + p_margin_ms) * interval '1 ms';"
    " ttl interval := p_ttl_ms * interval '1 ms'; ended interval; mine bigint; total bigint; others bigint;"
    " holders bigint; place bigint; ghosts bigint; fair bigint; "
    "BEGIN "
    "other := 0; "
    "INSERT INTO rate VALUES (p_name, p_window_ms, t + ttl + blocked, '-infinity', 0, '-infinity')"
    " ON CONFLICT (name) DO NOTHING; "
    "SELECT * INTO l FROM rate WHERE name = p_name FOR UPDATE;"
    " ended := (greatest(l.window_ms, p_window_ms) + p_margin_ms) * interval '1 ms'; "
    "INSERT INTO rate_ghost SELECT s.name, s.granted, s.until + ended FROM rate_share s"
    " WHERE s.name = p_name AND s.until < t AND s.granted > 0; "
    "DELETE FROM rate_share s WHERE s.name = p_name AND s.until < t; "
    "DELETE FROM rate_ghost g WHERE g.name = p_name AND g.free_at <= t; "
    "IF l.window_ms <> p_window_ms THEN "
    "IF EXISTS (SELECT FROM rate_share s WHERE s.name = p_name)"
    " OR EXISTS (SELECT FROM rate_ghost g WHERE g.name = p_name) THEN "
    "other := l.window_ms; granted := 0; hold_ms := 0; throttles := 0; RETURN; "
    "END IF; "
    "UPDATE rate r SET window_ms = p_window_ms WHERE r.name = p_name; "
    "END IF; "
    "SELECT s.granted INTO mine FROM rate_share s WHERE s.name = p_name AND s.holder = p_holder;"
    " mine := coalesce(mine, 0); "
    "IF p_using < mine THEN INSERT INTO rate_ghost VALUES (p_name, mine - p_using, t + blocked); END IF;"
    " mine := p_using; "
    "INSERT INTO rate_share AS s VALUES (p_name, p_holder, p_total, mine, t + ttl)"
    " ON CONFLICT (name, holder) DO UPDATE"
    " SET total = excluded.total, granted = excluded.granted, until = excluded.until; "
    "SELECT count(*), sum(s.granted) - mine, count(*) FILTER (WHERE s.holder < p_holder COLLATE \"C\"),"
    " min(s.total) INTO holders, others, place, total FROM rate_share s WHERE s.name = p_name; "
    "SELECT coalesce(sum(g.count), 0) INTO ghosts FROM rate_ghost g WHERE g.name = p_name;"
    " fair := total / holders + CASE WHEN place < total % holders THEN 1 ELSE 0 END; "
    "IF mine >= fair THEN granted := fair; "
    "ELSIF t < l.open_at THEN granted := mine; "
    "ELSE granted := mine + greatest(0, least(fair - mine, total - others - mine - ghosts)); END IF; "
    "UPDATE rate_share s SET granted = greatest(mine, share_renew.granted)"
    " WHERE s.name = p_name AND s.holder = p_holder; "
    "IF p_hold_ms > 0 THEN l.held_until := greatest(l.held_until, t + p_hold_ms * interval '1 ms'); END IF; "
    "IF p_throttled AND t >= l.may_throttle_at THEN "
    "l.throttles := l.throttles + 1; l.may_throttle_at := greatest(t, l.held_until) + interval '1 s'; "
    "END IF; "
    "IF p_hold_ms > 0 OR p_throttled THEN "
    "UPDATE rate r SET held_until = l.held_until, throttles = l.throttles, may_throttle_at = l.may_throttle_at"
    " WHERE r.name = p_name; "
    "END IF;"
    " hold_ms := CASE WHEN l.held_until > t THEN ceil(extract(epoch FROM l.held_until - t) * 1000) ELSE 0 END;"
    " throttles := l.throttles; "
    "END $$",
    "CREATE FUNCTION share_keys(t timestamptz, p_holder text, p_keys text[], p_held text[],"
    " p_floors numeric[], p_ttl_ms bigint, p_margin_ms bigint)"
    " RETURNS TABLE(key_id text, floor numeric, keep boolean) LANGUAGE plpgsql AS $$ "
    "DECLARE ttl interval := p_ttl_ms * interval '1 ms'; k record; mine bigint; holders bigint; fair bigint; "
    "BEGIN "
    "INSERT INTO key_lease SELECT x, '', 0, t + ttl FROM unnest(p_keys) x ORDER BY x ON CONFLICT DO NOTHING; "
    "PERFORM 1 FROM key_lease l WHERE l.key_id = ANY(p_keys) ORDER BY l.key_id FOR UPDATE; "
    "UPDATE key_lease l SET floor = greatest(l.floor, h.f) FROM unnest(p_held, p_floors) AS h(id, f)"
    " WHERE l.key_id = h.id; "
    "UPDATE key_lease l SET holder = p_holder, until = t + ttl"
    " WHERE l.key_id = ANY(p_held) AND l.holder IN (p_holder, ''); "
    "UPDATE key_lease l SET holder = NULL WHERE l.key_id = ANY(p_keys) AND l.holder = p_holder"
    " AND NOT l.key_id = ANY(p_held); "
    "UPDATE key_lease l SET holder = NULL WHERE l.key_id = ANY(p_keys) AND l.holder IS NOT NULL"
    " AND l.until + p_margin_ms * interval '1 ms' < t; "
    "DELETE FROM key_want w WHERE w.key_id = ANY(p_keys) AND w.until < t; "
    "INSERT INTO key_want SELECT x, p_holder, t + ttl FROM unnest(p_keys) x ORDER BY x"
    " ON CONFLICT ON CONSTRAINT key_want_pkey DO UPDATE SET until = excluded.until; "
    "SELECT count(DISTINCT w.holder) INTO holders FROM key_want w WHERE w.key_id = ANY(p_keys);"
    " fair := ceil(cardinality(p_keys)::numeric / holders); "
    "SELECT count(*) INTO mine FROM key_lease l WHERE l.key_id = ANY(p_keys) AND l.holder = p_holder; "
    "FOR k IN SELECT l.key_id AS id FROM key_lease l WHERE l.key_id = ANY(p_keys) AND l.holder IS NULL"
    " ORDER BY l.key_id LOOP "
    "EXIT WHEN mine >= fair; "
    "UPDATE key_lease l SET holder = p_holder, until = t + ttl WHERE l.key_id = k.id;"
    " mine := mine + 1; "
    "END LOOP; "
    "RETURN QUERY SELECT l.key_id, l.floor, row_number() OVER (ORDER BY l.key_id) <= fair FROM key_lease l"
    " WHERE l.key_id = ANY(p_keys) AND l.holder = p_holder ORDER BY l.key_id; "
    "END $$",
    "CREATE FUNCTION share_leave(t timestamptz, p_name text, p_holder text, p_window_ms bigint,"
    " p_margin_ms bigint, p_held text[], p_floors numeric[]) RETURNS void LANGUAGE plpgsql AS $$ "
    "BEGIN "
    "PERFORM 1 FROM rate WHERE name = p_name FOR UPDATE; "
    "INSERT INTO rate_ghost SELECT s.name, s.granted,"
    " least(s.until, t) + (p_window_ms + p_margin_ms) * interval '1 ms'"
    " FROM rate_share s WHERE s.name = p_name AND s.holder = p_holder AND s.granted > 0; "
    "DELETE FROM rate_share s WHERE s.name = p_name AND s.holder = p_holder; "
    "PERFORM 1 FROM key_lease l WHERE l.holder = p_holder OR l.key_id = ANY(p_held) ORDER BY l.key_id"
    " FOR UPDATE; "
    "UPDATE key_lease l SET floor = greatest(l.floor, h.f) FROM unnest(p_held, p_floors) AS h(id, f)"
    " WHERE l.key_id = h.id; "
    "UPDATE key_lease l SET holder = NULL WHERE l.holder = p_holder; "
    "DELETE FROM key_want w WHERE w.holder = p_holder; "
    "END $$",
    NULL,
};
