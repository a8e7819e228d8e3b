// Package sagatest executes the saga's state machine path by path in its tests, and reads a machine and the history of an execution of it for them.
//
// A machine is read strictly: a field that this package does not know is an error, so that
// nothing in the definition escapes the count of what the tests have taken.
package sagatest
