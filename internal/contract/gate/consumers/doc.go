// Package consumers holds the test that every consumer of the catalog takes every released example of the types that it subscribes to.
package consumers
