/* user_id: the form of a provider's id of a user. Thread: any; pure. */
#ifndef KYC_PROVIDER_USER_ID_H
#define KYC_PROVIDER_USER_ID_H

#include <stdbool.h>

#include "core/slice.h"
#include "model/outcome.h"

enum { USER_ID_MAX = OUTCOME_USER_ID_SIZE - 1 };

/* True for a well-formed user id: 1 to USER_ID_MAX letters, digits and `-_.:~+=@|`, with blanks
 * between them (kraken-embed writes ids in groups), and at least one letter or digit. Any other character
 * could leave its segment of the path behind a gateway that decodes it, or be interpreted by a spreadsheet or
 * a terminal. */
bool user_id_is_valid(struct slice id);

#endif
