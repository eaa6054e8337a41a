/* store_share: the schema of shared accounts. Thread: any. */
#ifndef KYC_LEDGER_POSTGRES_STORE_SHARE_H
#define KYC_LEDGER_POSTGRES_STORE_SHARE_H

#define STORE_SHARE_SCHEMA "kyc_shared"

/* Statements that create it, each without parameters; NULL-terminated. */
extern const char *const store_share_schema[];

#endif
