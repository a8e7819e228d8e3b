// Package seeds holds the test of the gate itself: mistakes, each alone in a scratch copy of the checkout, that it has to catch.
package seeds
