// Package e2e tests orderflow from the HTTP request to the mail, on a real deploy on this machine with IAM enforced.
//
// One deploy serves all tests; each uses orders of its own. What a test sees,
// it sees from outside: the API, the tables, the bus, the provider's ledger, the mails.
package e2e
