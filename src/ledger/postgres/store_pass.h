/* store_pass: passes over many rows: by COPY, which is fast, or by a cursor, which leaves the connection free
 * for questions in between.
 *
 * What waits for the commit is sent first, so that a pass sees it. Outside of a transaction a cursor has one
 * of its own, to be read only. Thread: the ledger's.
 */
#ifndef KYC_LEDGER_POSTGRES_STORE_PASS_H
#define KYC_LEDGER_POSTGRES_STORE_PASS_H

#include "ledger/postgres/store_postgres.h"

enum { STORE_PASS_COLUMNS_MAX = LEDGER_COLUMNS_MAX + 1 };

/* The rows of a query (a text with the marks of store_postgres_expand, without parameters). columns: their
 * bytes as PostgreSQL sends them, valid during the call; NULL is without data. each asks nothing of the
 * store, and returns false to end the pass: the rest is received all the same. 0, or -1. */
int store_pass_copy(struct store_postgres *store, const char *query,
                    bool (*each)(void *context, const struct slice *columns), void *context,
                    struct error *error);

/* The rows of a query with parameters. each may ask the store; it returns 1 to go on, 0 to end the pass, or
 * -1 with error. 0, or -1. */
int store_pass_cursor(struct store_postgres *store, const char *query,
                      const struct store_parameters *parameters,
                      int (*each)(void *context, const PGresult *rows, int row, struct error *error),
                      void *context, struct error *error);

#endif
