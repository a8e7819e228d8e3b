// Package recipes holds recipes for those who build on orderflow, and the tests that perform them.
package recipes
