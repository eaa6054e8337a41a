/* control: the sandbox's own paths below /_sandbox: counters, users, faults. Faults do not affect them.
 *
 *   GET  /_sandbox                {"payward":{"users":N,"duplicates":N,"links":N,"documents":N,"states":{…},
 * …}} GET  /_sandbox/users/NAME     the users of an API, one JSON object a line:
 *                                 {"external_id","id","email","creates","updates","state","links",
 *                                 "documents","body"}
 *   POST /_sandbox/faults         replaces all faults: one KIND:SHARE[@OPERATION] a line; 400: one is wrong
 *   POST /_sandbox/reset          sets the counters to zero; users and nonces stay
 *   POST /_sandbox/remove         the provider does not have the user any more whose id is the body
 *   POST /_sandbox/verification?api=NAME&user=ID&state=STATE
 *                                 sets a user's state, in standing_word's words, or deletes it: `deleted`
 *   POST /_sandbox/later          users are decided as if the time in the body had passed; 400: it is none
 *   POST /_sandbox/visit          somebody visits the link in the body, and does what it asks for
 *   POST /_sandbox/revoke-tokens  ends all logins
 *   POST /_sandbox/revoke-keys    refuses every API key of every API, until:
 *   POST /_sandbox/restore-keys
 *   POST /_sandbox/verify/ID      marks the user as verified: kira then refuses updates of it
 *   anything else                 404
 *
 * Thread: any; takes the server state's lock.
 */
#ifndef KYC_SANDBOX_CONTROL_H
#define KYC_SANDBOX_CONTROL_H

struct exchange;

void control_answer(struct exchange *exchange);

#endif
